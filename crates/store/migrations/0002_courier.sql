-- What holding a webhook, keeping order, choosing chatbots and recoveries need.

alter table webhook add column failures bigint not null default 0; -- failed attempts in a row
alter table webhook add column failed_at bigint; -- when the last of them was counted
alter table webhook add column probes bigint not null default 0; -- made in the present hold
alter table webhook add column probe_at bigint; -- when the next is due; null unless held
alter table webhook add column notices bigint not null default 0; -- given in the present hold

alter table event add column chatbot_id uuid;

-- The conversation, where its webhook keeps order: then only the first pending delivery of a line is ever due.
alter table delivery add column line text /*pg: collate "C" */;

create index delivery_line on delivery (webhook_id, line, due_at, id) where state = 'pending' and line is not null;

-- What was tried already: standing still moves it, and the oldest of it is what a probe takes first.
create index delivery_begun on delivery (webhook_id, id) where state = 'pending' and started_at is not null;

create table recovery (
  account_id uuid not null,
  id uuid not null,
  webhook_id uuid not null,
  since bigint not null,
  until bigint not null,
  states text not null,
  rate_per_second bigint not null,
  state text not null,
  place uuid not null, -- the last delivery that was looked at
  last uuid not null, -- the last one that will be
  total bigint not null, -- how many matched when it was made
  restarted bigint not null,
  passed_over bigint not null, -- no longer in one of the states, or without payload, when their turn came
  paced_at bigint not null, -- until when its pace has been used up
  created_at bigint not null,
  updated_at bigint not null,
  ended_at bigint,
  primary key (account_id, id),
  foreign key (account_id, webhook_id) references webhook (account_id, id)
);

create index recovery_webhook on recovery (account_id, webhook_id, id);

create index recovery_running on recovery (webhook_id) where state = 'running';
