-- Did the fix help: the rate of errors since a fix, looked at until something can be said.
create table watches (
    investigation uuid not null references investigations (id) on delete cascade,
    n integer not null,
    state text not null,
    process bigint not null,
    next_at timestamptz not null,
    watch jsonb not null,
    primary key (investigation, n),
    constraint watches_state check (
        state in ('watching', 'fixed', 'not_fixed', 'not_enough_traffic', 'nothing_before', 'stopped')
    )
);

comment on table watches is 'Each time that somebody had the rate of errors watched after a fix.';
comment on column watches.investigation is 'The investigation.';
comment on column watches.n is 'Counts from 1 within the investigation.';
comment on column watches.state is 'watching, or how it ended.';
comment on column watches.process is 'The process that counts for it: it holds the session advisory lock of this number for as long as it lives; then another takes over.';
comment on column watches.next_at is 'When the counts are due again; of no meaning once it has ended.';
comment on column watches.watch is 'The whole watch as the API answers it: counts, looks, words.';

-- Of two people who start one at the same moment, one gets it and the other a 409.
create unique index watches_one_at_a_time on watches (investigation) where state = 'watching';
create index watches_due on watches (process, next_at) where state = 'watching';
