-- Every AWS call that was made.
create table observations (
    investigation uuid not null references investigations (id) on delete cascade,
    n integer not null,
    run integer not null,
    step text not null,
    service text not null,
    operation text not null,
    region text not null,
    at timestamptz not null,
    took_ms bigint not null,
    outcome text not null,
    detail text not null,
    cli text not null,
    asked jsonb not null,
    answered jsonb not null,
    primary key (investigation, n),
    foreign key (investigation, run) references runs (investigation, n) on delete cascade,
    constraint observations_outcome check (outcome in ('seen', 'denied', 'failed'))
);

comment on table observations is 'Every AWS call that was made, however it ended: the unit of proof.';
comment on column observations.investigation is 'The investigation.';
comment on column observations.n is 'Counts from 1 within the investigation, in the order in which the calls started.';
comment on column observations.run is 'The run that made the call.';
comment on column observations.step is 'Id of the step that asked first.';
comment on column observations.service is 'The service''s name in IAM actions.';
comment on column observations.operation is 'The API operation.';
comment on column observations.region is 'The region that was asked.';
comment on column observations.at is 'When the call started.';
comment on column observations.took_ms is 'How long it took, with its retries, in milliseconds.';
comment on column observations.outcome is 'seen, denied or failed.';
comment on column observations.detail is 'One line: what came back, or why nothing did.';
comment on column observations.cli is 'The command that repeats the call.';
comment on column observations.asked is 'The call''s input.';
comment on column observations.answered is 'What came back as evidence, at most 64 KiB.';
