-- Finding past incidents again: by their words, and by what they had in common with a new one.
alter table investigations
    add column first_rule text,
    add column findings text not null default '';

comment on column investigations.first_rule is 'Id of the rule of the first finding when the newest run ended; null without one.';
comment on column investigations.findings is 'Titles and rule ids of the findings when the newest run ended, for searching.';

-- 'simple': names of balancers, rules and people are no English words to be shortened.
create index investigations_words on investigations
    using gin (to_tsvector('simple', title || ' ' || load_balancer_name || ' ' || findings || ' ' || coalesce(owner, '')));
create index notes_words on notes using gin (to_tsvector('simple', text));
create index investigations_first_rule on investigations (first_rule) where first_rule is not null;
