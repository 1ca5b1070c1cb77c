-- Handing an investigation over: a draft that people add to, and the notes that were sent.
create table handoff_drafts (
    investigation uuid primary key references investigations (id) on delete cascade,
    version bigint not null,
    added jsonb not null
);

comment on table handoff_drafts is 'What people added to the handoff note that is not sent yet; the rest of it is written from the record whenever it is read.';
comment on column handoff_drafts.investigation is 'The investigation; it has one draft at most.';
comment on column handoff_drafts.version is 'Grows by one with every change and every sending; the ETag. No row is version 0.';
comment on column handoff_drafts.added is 'For whom, the judgement, the next check and its time, as JSON.';

create table handoffs (
    investigation uuid not null references investigations (id) on delete cascade,
    n integer not null,
    addressee text not null,
    text jsonb not null,
    sent_by text,
    sent_at timestamptz not null,
    accepted_by text,
    accepted_at timestamptz,
    primary key (investigation, n),
    constraint handoffs_accepted check ((accepted_by is null) = (accepted_at is null))
);

comment on table handoffs is 'The handoff notes that were sent. Of a sent note nothing changes but who accepted it, once.';
comment on column handoffs.investigation is 'The investigation.';
comment on column handoffs.n is 'Counts from 1 within the investigation.';
comment on column handoffs.addressee is 'The person or role that it is for; 1 to 100 characters.';
comment on column handoffs.text is 'The note as it was sent: its parts, its Markdown and its Slack text, as JSON.';
comment on column handoffs.sent_by is 'Who sent it, in their own words; null where nobody said.';
comment on column handoffs.sent_at is 'When it was sent.';
comment on column handoffs.accepted_by is 'Who took over, in their own words; the investigation''s owner from then on. Null until then.';
comment on column handoffs.accepted_at is 'When they did; null until then.';

create function handoffs_stay_as_sent() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        -- Only an investigation that goes as a whole takes its notes with it.
        if pg_trigger_depth() > 1 then
            return old;
        end if;
    elsif old.accepted_at is null
        and (new.investigation, new.n, new.addressee, new.text, new.sent_at) =
            (old.investigation, old.n, old.addressee, old.text, old.sent_at)
        and new.sent_by is not distinct from old.sent_by then
        return new;
    end if;
    raise exception 'a handoff note that was sent never changes' using errcode = 'restrict_violation';
end
$$;

create trigger handoffs_stay_as_sent before update or delete on handoffs
    for each row execute function handoffs_stay_as_sent();
