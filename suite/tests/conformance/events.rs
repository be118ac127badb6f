//! Events.

use app::{StoreError, Tx};
use domain::{
    Context, Event, EventType, Id, NewEvent,
    samples::{acme, globex},
};
use store::events::{self, EventFilter};
use suite::stores;

use crate::kit::{at, conflict, event, id, open, read, sabotage, write};

/// The id after all others.
fn last() -> Id<Event> {
    id(u32::from(u16::MAX))
}

fn of(number: u32, event_type: EventType, conversation: Option<&str>) -> Event {
    let context =
        Context { conversation_id: conversation.map(Into::into), more: None, chatbot_id: Some(id(9)) };
    Event { event_type, context, ..event(number) }
}

fn test_id(number: u8) -> Id<Event> {
    Id::test_from_parts(u64::from(number), &[number; 10])
}

async fn insert(db: &app::Db, events: Vec<Event>) {
    let insert = move |tx: &mut Tx<'_>| events.iter().try_for_each(|event| events::insert(tx, event));
    write(db, insert).await;
}

fn numbers(events: &[Event]) -> Vec<u32> {
    (0..100).filter(|number| events.iter().any(|event| event.id == id(*number))).collect()
}

#[tokio::test]
async fn an_event_comes_back_byte_for_byte() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let odd = r#"  {"name" : "Zoë \u0000 \ud83d\ude00 😀", "email":null,"phone":"1",  "n": 1e400 }"#;
        let events = vec![
            event(1),
            Event {
                data: Some(odd.into()),
                occurred_at: at(5),
                created_at: at(7),
                planned: u32::MAX,
                ..event(2)
            },
            Event { data: None, context: Context::default(), ..event(3) },
            Event { data: Some("x".repeat(NewEvent::MAX_DATA)), ..event(4) },
            Event {
                context: Context { conversation_id: None, more: Some(r#"{"a":1}"#.into()), chatbot_id: None },
                ..event(5)
            },
            Event { event_type: EventType::WebhookNotice, ..event(6) },
            Event { event_type: EventType::MarkerCompleted, id: test_id(1), ..event(7) },
        ];
        insert(&db, events.clone()).await;
        for event in events {
            let wanted = event.id;
            assert_eq!(read(&db, move |tx| events::find(tx, acme().id, wanted)).await, Some(event));
        }
        assert_eq!(read(&db, |tx| events::find(tx, acme().id, id(99))).await, None);
    }
}

#[tokio::test]
async fn events_are_listed_newest_first_a_page_at_a_time_without_tests() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut events: Vec<Event> = (1..=5).map(event).collect();
        events.push(Event { id: test_id(1), ..event(6) });
        insert(&db, events).await;
        let first = read(&db, |tx| events::list(tx, acme().id, &EventFilter::default(), last(), 2)).await;
        assert_eq!(first, [event(5), event(4)]);
        let second = read(&db, |tx| events::list(tx, acme().id, &EventFilter::default(), id(4), 2)).await;
        assert_eq!(second, [event(3), event(2)]);
        let third = read(&db, |tx| events::list(tx, acme().id, &EventFilter::default(), id(2), 2)).await;
        assert_eq!(third, [event(1)]);
    }
}

#[tokio::test]
async fn events_are_listed_by_type_and_conversation() {
    use EventType::{ChatTranscript, ContactInformation};
    for store in stores().await {
        let (db, _) = open(&store).await;
        let events = vec![
            of(1, ContactInformation, Some("a")),
            of(2, ContactInformation, Some("b")),
            of(3, ChatTranscript, Some("a")),
            of(4, ChatTranscript, None),
            of(5, ContactInformation, Some("a")),
            of(6, ContactInformation, Some("A")),
            Event { id: test_id(1), ..of(7, ContactInformation, Some("a")) },
        ];
        insert(&db, events).await;
        for (event_type, conversation, expected) in [
            (None, None, vec![1, 2, 3, 4, 5, 6]),
            (Some(ChatTranscript), None, vec![3, 4]),
            (None, Some("a"), vec![1, 3, 5]),
            (Some(ContactInformation), Some("a"), vec![1, 5]),
            (Some(EventType::MarkerCompleted), Some("a"), vec![]),
            (None, Some("%"), vec![]),
        ] {
            let filter = EventFilter {
                event_type,
                conversation_id: conversation.map(Into::into),
                ..EventFilter::default()
            };
            let found = read(&db, move |tx| events::list(tx, acme().id, &filter, last(), 50)).await;
            assert_eq!(found.len(), expected.len());
            assert_eq!(numbers(&found), expected, "{event_type:?} {conversation:?}");
        }
    }
}

fn contact(number: u32, conversation: &str, email: &str, phone: &str) -> Event {
    let data = serde_json::json!({"name": null, "email": email, "phone": phone}).to_string();
    Event { data: Some(data), ..of(number, EventType::ContactInformation, Some(conversation)) }
}

#[tokio::test]
async fn events_are_listed_by_any_mixture_of_address_number_conversation_and_age() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        // Number, conversation, address, phone number.
        let all = [
            (1, "a", "ann@example.com", "+1"),
            (2, "a", "Ann@EXAMPLE.com", "2"),
            (3, "b", "bob@example.com", "+1"),
            (4, "b", "ann@example.com", "+ 1"),
        ];
        insert(&db, all.iter().map(|it| contact(it.0, it.1, it.2, it.3)).collect()).await;
        insert(&db, vec![Event { id: test_id(9), ..contact(9, "a", "ann@example.com", "+1") }]).await;
        for conversation in [None, Some("a"), Some("c")] {
            for email in [None, Some("ann@example.com"), Some("ann%")] {
                for phone in [None, Some("+1"), Some("1")] {
                    for from in [0, 2] {
                        let filter = EventFilter {
                            event_type: None,
                            conversation_id: conversation.map(Into::into),
                            email_key: email.map(Into::into),
                            phone: phone.map(Into::into),
                            from: (from > 0).then(|| id(from)),
                        };
                        let matches = |it: &&(u32, &str, &str, &str)| {
                            it.0 >= from
                                && conversation.is_none_or(|wanted| wanted == it.1)
                                && email.is_none_or(|wanted| wanted == it.2.to_lowercase())
                                && phone.is_none_or(|wanted| wanted == it.3.replace(' ', ""))
                        };
                        let expected: Vec<u32> = all.iter().filter(matches).map(|it| it.0).collect();
                        let wanted = format!("{filter:?}");
                        let found =
                            read(&db, move |tx| events::list(tx, acme().id, &filter, last(), 50)).await;
                        assert_eq!(numbers(&found), expected, "{wanted}");
                        assert!(found.is_sorted_by(|a, b| a.id > b.id));
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_no_index_takes_is_accepted_all_the_same() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let long = "x".repeat(100_000);
        insert(&db, vec![contact(1, "a", &long, "\0"), contact(2, "a", "a\0b", &"7".repeat(5_000))]).await;
        let found = read(&db, |tx| events::list(tx, acme().id, &EventFilter::default(), last(), 50)).await;
        assert_eq!(numbers(&found), [1, 2]);
    }
}

/// The statement names its parameters as $1, $2, $3, $4, $6, $7, $8, $5.
#[tokio::test]
async fn parameters_keep_their_numbers_wherever_they_stand_in_a_statement() {
    use EventType::{ChatTranscript, ContactInformation};
    for store in stores().await {
        let (db, _) = open(&store).await;
        let all = [ContactInformation, ChatTranscript];
        let events = (1..=20).map(|n| of(n, all[n as usize % 2], Some(if n % 4 < 2 { "a" } else { "b" })));
        insert(&db, events.collect()).await;
        let filter = EventFilter {
            event_type: Some(ChatTranscript),
            conversation_id: Some("a".into()),
            ..EventFilter::default()
        };
        let list = move |tx: &mut Tx<'_>| events::list(tx, acme().id, &filter, id(17), 3);
        assert_eq!(numbers(&read(&db, list).await), [5, 9, 13]);
    }
}

#[tokio::test]
async fn a_foreign_account_finds_no_event() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![event(1)]).await;
        assert_eq!(read(&db, |tx| events::find(tx, globex().id, id(1))).await, None);
        assert_eq!(
            read(&db, |tx| events::list(tx, globex().id, &EventFilter::default(), last(), 50)).await,
            []
        );
        for filter in [
            EventFilter { conversation_id: Some("c-1".into()), ..EventFilter::default() },
            EventFilter { email_key: Some("john.carter@outlook.com".into()), ..EventFilter::default() },
            EventFilter { phone: Some("+919811123456".into()), ..EventFilter::default() },
        ] {
            let theirs = filter.clone();
            let own = read(&db, move |tx| events::list(tx, acme().id, &filter, last(), 50)).await;
            assert_eq!(own, [event(1)]);
            assert_eq!(read(&db, move |tx| events::list(tx, globex().id, &theirs, last(), 50)).await, []);
        }
    }
}

#[tokio::test]
async fn one_id_is_one_event_within_an_account() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![event(1), Event { account: globex().id, ..event(1) }]).await;
        assert_eq!(conflict(&db, |tx| events::insert(tx, &event(1))).await, "event_pkey");
    }
}

#[tokio::test]
async fn a_stored_value_that_makes_no_sense_is_said_to_be_corrupt() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![event(1)]).await;
        let sql = "update event set type = 'Nonsense'";
        sabotage(&store, sql).await;
        let result = db.read(|tx| events::find(tx, acme().id, id(1))).await;
        assert!(matches!(result, Err(StoreError::Corrupt { column: 3, .. })), "{result:?}");
    }
}
