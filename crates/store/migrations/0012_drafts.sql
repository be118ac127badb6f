-- The draft that a preview goes by, as it was when that began. It goes when the preview is over.
create table conversation_draft (
  account_id uuid not null,
  conversation_id uuid not null,
  flow text not null,
  primary key (account_id, conversation_id),
  foreign key (account_id, conversation_id) references conversation (account_id, id)
);
