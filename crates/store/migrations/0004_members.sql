-- People who sign in, where they are signed in, the links they are sent, and what was done.

alter table account add column time_zone text not null default 'UTC';

alter table api_key add column expires_at bigint;
alter table api_key add column used_at bigint; -- to within a minute

create table member (
  account_id uuid not null references account (id),
  id uuid not null,
  email text not null, -- as typed
  email_key text /*pg: collate "C" */ not null unique, -- what makes two spellings the same address; one in the instance
  name text not null,
  role text not null,
  password text not null, -- Argon2id, as a PHC string
  created_at bigint not null,
  disabled_at bigint,
  primary key (account_id, id)
);

create table session (
  account_id uuid not null,
  id uuid not null,
  member_id uuid not null,
  token_hash text /*pg: collate "C" */ not null unique,
  agent text not null,
  address text not null,
  created_at bigint not null,
  seen_at bigint not null,
  confirmed_at bigint not null,
  primary key (account_id, id),
  foreign key (account_id, member_id) references member (account_id, id)
);

create index session_member on session (account_id, member_id, id);
create index session_age on session (created_at);

-- Browsers from which a member has signed in before: guesses made elsewhere do not keep them waiting.
create table device (
  account_id uuid not null,
  member_id uuid not null,
  token_hash text /*pg: collate "C" */ not null,
  seen_at bigint not null,
  primary key (account_id, member_id, token_hash),
  foreign key (account_id, member_id) references member (account_id, id)
) /*sqlite: without rowid */;

create index device_age on device (seen_at);

-- Links that work once. One that sets up the instance belongs to no account yet.
create table link (
  id uuid not null primary key,
  token_hash text /*pg: collate "C" */ not null unique,
  purpose text not null, -- set_up, invitation, reset
  account_id uuid references account (id),
  email text, -- of an invitation
  role text,
  member_id uuid, -- of a reset
  created_at bigint not null,
  expires_at bigint
);

create index link_account on link (account_id, id);
create index link_expires on link (expires_at);

-- What was done, by whom. Rows are added, never changed.
create table audit (
  account_id uuid not null references account (id),
  id uuid not null,
  at bigint not null,
  actor text not null, -- member, key, console
  actor_id uuid,
  actor_name text not null, -- as it was called then
  action text not null, -- webhook.created
  subject text, -- the id of what it was done to, prefixed
  detail text, -- in words
  address text, -- where the request came from
  primary key (account_id, id)
) /*sqlite: without rowid */;
