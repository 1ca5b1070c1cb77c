-- Each time that somebody had the steps make their calls.
create table runs (
    investigation uuid not null references investigations (id) on delete cascade,
    n integer not null,
    steps text[] not null,
    state text not null,
    process bigint not null,
    cancel_asked boolean not null default false,
    started_at timestamptz not null,
    ended_at timestamptz,
    reason text,
    primary key (investigation, n),
    constraint runs_state check (state in ('running', 'done', 'cancelled', 'interrupted', 'failed')),
    constraint runs_ended check ((state = 'running') = (ended_at is null))
);

comment on table runs is 'Each time that the steps of an investigation made their calls.';
comment on column runs.investigation is 'The investigation.';
comment on column runs.n is 'Counts from 1 within the investigation.';
comment on column runs.steps is 'Ids of the steps that were asked for.';
comment on column runs.state is 'running, done, cancelled (by a person), interrupted (the server stopped), failed (could not begin).';
comment on column runs.process is 'The process that works on it: it holds the session advisory lock of this number for as long as it lives.';
comment on column runs.cancel_asked is 'A person asked to stop it; the process that works on it does.';
comment on column runs.started_at is 'When it began.';
comment on column runs.ended_at is 'When it ended; null while running.';
comment on column runs.reason is 'Why it failed, was cancelled or was interrupted, for people.';

-- Of two people who press the button at the same moment, one gets the run and the other a 409.
create unique index runs_one_at_a_time on runs (investigation) where state = 'running';
