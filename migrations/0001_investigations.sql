-- One incident's session.
create table investigations (
    id uuid primary key,
    title text not null,
    status text not null default 'open',
    practice text,
    owner text,
    load_balancer jsonb not null,
    load_balancer_arn text not null,
    load_balancer_name text not null,
    window_from timestamptz not null,
    window_to timestamptz not null,
    version bigint not null default 1,
    verdict text,
    first_finding text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint investigations_status check (status in ('open', 'mitigated', 'resolved')),
    constraint investigations_window check (window_from < window_to)
);

comment on table investigations is 'One incident''s session: a load balancer, a window of time, and what became of it.';
comment on column investigations.id is 'UUID version 7: grows with time, so lists are ordered by it.';
comment on column investigations.title is 'What people call the incident; 1 to 200 characters.';
comment on column investigations.status is 'open, mitigated or resolved.';
comment on column investigations.practice is 'Name of the recorded incident that every run replays; null where runs ask AWS.';
comment on column investigations.owner is 'Who works on it, in their own words; null for nobody.';
comment on column investigations.load_balancer is 'The load balancer as it was found when the investigation was opened (evidence JSON).';
comment on column investigations.load_balancer_arn is 'Its ARN, for the list''s filter.';
comment on column investigations.load_balancer_name is 'Its name, for the list''s filter.';
comment on column investigations.window_from is 'Start of the incident''s window, inclusive.';
comment on column investigations.window_to is 'End of the incident''s window, exclusive.';
comment on column investigations.version is 'Grows by one with every change that a person makes; the ETag.';
comment on column investigations.verdict is 'Verdict of the diagnosis when the newest run ended, for lists; null before.';
comment on column investigations.first_finding is 'Title of the first finding when the newest run ended, for lists; null without one.';
comment on column investigations.created_at is 'When it was opened.';
comment on column investigations.updated_at is 'When anything of it last changed.';

create index investigations_load_balancer on investigations (load_balancer_arn);
