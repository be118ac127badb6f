//! Events.

use app::{StoreError, Tx};
use domain::{
    Context, Event, EventType, Id, NewEvent,
    samples::{acme, globex},
};
use store::events;
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
        let first = read(&db, |tx| events::list(tx, acme().id, None, None, last(), 2)).await;
        assert_eq!(first, [event(5), event(4)]);
        let second = read(&db, |tx| events::list(tx, acme().id, None, None, id(4), 2)).await;
        assert_eq!(second, [event(3), event(2)]);
        let third = read(&db, |tx| events::list(tx, acme().id, None, None, id(2), 2)).await;
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
            let found =
                read(&db, move |tx| events::list(tx, acme().id, event_type, conversation, last(), 50)).await;
            assert_eq!(found.len(), expected.len());
            assert_eq!(numbers(&found), expected, "{event_type:?} {conversation:?}");
        }
    }
}

/// The statement names its parameters as $1, $5, $2, $3, $4.
#[tokio::test]
async fn parameters_keep_their_numbers_wherever_they_stand_in_a_statement() {
    use EventType::{ChatTranscript, ContactInformation};
    for store in stores().await {
        let (db, _) = open(&store).await;
        let all = [ContactInformation, ChatTranscript];
        let events = (1..=20).map(|n| of(n, all[n as usize % 2], Some(if n % 4 < 2 { "a" } else { "b" })));
        insert(&db, events.collect()).await;
        let list = |tx: &mut Tx<'_>| events::list(tx, acme().id, Some(ChatTranscript), Some("a"), id(17), 3);
        assert_eq!(numbers(&read(&db, list).await), [5, 9, 13]);
    }
}

#[tokio::test]
async fn a_foreign_account_finds_no_event() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![event(1)]).await;
        assert_eq!(read(&db, |tx| events::find(tx, globex().id, id(1))).await, None);
        assert_eq!(read(&db, |tx| events::list(tx, globex().id, None, None, last(), 50)).await, []);
        let by_conversation = |tx: &mut Tx<'_>| events::list(tx, globex().id, None, Some("c-1"), last(), 50);
        assert_eq!(read(&db, by_conversation).await, []);
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
