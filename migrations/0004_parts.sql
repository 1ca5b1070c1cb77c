-- What the calls showed: the evidence, one field of it a row.
create table parts (
    investigation uuid not null references investigations (id) on delete cascade,
    key text not null,
    run integer not null,
    part jsonb not null,
    primary key (investigation, key),
    foreign key (investigation, run) references runs (investigation, n) on delete cascade
);

comment on table parts is 'The evidence of an investigation, one field of it a row; folded together they are what the rules judge.';
comment on column parts.investigation is 'The investigation.';
comment on column parts.key is 'Which field: its name, and the target group or step where there are several.';
comment on column parts.run is 'The run that read it last.';
comment on column parts.part is 'The part as JSON; a newer one replaces the older.';
