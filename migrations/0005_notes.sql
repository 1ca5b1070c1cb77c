-- What people wrote and answered.
create table notes (
    id uuid primary key,
    investigation uuid not null references investigations (id) on delete cascade,
    step text,
    text text not null,
    author text,
    at timestamptz not null
);

comment on table notes is 'What people wrote while they investigated.';
comment on column notes.id is 'UUID version 7: grows with time.';
comment on column notes.investigation is 'The investigation.';
comment on column notes.step is 'Id of the step that it was written at; null for the whole investigation.';
comment on column notes.text is '1 to 10,000 characters, plain text.';
comment on column notes.author is 'Who wrote it, in their own words; null for nobody in particular.';
comment on column notes.at is 'When it was written.';

create index notes_investigation on notes (investigation, id);

create table answers (
    investigation uuid not null references investigations (id) on delete cascade,
    question text not null,
    answer text not null,
    primary key (investigation, question)
);

comment on table answers is 'What people answered to the questions that no AWS call can answer.';
comment on column answers.investigation is 'The investigation.';
comment on column answers.question is 'Id of the question.';
comment on column answers.answer is 'The answer; 1 to 2,000 characters.';
