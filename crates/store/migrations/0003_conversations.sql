-- The conversation side: chatbots, who talks to them, what was said, and who that was.

create table department (
  account_id uuid not null references account (id),
  id uuid not null,
  name text /*pg: collate "C" */ not null,
  email text,
  disabled boolean not null,
  built_in boolean not null, -- cannot be deleted
  transfer_to uuid, -- where a chat goes that nobody accepts
  transfer_after_s bigint,
  created_at bigint not null,
  primary key (account_id, id),
  unique (account_id, name)
);

create table chatbot (
  account_id uuid not null references account (id),
  id uuid not null,
  name text not null,
  public_key text /*pg: collate "C" */ not null unique, -- names it in web pages; no secret
  draft text not null, -- the flow as it is being edited; need not be valid
  version bigint, -- what new conversations begin with; null until published
  settings text not null,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint, -- the row stays for its conversations
  primary key (account_id, id)
);

create table chatbot_version (
  account_id uuid not null,
  chatbot_id uuid not null,
  version bigint not null,
  flow text not null,
  created_at bigint not null,
  primary key (account_id, chatbot_id, version),
  foreign key (account_id, chatbot_id) references chatbot (account_id, id)
);

-- Whoever opened a chat in a browser and did something there.
create table visitor (
  account_id uuid not null,
  id uuid not null,
  chatbot_id uuid not null,
  token_hash text /*pg: collate "C" */ not null unique,
  created_at bigint not null,
  primary key (account_id, id),
  foreign key (account_id, chatbot_id) references chatbot (account_id, id)
);

create table contact (
  account_id uuid not null references account (id),
  id uuid not null,
  name text,
  email text, -- as typed
  email_key text /*pg: collate "C" */, -- what makes two spellings the same address
  phone text /*pg: collate "C" */, -- E.164
  custom text not null,
  consent text, -- to which words, and when
  duplicate_of uuid, -- another that may be the same person
  created_at bigint not null,
  seen_at bigint not null,
  primary key (account_id, id),
  unique (account_id, email_key)
);

create index contact_phone on contact (account_id, phone, id) where phone is not null;
create index contact_duplicate on contact (account_id, duplicate_of) where duplicate_of is not null;

create table conversation (
  account_id uuid not null references account (id),
  id uuid not null,
  chatbot_id uuid,
  version bigint, -- of the flow; it stays with the one it began with
  visitor_id uuid, -- null if another chat tool pushes it
  external_id text /*pg: collate "C" */, -- that tool's own name of it
  preview boolean not null, -- never counted, never told
  state text /*pg: collate "C" */ not null,
  department_id uuid,
  operator_id uuid,
  operator_name text,
  flow_state text,
  consent text, -- the last answer to a question for it
  told text, -- the contact as it was last told
  contact_id uuid,
  page_url text,
  opened_at bigint not null,
  active_at bigint not null, -- when the last message was said
  queued_at bigint,
  transfers bigint not null, -- since it was queued
  reminded_at bigint,
  closed_at bigint,
  close_reason text,
  due_at bigint, -- when time alone changes something; null once closed
  messages bigint not null,
  replies bigint not null, -- how many of them the visitor's
  primary key (account_id, id)
);

-- A visitor has at most one that is open, and so has each conversation of another chat tool. Unique indexes are named
-- as a constraint would be, for a conflict tells which it was.
create unique index conversation_account_id_visitor_id_key on conversation (account_id, visitor_id)
  where visitor_id is not null and state <> 'closed';
create unique index conversation_account_id_external_id_key on conversation (account_id, external_id)
  where external_id is not null and state <> 'closed';
create index conversation_visitor on conversation (account_id, visitor_id, id) where visitor_id is not null;
create index conversation_due on conversation (due_at) where due_at is not null;
create index conversation_state on conversation (account_id, state, id);
create index conversation_contact on conversation (account_id, contact_id, id) where contact_id is not null;

create table message (
  account_id uuid not null,
  conversation_id uuid not null,
  number bigint not null, -- from 1
  author text not null,
  name text,
  text text not null,
  ask text, -- what a bot's message asks for
  client_id text /*pg: collate "C" */, -- the sender's own name of it, so that a repeat is told
  at bigint not null,
  primary key (account_id, conversation_id, number),
  foreign key (account_id, conversation_id) references conversation (account_id, id)
) /*sqlite: without rowid */;

create unique index message_account_id_client_id_key on message (account_id, client_id) where client_id is not null;

-- Every contact that was captured in a conversation. One may turn out to be another; who is erased is erased here, too.
create table capture (
  account_id uuid not null,
  contact_id uuid not null,
  conversation_id uuid not null,
  primary key (account_id, contact_id, conversation_id),
  foreign key (account_id, conversation_id) references conversation (account_id, id)
) /*sqlite: without rowid */;

-- From a marker's start to its end.
create table marker_run (
  account_id uuid not null,
  conversation_id uuid not null,
  number bigint not null, -- from 1, in the conversation
  name text not null,
  chatbot_id uuid,
  started_at bigint not null,
  ended_at bigint,
  primary key (account_id, conversation_id, number),
  foreign key (account_id, conversation_id) references conversation (account_id, id)
) /*sqlite: without rowid */;

create index marker_run_chatbot on marker_run (account_id, chatbot_id, started_at);

-- Operators who are there, each until an instant that they keep moving on.
create table presence (
  account_id uuid not null references account (id),
  operator_id uuid not null,
  name text not null,
  departments text not null, -- ids; empty for all
  until bigint not null,
  primary key (account_id, operator_id)
);

-- Every account has these; new ones get them when they are made.
insert into department (account_id, id, name, email, disabled, built_in, transfer_to, transfer_after_s, created_at)
select a.id, /*sqlite: randomblob(16) */ /*pg: gen_random_uuid() */, d.name, null, false, true, null, null, a.created_at
from account a cross join (select 'Sales' as name union all select 'CRM' union all select 'Lead Generation') d;
