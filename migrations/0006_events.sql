-- What happened, in order: the stream that pages listen to.
create table events (
    id bigserial primary key,
    investigation uuid not null references investigations (id) on delete cascade,
    at timestamptz not null,
    kind jsonb not null
);

comment on table events is 'What happened in each investigation, in order: pages stream it and resume from the last id that they saw.';
comment on column events.id is 'Grows with time. Appended only while holding the investigation''s row, so that within one investigation ids become visible in order.';
comment on column events.investigation is 'The investigation.';
comment on column events.at is 'When it happened.';
comment on column events.kind is 'The event as JSON, without id and time.';

create index events_investigation on events (investigation, id);
