-- What lists can be asked for and few rows may be: a type, or what is pending. Measured over 1,000,000 deliveries, of
-- which 10,000 old ones were pending: without these either list looked at each of the webhook's rows, for a second.

-- Keys sort by their bytes.
/*pg: alter table event alter column type type text collate "C"; */
/*pg: alter table delivery alter column event_type type text collate "C"; */
/*pg: alter table delivery alter column state type text collate "C"; */

create index event_of_type on event (account_id, type, id);

-- The same indexes as before, which now also hold what is asked of their rows, so that only rows that are shown are read.
drop index delivery_webhook;
create index delivery_webhook on delivery (account_id, webhook_id, id, event_type);
drop index delivery_due;
create index delivery_due on delivery (webhook_id, due_at, id, state, event_type, test) where state = 'pending';
