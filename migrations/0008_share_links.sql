-- Links that show an investigation to people outside.
create table share_links (
    id uuid primary key,
    investigation uuid not null references investigations (id) on delete cascade,
    token_hash bytea not null,
    mode text not null,
    masking text not null,
    snapshot jsonb,
    made_at timestamptz not null,
    made_by text,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by text,
    uses bigint not null default 0,
    last_used_at timestamptz,
    constraint share_links_token_hash check (octet_length(token_hash) = 32),
    constraint share_links_mode check (mode in ('frozen', 'live')),
    constraint share_links_masking check (masking in ('none', 'default')),
    constraint share_links_snapshot check ((snapshot is not null) = (mode = 'frozen' and revoked_at is null)),
    constraint share_links_expires_at check (expires_at > made_at),
    constraint share_links_revoked_by check (revoked_by is null or revoked_at is not null),
    constraint share_links_uses check ((uses = 0) = (last_used_at is null) and uses >= 0)
);

comment on table share_links is 'Links that show an investigation, and nothing else, to whoever has the token.';
comment on column share_links.id is 'UUID version 7: grows with time. Names the link to the people of the investigation; it opens nothing.';
comment on column share_links.investigation is 'The investigation.';
comment on column share_links.token_hash is 'SHA-256 of the token (32 bytes). The token itself is kept nowhere.';
comment on column share_links.mode is 'frozen (shows the snapshot) or live (shows the investigation as it is).';
comment on column share_links.masking is 'none, or default: account ids, client addresses, query strings and user agents are masked.';
comment on column share_links.snapshot is 'What a frozen link shows, masked already (JSON); null where the link is live, and once it is revoked.';
comment on column share_links.made_at is 'When it was made.';
comment on column share_links.made_by is 'Who made it, in their own words, 1 to 100 characters; null where nobody said.';
comment on column share_links.expires_at is 'From then on it opens nothing.';
comment on column share_links.revoked_at is 'From then on it opens nothing; null while nobody revoked it.';
comment on column share_links.revoked_by is 'Who revoked it, in their own words, 1 to 100 characters; null where nobody said.';
comment on column share_links.uses is 'How often it was opened.';
comment on column share_links.last_used_at is 'When it was opened last; null before the first time.';

create unique index share_links_token on share_links (token_hash);
create index share_links_investigation on share_links (investigation, id);
