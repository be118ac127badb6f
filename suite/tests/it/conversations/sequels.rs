//! What comes after: a close that is final, contacts that come back, addresses that are known without a question for
//! consent, and what is heard twice or too late.

use app::{
    chatbots::{self, ChatbotUpdate},
    contacts,
    conversations::visits::{What, find},
};
use domain::Author;
use suite::stores;

use super::{Scene, minutes};

/// Asks for an address and a number, and nothing else.
const NO_CONSENT: &str = r#"
    {"id":"a","kind":"ask","type":"email","text":"Your e-mail?","var":"email","next":"b"},
    {"id":"b","kind":"ask","type":"phone","text":"Your number?","var":"phone","next":"c"},
    {"id":"c","kind":"save_contact","email":"email","phone":"phone","next":"d"},
    {"id":"d","kind":"end","text":"Bye.","then":"close"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_asked_for_consent_an_address_is_told_when_the_chat_ends_early() {
    for store in stores().await {
        let scene = Scene::with_flow(store, NO_CONSENT).await;
        let (mut idle, mut ended) = (scene.tab(1), scene.tab(2));
        idle.play("> ana@example.com").await;
        ended.play("> bob@example.com\n> not a number").await;
        ended.end().await;
        scene
            .expect(
                ended.id(),
                r#"
                closed visitor_ended
                contact {"name":null,"email":"bob@example.com","phone":null} {} consent none
                Contact Information {"name":null,"email":"bob@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        scene
            .expect(
                idle.id(),
                r#"
                closed idle_bot
                contact {"name":null,"email":"bob@example.com","phone":null} {} consent none
                contact {"name":null,"email":"ana@example.com","phone":null} {} consent none
                Contact Information {"name":null,"email":"ana@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_nothing_is_nobody_s_contact() {
    for store in stores().await {
        let scene = Scene::with_flow(store, NO_CONSENT).await;
        let mut tab = scene.tab(1);
        tab.play("> not an address").await;
        tab.end().await;
        scene.expect(tab.id(), "closed visitor_ended\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_after_the_close_opens_another_conversation_of_the_same_visitor() {
    for store in stores().await {
        let scene = Scene::with_flow(store, NO_CONSENT).await;
        let mut tab = scene.tab(1);
        tab.play("> ana@example.com\n> 020 7946 0018").await;
        let first = tab.id();
        let closed = scene.transcript(first).await;
        assert_eq!(tab.last(), (Author::Bot, "Bye."));
        tab.play("> ana@example.com").await;
        assert_ne!(tab.id(), first);
        assert_eq!(tab.seen[0].number, 1, "what is shown is the new one alone");
        let repeat = What::Text("ana@example.com".into());
        let name = format!("{}-1", tab.tab);
        tab.send(&name, repeat).await.expect("what was said in the first is known");
        assert_eq!(tab.conversation.as_ref().unwrap().replies, 1, "on {}", scene.app.engine);
        tab.play("> +1 202 555 0143").await;
        assert_eq!(scene.transcript(first).await, closed, "what is over does not change");
        let (one, other) = (scene.conversation(first).await, scene.conversation(tab.id()).await);
        assert_eq!((one.visitor, one.contact), (other.visitor, other.contact), "one visitor, one contact");
        let visit = tab.visit.clone();
        assert_eq!(scene.act(move |tx| find(tx, &visit)).await, one.visitor);
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":null,"email":"ana@example.com","phone":"+12025550143"} {} consent none
                Contact Information {"name":null,"email":"ana@example.com","phone":"+12025550143"}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_of_a_chat_that_is_over_opens_none_that_nobody_spoke_in() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play("# demo\n> ana@gmail.com").await;
        let first = tab.id();
        let late = What::Choice { value: "keep".into(), question: tab.question() };
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        tab.send("late", late).await.expect("it is no error");
        let console = scene.console();
        let list = move |tx: &mut app::Tx<'_>| {
            app::conversations::list(tx, &console, app::conversations::Filter::default(), super::whole())
        };
        let all: Vec<_> = scene.act(list).await.items.iter().map(|it| (it.id, it.replies)).collect();
        assert_eq!(all, [(first, 2)], "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_by_address_is_one_contact_and_one_with_the_same_number_is_flagged() {
    for store in stores().await {
        let scene = Scene::with_flow(store, NO_CONSENT).await;
        let (mut one, mut other, mut third) = (scene.tab(1), scene.tab(2), scene.tab(3));
        one.play("> ana@example.com\n> 020 7946 0018").await;
        other.play("> ANA@example.com\n> +1 202 555 0143").await;
        third.play("> bob@example.com\n> +1 202 555 0143").await;
        let all = scene.contacts().await;
        let fields: Vec<_> = all.iter().map(|it| it.fields.to_json()).collect();
        assert_eq!(
            fields,
            [
                r#"{"name":null,"email":"ANA@example.com","phone":"+12025550143"}"#,
                r#"{"name":null,"email":"bob@example.com","phone":"+12025550143"}"#,
            ],
            "on {}",
            scene.app.engine
        );
        assert_eq!((all[0].duplicate_of, all[1].duplicate_of), (None, Some(all[0].id)));
        let (console, into, from) = (scene.console(), all[0].id, all[1].id);
        let merged = scene.act(move |tx| contacts::merge(tx, &console, into, from)).await;
        assert_eq!(merged.fields.email.as_deref(), Some("ANA@example.com"));
        assert_eq!(scene.conversation(third.id()).await.contact, Some(into));
        assert_eq!(scene.contacts().await, [merged]);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_number_is_masked_in_whatever_is_kept_and_told() {
    const NODES: &str = r#"
        {"id":"a","kind":"ask","type":"text","text":"How will you pay?","var":"pay","next":"b"},
        {"id":"b","kind":"ask","type":"name","text":"Your name?","var":"name","next":"c"},
        {"id":"c","kind":"ask","type":"email","text":"Your e-mail?","var":"email","next":"d"},
        {"id":"d","kind":"save_contact","name":"name","email":"email","custom":["pay"],"next":"e"},
        {"id":"e","kind":"end","text":"You pay with {{pay}}.","then":"close"}"#;
    for store in stores().await {
        let scene = Scene::with_flow(store, NODES).await;
        let (console, mut settings, id) = (scene.console(), scene.chatbot.settings.clone(), scene.chatbot.id);
        settings.mask_cards = true;
        let update = ChatbotUpdate { settings: Some(settings), ..ChatbotUpdate::default() };
        scene.act(move |tx| chatbots::update(tx, &console, id, &update)).await;
        let mut tab = scene.tab(1);
        tab.play("> 4111 1111 1111 1111\n> Ana 4111111111111111\n> ana@example.com").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana ************1111","email":"ana@example.com","phone":null} {"pay":"**** **** **** 1111"} consent none
                Contact Information {"name":"Ana ************1111","email":"ana@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        assert_eq!(tab.last().1, "You pay with **** **** **** 1111.", "on {}", scene.app.engine);
        for event in scene.events(tab.id()).await {
            let told = event.data.unwrap_or_default() + &event.context.more.unwrap_or_default();
            assert!(!told.contains("4111"), "{told}");
        }
        scene.app.finish().await;
    }
}
