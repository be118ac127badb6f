//! `saas-demo`: demos that are booked, handed over, corrected, cut off, held in two tabs and overtaken by a version.

use app::{
    chatbots::{self, ChatbotUpdate},
    conversations::{operators, visits::What},
};
use suite::stores;

use crate::conversations::{Scene, Tab};

const DEMO: &str = "
    # demo
    > ana@loomwork.example
    > Ana
    > Acme";

#[tokio::test(flavor = "multi_thread")]
async fn a_pricing_and_a_demo_are_one_execution_each() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play(
            "# price\n# yes\n> ana@loomwork.example\n> Ana\n> Acme\n# 1-10\n> 2026-03-05\nskip\n# yes\n# no",
        )
        .await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@loomwork.example","phone":null} {"company":"Acme","day":"2026-03-05","score":1,"size":"1-10"} consent yes
                marker Pricing Viewed 1 of 1
                marker Demo Request 1 of 1
                Contact Information {"name":"Ana","email":"ana@loomwork.example","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b_a_large_team_is_handed_over_after_the_contact_is_told_and_the_operator_closes() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let omar = scene.omar;
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play(DEMO).await;
        // A Saturday, and a day too far away.
        tab.play("# 250plus\n> 2026-03-07\n> 2026-05-04\n> no thanks\n> 020 7946 0018\n> sure").await;
        let id = tab.id();
        scene
            .expect(
                id,
                r#"
                open queued
                contact {"name":"Ana","email":"ana@loomwork.example","phone":"+442079460018"} {"company":"Acme","score":3,"size":"250plus"} consent yes
                marker Demo Request 1 of 1
                Contact Information {"name":"Ana","email":"ana@loomwork.example","phone":"+442079460018"}"#,
            )
            .await;
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.act(move |tx| operators::close(tx, &omar, id)).await;
        scene
            .expect(
                id,
                r#"
                closed operator_closed
                contact {"name":"Ana","email":"ana@loomwork.example","phone":"+442079460018"} {"company":"Acme","score":3,"size":"250plus"} consent yes
                marker Demo Request 1 of 1
                Contact Information {"name":"Ana","email":"ana@loomwork.example","phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_a_personal_address_that_is_changed_is_asked_for_twice_and_told_once() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play("# demo\n> ana@gmail.com\n# change\n> ana@loomwork.example\n> Ana\n> Acme").await;
        tab.play("# 51-250\nskip\nskip\n# yes\n# no").await;
        let asked = tab.seen.iter().filter(|it| it.text == "Your work e-mail?").count();
        assert_eq!(asked, 2);
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@loomwork.example","phone":null} {"company":"Acme","score":2,"size":"51-250"} consent yes
                marker Demo Request 1 of 1
                Contact Information {"name":"Ana","email":"ana@loomwork.example","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_an_answer_that_is_sent_again_after_the_network_was_away_is_heard_once() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play(DEMO).await;
        let press = What::Choice { value: "11-50".into(), question: tab.question() };
        // The first answer is lost: the tab does not know of it.
        let mut lost = Tab { seen: tab.seen.clone(), conversation: tab.conversation.clone(), ..scene.tab(1) };
        lost.cursor = tab.cursor;
        lost.send("size", press.clone()).await.expect("it is heard");
        tab.send("size", press.clone()).await.expect("a repeat is answered like the first");
        tab.send("size", press).await.expect("and again");
        let mut back = scene.tab(1);
        back.look().await;
        assert_eq!(back.seen, tab.seen);
        assert_eq!(lost.seen, tab.seen);
        let said: Vec<_> = tab.seen.iter().rev().take(2).map(|it| it.text.as_str()).collect();
        assert_eq!(said, ["Preferred day?", "11-50"]);
        assert_eq!(tab.seen.iter().filter(|it| it.text == "11-50").count(), 1);
        back.play("skip\nskip\n# yes\n# no").await;
        assert_eq!(back.id(), tab.id());
        assert_eq!(scene.contacts().await[0].custom["score"], 1, "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e_two_tabs_of_one_browser_hold_one_conversation_and_keep_in_step() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let (mut one, mut other) = (scene.tab(1), scene.tab(1));
        other.look().await;
        one.play("# demo").await;
        other.look().await;
        assert_eq!(other.seen, one.seen);
        other.play("> ana@loomwork.example").await;
        // The first tab has not seen the second's answer: its own is an answer to what is asked now.
        one.play("> Ana").await;
        let late = What::Choice { value: "demo".into(), question: 1 };
        other.send("late", late).await.expect("a button that is gone is heard by nobody");
        other.play("> Acme").await;
        one.look().await;
        assert_eq!((one.id(), &one.seen), (other.id(), &other.seen));
        let numbers: Vec<u32> = one.seen.iter().map(|it| it.number).collect();
        assert_eq!(numbers, (1..=one.seen.len() as u32).collect::<Vec<_>>(), "on {}", scene.app.engine);
        one.end().await;
        other.look().await;
        scene
            .expect_said(
                one.id(),
                "
                Desk: Hi! Want to see Loomwork in action?
                Desk: What are you looking for?
                Visitor: Book a demo
                Desk: Your work e-mail?
                Visitor: ana@loomwork.example
                Desk: Your name?
                Visitor: Ana
                Desk: Company?
                Visitor: Acme
                Desk: Team size?",
            )
            .await;
        assert!(other.conversation.as_ref().unwrap().closed.is_some());
        scene.expect(one.id(), "closed visitor_ended\nmarker Demo Request 0 of 1\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_a_version_that_is_published_meanwhile_is_for_new_conversations() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play("# demo\n> ana@loomwork.example").await;
        let (console, chatbot) = (scene.console(), scene.chatbot.id);
        let publish = move |tx: &mut app::Tx<'_>| {
            let draft = chatbots::get(tx, &console, chatbot)?.draft.replace("Company?", "Firm?");
            let update = ChatbotUpdate { flow: Some(draft), ..ChatbotUpdate::default() };
            chatbots::update(tx, &console, chatbot, &update)?;
            chatbots::publish(tx, &console, chatbot)
        };
        assert_eq!(scene.act(publish).await.version, Some(2));
        tab.play("> Ana").await;
        assert_eq!(tab.last().1, "Company?");
        let mut new = scene.tab(2);
        new.play(DEMO).await;
        assert_eq!(new.seen[new.seen.len() - 3].text, "Firm?");
        tab.play("> Acme\n# 11-50\nskip\nskip\n# yes\n# no").await;
        let versions = [&tab, &new].map(|it| it.conversation.as_ref().unwrap().version);
        assert_eq!(versions, [Some(1), Some(2)], "on {}", scene.app.engine);
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@loomwork.example","phone":null} {"company":"Acme","score":1,"size":"11-50"} consent yes
                marker Demo Request 1 of 1
                Contact Information {"name":"Ana","email":"ana@loomwork.example","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whom_nobody_can_help_now_is_asked_whether_one_may_write() {
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        let mut tab = scene.tab(1);
        tab.play("# support\n> ana@example.com").await;
        assert_eq!(tab.last().1, "Nobody is free. May we write to ana@example.com about your request?");
        tab.play("# yes\n# no").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":null,"email":"ana@example.com","phone":null} {} consent yes
                Contact Information {"name":null,"email":"ana@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}
