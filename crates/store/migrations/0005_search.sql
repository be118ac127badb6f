-- What events are found by besides id, type and conversation, taken from the data of Contact Information when it is
-- accepted, and forgotten with it. Events from before have null: taking it from their data would need JSON, Unicode and
-- IDNA, which the two engines do differently or not at all. They are found by the text of their payload.
alter table event add column email_key text /*pg: collate "C" */; -- what makes two spellings the same address
alter table event add column phone text /*pg: collate "C" */; -- digits, behind a plus sign if there was one

create index event_email on event (account_id, email_key, id) where email_key is not null;
create index event_phone on event (account_id, phone, id) where phone is not null;

-- What was not delivered in the end, among however many that were. A delivery that succeeds never gets here, so an index
-- of all states would cost two more writes for each of them and these cost none.
create index delivery_exhausted on delivery (account_id, id) where state = 'exhausted';
create index delivery_skipped on delivery (account_id, id) where state = 'skipped';
create index delivery_exhausted_webhook on delivery (account_id, webhook_id, id) where state = 'exhausted';
create index delivery_skipped_webhook on delivery (account_id, webhook_id, id) where state = 'skipped';
