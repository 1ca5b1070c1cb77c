-- Who did what, and who is here.
alter table events add column person text;

comment on column events.person is 'Who did it, in their own words, 1 to 100 characters; null for lb502 itself, or where nobody said.';

-- The timeline of an investigation: its events without the progress of its runs.
create index events_timeline on events (investigation, id)
    where kind ->> 'kind' not in ('step_started', 'step_ended', 'observation_started', 'observation_ended');

-- What happened is never rewritten. Only an investigation that goes as a whole takes its events with it: then the
-- deletion comes from the foreign key's own trigger, one deeper.
create function events_are_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and pg_trigger_depth() > 1 then
        return old;
    end if;
    raise exception 'events are only ever appended' using errcode = 'restrict_violation';
end
$$;

create trigger events_are_append_only before update or delete on events
    for each row execute function events_are_append_only();

create table viewers (
    stream uuid primary key,
    investigation uuid not null references investigations (id) on delete cascade,
    process bigint not null,
    person text,
    since timestamptz not null
);

comment on table viewers is 'Who has an investigation open: one row for each open event stream.';
comment on column viewers.stream is 'The stream; UUID version 7.';
comment on column viewers.investigation is 'The investigation that it follows.';
comment on column viewers.process is 'The process that serves it; a row counts while that process holds the session advisory lock of this number.';
comment on column viewers.person is 'Who looks, in their own words, 1 to 100 characters; null where nobody said.';
comment on column viewers.since is 'When the stream was opened.';

create index viewers_investigation on viewers (investigation);
