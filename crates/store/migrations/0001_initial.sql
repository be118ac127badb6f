-- One text for both engines. `/*pg: … */` is read by PostgreSQL only, `/*sqlite: … */` by SQLite only.
-- Instants are microseconds since 1970 in UTC. Keys lead with the account: it is always known, and what is
-- read together lies together.

create table account (
  id uuid not null primary key,
  name text not null,
  created_at bigint not null
);

create table api_key (
  account_id uuid not null references account (id),
  id uuid not null,
  name text not null,
  scope text not null,
  hash text /*pg: collate "C" */ not null unique,
  created_at bigint not null,
  revoked_at bigint,
  primary key (account_id, id)
);

create table webhook (
  account_id uuid not null references account (id),
  id uuid not null,
  name text not null,
  url text not null,
  event_types text not null,
  chatbot_ids text not null,
  body text not null,
  headers text not null, -- encrypted; empty once deleted
  ordering text not null,
  max_in_flight bigint not null,
  rate_per_second bigint,
  retry text not null,
  state text not null,
  state_reason text,
  state_since bigint not null,
  shard bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint, -- the row stays for the log of its deliveries, without secrets
  primary key (account_id, id)
);

create table webhook_secret (
  account_id uuid not null,
  webhook_id uuid not null,
  version bigint not null,
  secret text not null, -- encrypted
  expires_at bigint,
  primary key (account_id, webhook_id, version),
  foreign key (account_id, webhook_id) references webhook (account_id, id)
);

-- Which webhooks ask for a type: what planning reads for every event.
create table subscription (
  account_id uuid not null,
  event_type text /*pg: collate "C" */ not null,
  webhook_id uuid not null,
  primary key (account_id, event_type, webhook_id),
  foreign key (account_id, webhook_id) references webhook (account_id, id)
) /*sqlite: without rowid */;

create table event (
  account_id uuid not null,
  id uuid not null,
  type text not null,
  data text, -- byte for byte as posted; null once retention or erasure has removed it
  conversation_id text /*pg: collate "C" */,
  context text,
  occurred_at bigint not null,
  created_at bigint not null,
  planned bigint not null,
  test boolean not null,
  primary key (account_id, id)
);

create index event_conversation on event (account_id, conversation_id, id) where conversation_id is not null;

-- What retention has still to look at.
create index event_data on event (account_id, id) where data is not null;

create table delivery (
  account_id uuid not null,
  id uuid not null,
  event_id uuid not null,
  webhook_id uuid not null,
  event_type text not null,
  body text not null,
  state text not null,
  reason text,
  attempts bigint not null,
  failures bigint not null,
  due_at bigint not null,
  started_at bigint,
  created_at bigint not null,
  test boolean not null,
  primary key (account_id, id),
  unique (account_id, event_id, webhook_id)
) /*sqlite: without rowid */;

-- What a lane pages through. Done deliveries leave it, so it stays as small as the backlog.
create index delivery_due on delivery (webhook_id, due_at, id) where state = 'pending';

create index delivery_webhook on delivery (account_id, webhook_id, id);

create table attempt (
  account_id uuid not null,
  delivery_id uuid not null,
  number bigint not null,
  kind text not null,
  at bigint not null,
  address text,
  status bigint,
  error text,
  error_detail text,
  dns_us bigint,
  connect_us bigint,
  tls_us bigint,
  first_byte_us bigint,
  total_us bigint not null,
  response_headers text,
  response_body text,
  response_body_base64 boolean not null,
  primary key (account_id, delivery_id, number)
) /*sqlite: without rowid */;

-- Answers to be given again for the same Idempotency-Key.
create table idempotency (
  account_id uuid not null,
  key text /*pg: collate "C" */ not null,
  fingerprint text not null,
  answer text not null,
  created_at bigint not null,
  primary key (account_id, key)
);

create index idempotency_age on idempotency (created_at);

-- What retention and erasure removed, so that the ledger still balances.
create table ledger_archive (
  account_id uuid not null primary key,
  events bigint not null,
  unmatched bigint not null,
  planned bigint not null,
  delivered bigint not null,
  exhausted bigint not null,
  skipped bigint not null
);

-- Which node carries the deliveries of which webhooks. The epoch grows with every change of owner, so that a
-- result reported by a former owner matches nothing.
create table shard_lease (
  shard bigint not null primary key,
  owner uuid,
  epoch bigint not null,
  expires_at bigint not null
);

insert into shard_lease (shard, owner, epoch, expires_at)
with recursive n (i) as (select 0 union all select i + 1 from n where i < 255)
select i, null, 0, 0 from n;

-- One row: a known text, encrypted, which tells whether the key file is the right one.
create table key_check (
  id bigint not null primary key,
  sealed text not null
);
