-- What each run saw is kept, and of which window: runs can be compared, and a window that is chosen again finds its
-- evidence again. A server older than this file cannot write what its runs see from here on: they end as interrupted.
alter table runs add column window_from timestamptz;
alter table runs add column window_to timestamptz;
alter table runs add constraint runs_window check (window_from < window_to);

comment on column runs.window_from is 'Start of the window that it looked at, inclusive; null for runs of other windows from before this was kept.';
comment on column runs.window_to is 'End of the window that it looked at, exclusive; null as window_from is.';

-- Until now a change of the window removed the parts: those that are left are of the present one.
update runs
set window_from = investigations.window_from, window_to = investigations.window_to
from investigations
where investigations.id = runs.investigation
  and (runs.state = 'running' or runs.n >= (
      select min(parts.run)
      from parts
      where parts.investigation = runs.investigation
  ));

alter table parts drop constraint parts_pkey;
alter table parts add primary key (investigation, run, key);

comment on table parts is 'What each run saw, one field of the evidence a row; the newest of each field over the runs of one window, folded together, are what the rules judge.';
comment on column parts.run is 'The run that read it.';
comment on column parts.part is 'The part as JSON; within a run a newer one replaces the older.';

-- A recorded incident that is replayed makes the same calls under the same numbers again.
alter table observations drop constraint observations_pkey;
alter table observations add primary key (investigation, n, run);

comment on column observations.n is 'Counts from 1 within the investigation, in the order in which the calls started; a replay repeats its numbers.';
