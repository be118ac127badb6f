-- What operators write again and again, for the whole account.

create table canned_text (
  account_id uuid not null references account (id),
  id uuid not null,
  title text /*pg: collate "C" */ not null,
  body text not null,
  created_at bigint not null,
  primary key (account_id, id),
  unique (account_id, title)
);
