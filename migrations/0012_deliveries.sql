-- Messages to the webhook, each until it arrived or was given up.
create table deliveries (
    id uuid primary key,
    investigation uuid not null references investigations (id) on delete cascade,
    cause text not null,
    body text not null,
    state text not null default 'waiting',
    attempts integer not null default 0,
    next_at timestamptz not null,
    made_at timestamptz not null,
    ended_at timestamptz,
    last_error text,
    constraint deliveries_cause check (cause in ('handoff_sent', 'handoff_accepted', 'verdict_changed')),
    constraint deliveries_state check (state in ('waiting', 'delivered', 'failed')),
    constraint deliveries_ended check ((state = 'waiting') = (ended_at is null))
);

comment on table deliveries is 'Messages to the webhook: written together with what they tell, sent afterwards, tried again until they arrive or are given up.';
comment on column deliveries.id is 'UUID version 7; the receiver can tell a repeated message by it.';
comment on column deliveries.investigation is 'The investigation that it tells of.';
comment on column deliveries.cause is 'handoff_sent, handoff_accepted or verdict_changed.';
comment on column deliveries.body is 'The bytes that are signed and sent: JSON.';
comment on column deliveries.state is 'waiting, delivered or failed (given up).';
comment on column deliveries.attempts is 'How often it was tried.';
comment on column deliveries.next_at is 'Not before then; while a process is sending it, when another may take it over.';
comment on column deliveries.made_at is 'When what it tells happened.';
comment on column deliveries.ended_at is 'When it arrived or was given up; null while waiting.';
comment on column deliveries.last_error is 'Why the newest attempt failed, for people; null where none did.';

create index deliveries_due on deliveries (next_at) where state = 'waiting';
create index deliveries_investigation on deliveries (investigation, id);
