-- What the audit log is asked for besides its newest entries: those of one action, and the receipt of an erasure. Without
-- these either walked the account's whole log, which signing in makes grow.

-- Keys sort by their bytes.
/*pg: alter table audit alter column action type text collate "C"; */
/*pg: alter table audit alter column subject type text collate "C"; */

create index audit_action on audit (account_id, action, id);
create index audit_erased on audit (account_id, subject) where action = 'contact.erased';

-- Entries that tell where a request came from, or an address that was invited, which the log forgets after a time.
create index audit_person on audit (account_id, id)
  where address is not null or (action = 'member.invited' and detail is not null);

-- Who made a link: it ends when they may not give any more what it opens.
alter table link add column made_by uuid; -- null: made at the machine
