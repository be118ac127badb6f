-- What the reports count, each with the instant that dates it. Instants of the past are as good as what was kept says.

alter table conversation add column captured_at bigint; -- when a contact was first captured in it; stays when that is erased
alter table conversation add column handed_over_at bigint; -- when it first came from the bot to operators

-- Exact where the contact was new then; else by its end at the latest.
update conversation set captured_at = coalesce(
    (select min(c.created_at) from capture p join contact c on c.account_id = p.account_id and c.id = p.contact_id
     where p.account_id = conversation.account_id and p.conversation_id = conversation.id
       and c.created_at >= conversation.opened_at and c.created_at <= conversation.active_at), active_at)
  where exists (select 1 from capture p
     where p.account_id = conversation.account_id and p.conversation_id = conversation.id);

update conversation set handed_over_at = coalesce(queued_at,
    (select min(m.at) from message m
     where m.account_id = conversation.account_id and m.conversation_id = conversation.id and m.author = 'operator'),
    closed_at, active_at)
  -- Of what another chat tool pushed, only what our own operators took: its own are in the chat from the start.
  where state in ('queued', 'agent') or operator_id is not null
    or (version is not null and close_reason in ('operator_closed', 'idle_agent'))
    or (version is not null and exists (select 1 from message m
      where m.account_id = conversation.account_id and m.conversation_id = conversation.id and m.author = 'operator'));

alter table marker_run add column preview boolean not null default false; -- as its conversation's

update marker_run set preview = true where exists (select 1 from conversation c
  where c.account_id = marker_run.account_id and c.id = marker_run.conversation_id and c.preview);

-- Keys sort by their bytes.
/*pg: alter table conversation alter column close_reason type text collate "C"; */
/*pg: alter table marker_run alter column name type text collate "C"; */

-- Each report is counted from these alone, without a look at the wide rows; so they hold what their conditions name, too.
create index conversation_opened on conversation (account_id, chatbot_id, opened_at, replies, department_id, preview)
  where not preview;
create index conversation_captured on conversation (account_id, chatbot_id, captured_at, department_id, preview)
  where captured_at is not null and not preview;
create index conversation_handed_over on conversation (account_id, chatbot_id, handed_over_at, department_id, preview)
  where handed_over_at is not null and not preview;
create index conversation_closed on conversation (account_id, chatbot_id, close_reason, closed_at, department_id, preview)
  where closed_at is not null and not preview;
create index marker_run_started on marker_run (account_id, name, started_at, ended_at, chatbot_id, preview)
  where not preview;
create index marker_run_ended on marker_run (account_id, name, ended_at, started_at, chatbot_id, preview)
  where ended_at is not null and not preview;
