-- Three months of an account, for SQLite: as many rows as the temporary table `size` says, in whatever account is there,
-- with its webhooks and bots. Everything follows from numbers, so that two fillings are the same but for their instants.
--
-- Ids are made as the product makes them: 48 bits of milliseconds, the version and the variant, and here a number.

create temp table span as
  select (select id from account) as account, now, now - days * 86400000000 as since, days * 86400000000 as length,
    contacts, conversations, conversations * 5 as told, deliveries / 2 as events
  from size;
create temp table number (n integer primary key);
insert into number
  with recursive it (n) as (select 0 union all select n + 1 from it where n < (select max(events, contacts, conversations) from span))
  select n from it;

create temp table first_name (n integer primary key, name text);
insert into first_name (name) values ('Ada'), ('Amélie'), ('Anjali'), ('Björn'), ('Chidi'), ('Dmitri'), ('Elif'), ('Fatima'),
  ('Grace'), ('Hana'), ('Ines'), ('Joachim'), ('Kenji'), ('Leila'), ('Mats'), ('Noor'), ('Oluwaseun'), ('Paula'), ('Quentin'),
  ('Rosa'), ('شيماء'), ('Tomás'), ('Uri'), ('Vera'), ('William'), ('小龙'), ('Yusuf'), ('Zoë');
create temp table last_name (n integer primary key, name text);
insert into last_name (name) values ('Andersson'), ('Bianchi'), ('Carter'), ('Dubois'), ('Eze'), ('Fischer'), ('García'),
  ('Hoffmann'), ('Ivanova'), ('Jansen'), ('Kowalski'), ('Lindqvist'), ('Murphy'), ('Nakamura'), ('O''Brien'), ('Pereira'),
  ('Rossi'), ('Sharma'), ('Tanaka'), ('Udo'), ('Virtanen'), ('Wang'), ('الزهراني'), ('Yilmaz'), ('Zimmermann-Featherstonehaugh');

-- Contacts, evenly over the time. Seven of ten left a telephone number.
create temp table person as
  select n, since + length / contacts * n as at,
    (select name from first_name where first_name.n = 1 + number.n * 7919 % 28) || ' ' ||
    (select name from last_name where last_name.n = 1 + number.n * 104729 % 25) as name,
    'visitor.' || n || '@mail' || (n * 31 % 97) || '.example' as email,
    iif(n % 10 < 7, '+49151' || printf('%08d', n), null) as phone
  from number, span where n < contacts;
create unique index temp.person_n on person (n);
insert into contact (account_id, id, name, email, email_key, phone, custom, consent, duplicate_of, created_at, seen_at)
  select account, unhex(printf('%012x70018000%012x', at / 1000, n)), name, email, email, phone,
    json_object('company', 'Company ' || n % 500, 'guests', cast(1 + n % 9 as text)), null, null, at, at
  from person, span order by n;

create temp table bot as select row_number() over (order by id) - 1 as n, id, name from chatbot;
create temp table team as select row_number() over (order by id) - 1 as n, id, name from department;
insert into member (account_id, id, email, email_key, name, role, password, created_at)
  select account, unhex(printf('%012x70028000%012x', since / 1000, n)), 'colleague.' || n || '@example.com',
    'colleague.' || n || '@example.com', 'Colleague ' || n,
    case n % 10 when 0 then 'admin' when 1 then 'viewer' else 'operator' end, '', since
  from number, span where n < 25;
insert into api_key (account_id, id, name, scope, hash, created_at)
  select account, unhex(printf('%012x70038000%012x', since / 1000, n)), 'Integration ' || n, 'ingest',
    printf('%064x', n), since
  from number, span where n < 25;

-- Conversations: the newest are open, the others over. A visitor each; seven of ten said who they were.
create temp table chat as
  select n, since + length / conversations * n as at, unhex(printf('%012x70048000%012x', (since + length / conversations * n) / 1000, n)) as id,
    (select id from bot where bot.n = number.n % (select count(*) from bot)) as bot,
    (select id from team where team.n = number.n * 13 / 7 % (select count(*) from team)) as team,
    iif(n % 10 < 7, n * contacts / conversations, null) as person,
    case when n < conversations - max(10, conversations / 500) then 'closed'
      else case n % 3 when 0 then 'bot' when 1 then 'queued' else 'agent' end end as state,
    4 + n * 7919 % 5 as messages
  from number, span where n < conversations;
create unique index temp.chat_n on chat (n);
insert into visitor (account_id, id, chatbot_id, token_hash, created_at)
  select account, unhex(printf('%012x70058000%012x', at / 1000, n)), bot, printf('%064x', n), at from chat, span order by n;
insert into conversation (account_id, id, chatbot_id, version, visitor_id, preview, state, department_id, operator_id,
    operator_name, contact_id, page_url, opened_at, active_at, queued_at, transfers, closed_at, close_reason, due_at, messages, replies,
    captured_at, handed_over_at)
  select account, id, bot, 1, unhex(printf('%012x70058000%012x', at / 1000, n)), 0, state,
    iif(state = 'bot', null, team),
    iif(state = 'agent' or n % 5 = 4, unhex(printf('%012x70028000%012x', since / 1000, n % 25)), null),
    iif(state = 'agent' or n % 5 = 4, 'Colleague ' || n % 25, null),
    (select unhex(printf('%012x70018000%012x', p.at / 1000, p.n)) from person p where p.n = chat.person),
    'https://shop.example/rooms/' || n % 300, at, at + messages * 9000000, iif(state = 'queued', at + 60000000, null), 0,
    iif(state = 'closed', at + messages * 9000000, null),
    iif(state <> 'closed', null, case n % 5 when 0 then 'visitor_ended' when 1 then 'idle_bot' when 4 then 'operator_closed' else 'bot_finished' end),
    iif(state = 'closed', null, now + 86400000000), messages, messages / 2,
    iif(person is not null, at + 18000000, null), iif(state in ('queued', 'agent') or n % 5 = 4, at + 36000000, null)
  from chat, span order by n;
insert into message (account_id, conversation_id, number, author, name, text, at)
  select account, id, turn.n, case when turn.n % 2 = 0 then 'visitor' when chat.n % 5 = 4 and turn.n > 4 then 'operator' else 'bot' end,
    iif(turn.n % 2 = 1 and chat.n % 5 = 4 and turn.n > 4, 'Colleague ' || chat.n % 25, null),
    case turn.n when 1 then 'Hello! I help you to find the right room. What are you looking for?'
      when 2 then 'A room for ' || (1 + chat.n % 9) || ' in the ' || iif(chat.n % 2, 'spring', 'autumn') || ', please, with breakfast.'
      when 3 then 'Gladly. Under which address may we answer?'
      else 'That is point ' || turn.n || ' of conversation ' || chat.n || ': we would come by train, and leave after two nights.' end,
    at + turn.n * 9000000
  from chat, number turn, span where turn.n between 1 and messages order by chat.n, turn.n;
insert into capture (account_id, contact_id, conversation_id)
  select account, unhex(printf('%012x70018000%012x', p.at / 1000, p.n)), chat.id
  from chat join person p on p.n = chat.person, span order by 2, 3;
insert into marker_run (account_id, conversation_id, number, name, chatbot_id, department_id, started_at, ended_at)
  select account, id, run.n, iif(run.n = 1, 'Greeting', 'Booking'), bot, iif(state = 'bot', null, team), at + run.n * 9000000,
    iif(chat.n * 31 % 10 < 7, at + run.n * 27000000, null)
  from chat, number run, span where run.n between 1 and 2 order by chat.n, run.n;

-- Events: five belong together to a conversation, the last of them posted by other software. Most were planned for two
-- webhooks, one of fifty for none and one for four.
create temp table happening as
  select n, n / 5 as chat, n % 5 as kind, since + length / events * n as at,
    unhex(printf('%012x70068000%012x', (since + length / events * n) / 1000, n)) as id,
    case n % 50 when 49 then 0 when 24 then 4 else 2 end as planned
  from number, span where n < events;
create unique index temp.happening_n on happening (n);
insert into event (account_id, id, type, data, conversation_id, context, occurred_at, created_at, planned, test, chatbot_id, email_key, phone)
  select account, h.id, case kind when 1 then 'Marker Completed' when 2 then 'Marker Completed' when 3 then 'Chat Transcript' else 'Contact Information' end,
    case kind when 1 then json_object('marker', 'Greeting', 'conversation_id', 'conv_' || lower(hex(c.id)))
      when 2 then json_object('marker', 'Booking', 'conversation_id', 'conv_' || lower(hex(c.id)))
      when 3 then json_object('chat_transcript', '[2026-03-04T10:15:30Z] Bot: Hello! I help you to find the right room. What are you looking for?' || char(10)
        || '[2026-03-04T10:15:40Z] ' || p.name || ': A room for two, please, with breakfast, number ' || h.n || '.' || char(10)
        || '[2026-03-04T10:15:50Z] Bot: Gladly. Under which address may we answer?' || char(10) || '[2026-03-04T10:15:59Z] ' || p.name || ': ' || p.email)
      else json_object('name', p.name, 'email', p.email, 'phone', p.phone) end,
    iif(kind = 4, null, 'conv_' || lower(hex(c.id))),
    iif(kind = 4, null, json_object('chatbot', 'Travel desk', 'department', 'Sales', 'page_url', 'https://shop.example/rooms/' || h.n % 300)),
    h.at, h.at, planned, 0, iif(kind = 4, null, c.bot), iif(kind in (0, 4), p.email, null), iif(kind in (0, 4), p.phone, null)
  from happening h join chat c on c.n = h.chat % conversations join person p on p.n = h.chat % contacts, span order by h.n;

-- Deliveries: of a hundred 97 have arrived, one was given up, one skipped, and one waits, all of these for a webhook that
-- has been paused since the beginning.
create temp table target as select row_number() over (order by id) - 1 as n, id from webhook where deleted_at is null;
create temp table parcel as
  select h.n, t.n as target, h.at, h.id as event, t.id as webhook, h.kind,
    unhex(printf('%012x70078000%012x', h.at / 1000, h.n * 8 + t.n)) as id,
    case when t.n = 4 and h.n < events / 20 then 'pending'
      when (h.n * 31 + t.n * 17) % 100 = 0 then 'exhausted' when (h.n * 31 + t.n * 17) % 100 = 50 then 'skipped'
      else 'delivered' end as state
  from happening h cross join target t, span where (t.n - h.n % 5 + 5) % 5 < planned order by h.n, t.n;
insert into delivery (account_id, id, event_id, webhook_id, event_type, body, state, reason, attempts, failures, due_at, started_at, created_at, line, test)
  select account, id, event, webhook, case kind when 1 then 'Marker Completed' when 2 then 'Marker Completed' when 3 then 'Chat Transcript' else 'Contact Information' end,
    'documented', state, case state when 'exhausted' then 'schedule_ended' when 'skipped' then 'webhook_disabled' end,
    case state when 'delivered' then 1 + (n % 20 = 7) when 'exhausted' then 2 else 0 end,
    case state when 'delivered' then n % 20 = 7 when 'exhausted' then 2 else 0 end,
    at, iif(state in ('delivered', 'exhausted'), at, null), at, null, 0
  from parcel, span order by id;
insert into attempt (account_id, delivery_id, number, kind, at, address, status, error, error_detail, dns_us, connect_us, tls_us,
    first_byte_us, total_us, response_headers, response_body, response_body_base64)
  select account, id, try.n, 'scheduled', at + (try.n - 1) * 5000000, '203.0.113.7:443',
    case when state = 'delivered' and not (try.n = 1 and parcel.n % 20 = 7) then 200 when parcel.n % 3 then 503 end,
    iif((state = 'exhausted' or try.n = 1 and parcel.n % 20 = 7) and parcel.n % 3 = 0, 'timeout', null),
    iif((state = 'exhausted' or try.n = 1 and parcel.n % 20 = 7) and parcel.n % 3 = 0, 'no answer within 15 s', null),
    300 + parcel.n * 7919 % 2000, 9000 + parcel.n * 104729 % 9000, 15000 + parcel.n * 31 % 9000, 40000 + parcel.n * 7919 % 90000,
    60000 + parcel.n * 7919 % 100000, '[["content-type","application/json"],["server","nginx"]]', '{"ok":true,"number":' || parcel.n || '}', 0
  from parcel, number try, span
  where try.n between 1 and case state when 'delivered' then 1 + (parcel.n % 20 = 7) when 'exhausted' then 2 else 0 end
  order by id, try.n;

-- What was done, by members, by keys, and on the console.
insert into audit (account_id, id, at, actor, actor_id, actor_name, action, subject, detail, address)
  select account, unhex(printf('%012x70098000%012x', (since + length / conversations * n) / 1000, n)), since + length / conversations * n,
    case n % 3 when 0 then 'member' when 1 then 'key' else 'console' end, null, 'Colleague ' || n % 25,
    case n % 4 when 0 then 'webhook.changed' when 1 then 'contact.exported' when 2 then 'member.signed_in' else 'chatbot.published' end,
    null, null, '198.51.100.' || n % 250
  from number, span where n < conversations / 5 order by n;
