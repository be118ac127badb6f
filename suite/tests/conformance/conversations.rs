//! Conversations and the visitors that hold them.

use app::Tx;
use domain::{
    CloseReason, Consent, Conversation, Operator, Phase, Visitor,
    samples::{acme, chatbot, globex, start},
};
use store::conversations::{self, ConversationFilter};
use suite::stores;

use crate::kit::{at, conflict, id, open, overlap, read, write};

/// A conversation that has just begun.
pub fn begun(number: u32) -> Conversation {
    Conversation::begun(id(number), acme().id, start())
}

/// One in which everything is set.
fn full(number: u32) -> Conversation {
    Conversation {
        chatbot: Some(id(1)),
        version: Some(2),
        visitor: Some(id(number)),
        external_id: Some(format!("ext {number}")),
        preview: true,
        phase: Phase::Agent,
        department: Some(id(4)),
        operator: Some(Operator { id: id::<Visitor>(5).uuid(), name: "Omar".into() }),
        flow_state: Some("{}".into()),
        consent: Some(Consent { given: false, text: "May we?".into(), at: "now".into() }),
        told: Some(r#"{"name":null}"#.into()),
        contact: Some(id(6)),
        page_url: Some("https://example.com/?q=ö".into()),
        active_at: at(1),
        queued_at: Some(at(2)),
        transfers: 3,
        reminded_at: Some(at(4)),
        captured_at: Some(at(6)),
        handed_over_at: Some(at(7)),
        due_at: Some(at(5)),
        messages: 6,
        replies: 7,
        ..begun(number)
    }
}

fn closed(it: &Conversation) -> Conversation {
    let ended = Some((at(9), CloseReason::IdleAgent));
    Conversation { phase: Phase::Closed, closed: ended, due_at: None, ..it.clone() }
}

async fn insert(db: &app::Db, it: &Conversation) {
    let it = it.clone();
    write(db, move |tx| conversations::insert(tx, &it)).await;
}

async fn update(db: &app::Db, it: &Conversation) -> bool {
    let it = it.clone();
    write(db, move |tx| conversations::update(tx, &it)).await
}

async fn find(db: &app::Db, number: u32) -> Option<Conversation> {
    read(db, move |tx| conversations::find(tx, acme().id, id(number))).await
}

fn visitor(number: u32) -> Visitor {
    Visitor { id: id(number), account: acme().id, chatbot: id(1), created_at: start() }
}

async fn insert_visitor(db: &app::Db, number: u32, token: &'static str) -> bool {
    write(db, move |tx| conversations::insert_visitor(tx, &visitor(number), token)).await
}

#[tokio::test]
async fn a_conversation_comes_back_as_it_was_stored_and_as_it_was_changed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, &begun(1)).await;
        insert(&db, &full(2)).await;
        assert_eq!(find(&db, 1).await, Some(begun(1)));
        assert_eq!(find(&db, 2).await, Some(full(2)));
        // What it began with stays: chatbot, version, visitor, external id, preview, page, opened.
        let more = full(9);
        let changed = Conversation {
            chatbot: None,
            version: None,
            visitor: None,
            external_id: None,
            preview: false,
            page_url: None,
            id: id(1),
            ..more
        };
        assert!(update(&db, &changed).await);
        let held = write(&db, |tx| conversations::find_to_change(tx, acme().id, id(1))).await;
        assert_eq!(held, Some(changed), "{}", store.engine);
        let begun_as = Conversation {
            chatbot: Some(id(1)),
            version: Some(2),
            visitor: Some(id(2)),
            external_id: Some("ext 2".into()),
            preview: true,
            page_url: full(2).page_url,
            ..begun(2)
        };
        assert!(update(&db, &begun(2)).await);
        assert_eq!(find(&db, 2).await, Some(begun_as));
        assert!(!update(&db, &begun(3)).await, "there is none");
    }
}

#[tokio::test]
async fn a_closed_conversation_is_final() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, &full(1)).await;
        let ended = closed(&full(1));
        assert!(update(&db, &ended).await);
        for next in [full(1), closed(&begun(1)), ended.clone()] {
            assert!(!update(&db, &next).await, "{}", store.engine);
        }
        assert_eq!(find(&db, 1).await, Some(ended));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_closes_a_conversation() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, &full(1)).await;
        let close = |reason| {
            move |tx: &mut Tx<'_>| {
                let ended = Conversation { closed: Some((at(9), reason)), ..closed(&full(1)) };
                Ok(conversations::update(tx, &ended)?)
            }
        };
        let reasons = [CloseReason::OperatorClosed, CloseReason::VisitorEnded];
        let (one, other) = overlap(&store, &db, close(reasons[0]), close(reasons[1])).await;
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one, other, "{}", store.engine);
        let winner = if one { reasons[0] } else { reasons[1] };
        assert_eq!(find(&db, 1).await.unwrap().closed, Some((at(9), winner)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_a_conversation_holds_it_until_the_end() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, &begun(1)).await;
        let count = |tx: &mut Tx<'_>| {
            let mut it = conversations::find_to_change(tx, acme().id, id(1))?.expect("it is there");
            it.messages += 1;
            Ok(conversations::update(tx, &it)?)
        };
        for round in 1..=10 {
            let (one, other) = overlap(&store, &db, count, count).await;
            assert!(one.unwrap() && other.unwrap());
            assert_eq!(find(&db, 1).await.unwrap().messages, 2 * round, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn a_token_opens_one_visitor() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| store::chatbots::insert(tx, &chatbot(id(1)))).await;
        assert!(insert_visitor(&db, 1, "hash").await);
        assert!(!insert_visitor(&db, 2, "hash").await, "{}", store.engine);
        assert!(insert_visitor(&db, 3, "other").await);
        assert_eq!(read(&db, |tx| conversations::find_visitor(tx, "hash")).await, Some(visitor(1)));
        let held = write(&db, |tx| conversations::find_visitor_to_change(tx, "other")).await;
        assert_eq!(held, Some(visitor(3)));
        assert_eq!(read(&db, |tx| conversations::find_visitor(tx, "none")).await, None);
        assert_eq!(write(&db, |tx| conversations::find_visitor_to_change(tx, "none")).await, None);
    }
}

#[tokio::test]
async fn a_visitor_and_another_chat_tool_have_one_that_is_open() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let of_visitor = |number| Conversation { visitor: Some(id(7)), ..begun(number) };
        let external = |number| Conversation { external_id: Some("chat 7".into()), ..begun(number) };
        insert(&db, &of_visitor(1)).await;
        insert(&db, &external(2)).await;
        let second = move |tx: &mut Tx<'_>| conversations::insert(tx, &of_visitor(3));
        assert_eq!(conflict(&db, second).await, "conversation_account_id_visitor_id_key", "{}", store.engine);
        let second = move |tx: &mut Tx<'_>| conversations::insert(tx, &external(3));
        assert_eq!(
            conflict(&db, second).await,
            "conversation_account_id_external_id_key",
            "{}",
            store.engine
        );
        insert(&db, &Conversation { account: globex().id, ..external(4) }).await;

        let open_ones = |tx: &mut Tx<'_>| {
            let visitor = conversations::find_open_of_visitor(tx, acme().id, id(7))?;
            let external = conversations::find_open_external(tx, acme().id, "chat 7")?;
            let last = conversations::find_last_of_visitor(tx, acme().id, id(7))?;
            let id = |it: Option<Conversation>| it.map(|it| it.id);
            Ok((id(visitor), id(external), id(last)))
        };
        assert_eq!(write(&db, open_ones).await, (Some(id(1)), Some(id(2)), Some(id(1))));
        for it in [of_visitor(1), external(2)] {
            assert!(update(&db, &closed(&it)).await);
        }
        assert_eq!(write(&db, open_ones).await, (None, None, Some(id(1))), "the last may be over");
        insert(&db, &of_visitor(5)).await;
        insert(&db, &external(6)).await;
        assert_eq!(write(&db, open_ones).await, (Some(id(5)), Some(id(6)), Some(id(5))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_a_visitor_begins_at_once_one_is_refused() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let begin = |number| {
            move |tx: &mut Tx<'_>| {
                let it = Conversation { visitor: Some(id(7)), ..begun(number) };
                Ok(conversations::insert(tx, &it)?)
            }
        };
        let (one, other) = overlap(&store, &db, begin(1), begin(2)).await;
        assert_ne!(one.is_ok(), other.is_ok(), "{}: {one:?} {other:?}", store.engine);
    }
}

#[tokio::test]
async fn conversations_are_listed_newest_first_by_phase_or_contact() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, phase, contact) in [
            (1, Phase::Bot, Some(8)),
            (2, Phase::Queued, None),
            (3, Phase::Bot, Some(8)),
            (4, Phase::Closed, Some(9)),
            (5, Phase::Bot, None),
        ] {
            insert(&db, &Conversation { phase, contact: contact.map(id), ..begun(number) }).await;
        }
        let list = |filter, before, limit| {
            let db = &db;
            async move {
                let list =
                    move |tx: &mut Tx<'_>| conversations::list(tx, acme().id, filter, id(before), limit);
                read(db, list).await.into_iter().map(|it| it.id).collect::<Vec<_>>()
            }
        };
        let (all, bot) = (ConversationFilter::All, ConversationFilter::Phase(Phase::Bot));
        let of = |number| ConversationFilter::Contact(id(number));
        assert_eq!(list(all, 99, 3).await, [id(5), id(4), id(3)]);
        assert_eq!(list(all, 3, 3).await, [id(2), id(1)]);
        assert_eq!(list(bot, 99, 2).await, [id(5), id(3)]);
        assert_eq!(list(bot, 3, 2).await, [id(1)]);
        assert_eq!(list(ConversationFilter::Phase(Phase::Agent), 99, 9).await, []);
        assert_eq!(list(of(8), 99, 1).await, [id(3)]);
        assert_eq!(list(of(8), 3, 9).await, [id(1)]);
        assert_eq!(list(of(9), 99, 9).await, [id(4)], "{}", store.engine);
    }
}

#[tokio::test]
async fn what_is_longest_due_comes_first_whosever_it_is() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, due, account) in [
            (1, Some(30), acme().id),
            (2, Some(10), globex().id),
            (3, None, acme().id),
            (4, Some(20), acme().id),
            (5, Some(40), acme().id),
        ] {
            insert(&db, &Conversation { account, due_at: due.map(at), ..begun(number) }).await;
        }
        let due = |second, limit| read(&db, move |tx| conversations::due(tx, at(second), limit));
        let (acme, globex) = (acme().id, globex().id);
        assert_eq!(due(9, 9).await, []);
        assert_eq!(due(30, 9).await, [(globex, id(2)), (acme, id(4)), (acme, id(1))]);
        assert_eq!(due(99, 2).await, [(globex, id(2)), (acme, id(4))], "{}", store.engine);
        let later = Conversation { due_at: Some(at(50)), ..begun(4) };
        assert!(update(&db, &later).await);
        assert!(update(&db, &closed(&begun(1))).await);
        assert_eq!(due(49, 9).await, [(globex, id(2)), (acme, id(5))]);
        let postpone = |until| move |tx: &mut Tx<'_>| conversations::postpone(tx, globex, id(2), at(until));
        assert!(write(&db, postpone(60)).await);
        assert!(!write(&db, postpone(59)).await, "never to an earlier instant");
        assert_eq!(due(59, 9).await, [(acme, id(5)), (acme, id(4))]);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_conversation() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, &full(1)).await;
        let other = globex().id;
        let seen = move |tx: &mut Tx<'_>| {
            assert_eq!(conversations::find(tx, other, id(1))?, None);
            assert_eq!(conversations::find_to_change(tx, other, id(1))?, None);
            assert_eq!(conversations::find_open_of_visitor(tx, other, id(1))?, None);
            assert_eq!(conversations::find_last_of_visitor(tx, other, id(1))?, None);
            assert_eq!(conversations::find_open_external(tx, other, "ext 1")?, None);
            assert!(!conversations::postpone(tx, other, id(1), at(999))?);
            assert!(!conversations::update(tx, &Conversation { account: other, ..begun(1) })?);
            for filter in [
                ConversationFilter::All,
                ConversationFilter::Phase(Phase::Agent),
                ConversationFilter::Contact(id(6)),
            ] {
                assert_eq!(conversations::list(tx, other, filter, id(99), 9)?, []);
            }
            Ok(())
        };
        write(&db, seen).await;
        assert_eq!(find(&db, 1).await, Some(full(1)), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_conversation_keeps_its_draft_until_it_is_forgotten_and_a_foreign_account_has_no_part_in_it() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let look = |tx: &mut Tx<'_>| {
            conversations::insert(tx, &begun(1))?;
            conversations::insert(tx, &begun(2))?;
            conversations::insert_draft(tx, acme().id, id(1), "{\"ö\":1}")?;
            assert_eq!(conversations::find_draft(tx, acme().id, id(1))?.as_deref(), Some("{\"ö\":1}"));
            assert_eq!(conversations::find_draft(tx, acme().id, id(2))?, None);
            assert_eq!(conversations::find_draft(tx, globex().id, id(1))?, None);
            conversations::delete_draft(tx, globex().id, id(1))?;
            assert!(conversations::find_draft(tx, acme().id, id(1))?.is_some());
            conversations::delete_draft(tx, acme().id, id(1))?;
            conversations::delete_draft(tx, acme().id, id(1))?;
            conversations::find_draft(tx, acme().id, id(1))
        };
        assert_eq!(write(&db, look).await, None, "{}", store.engine);
    }
}
