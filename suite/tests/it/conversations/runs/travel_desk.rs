//! `travel-desk`: trips that are booked, asked about, left and not consented to.

use app::conversations::operators;
use suite::stores;

use crate::conversations::{Scene, minutes};

const TRIP: &str = "
    # book
    > Lisbon
    > 2026-11-05
    > 2
    # lt500";

#[tokio::test(flavor = "multi_thread")]
async fn a_a_trip_with_a_bad_address_once_is_one_contact_and_both_markers() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play(TRIP).await;
        tab.play(
            "
            > Nuala O'Brien
            > nuala at example
            > nuala@example.ie
            > 020 7946 0018
            # yes
            # no",
        )
        .await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Nuala O'Brien","email":"nuala@example.ie","phone":"+442079460018"} {"budget":"lt500","depart":"2026-11-05","destination":"Lisbon","pax":2} consent yes
                marker Book Trip 1 of 1
                marker Contact Details 1 of 1
                Contact Information {"name":"Nuala O'Brien","email":"nuala@example.ie","phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        scene
            .expect_said(
                tab.id(),
                "
                Desk: Good morning! This is the Meridian travel desk.
                Desk: What can I do for you?
                Visitor: Book a trip
                Desk: Where would you like to go?
                Visitor: Lisbon
                Desk: When do you leave? (e.g. 2026-11-05)
                Visitor: 2026-11-05
                Desk: How many travellers?
                Visitor: 2
                Desk: Budget per person?
                Visitor: Under 500
                Desk: Whom may I address?
                Visitor: Nuala O'Brien
                Desk: Which e-mail for the offer?
                Visitor: nuala at example
                Desk: That does not look like an e-mail address. Could you type it again?
                Visitor: nuala@example.ie
                Desk: A number in case of questions?
                Visitor: 020 7946 0018
                Desk: May we keep these details to prepare your offer?
                Visitor: Yes
                Desk: Anything else?
                Visitor: No
                Desk: Have a good journey!",
            )
            .await;
        assert_eq!(tab.conversation.as_ref().unwrap().replies, 11);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b_who_leaves_at_the_travellers_has_started_a_marker_and_is_no_contact() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play("# book\n> Lisbon\n> 2026-11-05").await;
        scene.expect(tab.id(), "open bot\nmarker Book Trip 0 of 1").await;
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        scene.expect(tab.id(), "closed idle_bot\nmarker Book Trip 0 of 1\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_without_consent_both_markers_stay_open_and_nobody_is_told() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play(TRIP).await;
        tab.play("> Nuala\n> nuala@example.ie\nskip\n# no").await;
        assert_eq!(tab.seen[tab.seen.len() - 2].text, "Understood, nothing is stored.");
        tab.play("# no").await;
        scene
            .expect(
                tab.id(),
                "
                closed bot_finished
                marker Book Trip 0 of 1
                marker Contact Details 0 of 1
                Chat Transcript",
            )
            .await;
        scene.app.finish().await;
    }
}

/// Books twice in one conversation, with this address and number the second time.
async fn books_twice(scene: &Scene, second: &str) -> crate::conversations::Tab {
    let mut tab = scene.tab(1);
    tab.play(TRIP).await;
    tab.play("> Ana\n> ana@example.com\nskip\n# yes\n# yes").await;
    tab.play("# book\n> Porto\n> 2026-11-20\n> 1\n# gt1500").await;
    tab.play(second).await;
    tab.play("# yes\n# no").await;
    tab
}

#[tokio::test(flavor = "multi_thread")]
async fn d_two_trips_in_one_conversation_are_two_executions_and_told_again_if_the_address_changed() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let tab = books_twice(&scene, "> Ana\n> ana.b@example.com\n> 020 7946 0018").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana.b@example.com","phone":"+442079460018"} {"budget":"gt1500","depart":"2026-11-20","destination":"Porto","pax":1} consent yes
                marker Book Trip 2 of 2
                marker Contact Details 2 of 2
                Contact Information {"name":"Ana","email":"ana@example.com","phone":null}
                Contact Information {"name":"Ana","email":"ana.b@example.com","phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        let ids: Vec<_> = scene.events(tab.id()).await.iter().map(|it| it.id).collect();
        assert_ne!(ids[0], ids[1], "a correction is an event of its own");
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_two_trips_of_the_same_person_are_told_once_and_the_contact_knows_the_last() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let tab = books_twice(&scene, "> Ana\n> ana@example.com\nskip").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@example.com","phone":null} {"budget":"gt1500","depart":"2026-11-20","destination":"Porto","pax":1} consent yes
                marker Book Trip 2 of 2
                marker Contact Details 2 of 2
                Contact Information {"name":"Ana","email":"ana@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e_an_agent_accepts_a_question_about_a_trip_and_closes() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let omar = scene.omar;
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# status\n> AB12\n> ab123456").await;
        scene.expect(tab.id(), "open queued\nmarker Trip Status 1 of 1").await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.act(move |tx| operators::reply(tx, &omar, id, "On its way.", None)).await;
        tab.play("> Thanks\n> Bye").await;
        scene.act(move |tx| operators::close(tx, &omar, id)).await;
        scene.expect(id, "closed operator_closed\nmarker Trip Status 1 of 1\nChat Transcript").await;
        scene
            .expect_said(
                id,
                "
                Desk: Good morning! This is the Meridian travel desk.
                Desk: What can I do for you?
                Visitor: Trip status
                Desk: Your booking code?
                Visitor: AB12
                Desk: That does not have the form that is asked for. Please check it.
                Visitor: ab123456
                Desk: Thanks - an agent checks AB123456.
                System: Omar has joined the chat.
                Omar: On its way.
                Visitor: Thanks
                Visitor: Bye",
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_with_nobody_at_the_desk_the_details_are_left() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play("# human").await;
        let texts: Vec<_> = tab.seen.iter().rev().take(2).map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["Whom may I address?", "Nobody is at the desk right now. Leave your details?"]);
        tab.play("> Ng\n> ng@example.com\nskip\n# yes\n# no").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ng","email":"ng@example.com","phone":null} {} consent yes
                marker Contact Details 1 of 1
                Contact Information {"name":"Ng","email":"ng@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g_an_address_without_an_answer_about_consent_is_nobody_s_contact() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play(TRIP).await;
        tab.play("> Ana\n> ana@example.com\nskip").await;
        assert_eq!(tab.last().1, "May we keep these details to prepare your offer?");
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        scene
            .expect(
                tab.id(),
                "
                closed idle_bot
                marker Book Trip 0 of 1
                marker Contact Details 0 of 1
                Chat Transcript",
            )
            .await;
        scene.app.finish().await;
    }
}
