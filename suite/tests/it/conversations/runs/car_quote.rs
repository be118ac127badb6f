//! `car-quote`: quotes with and without a number, a specialist who is or is not there, and a no at once.

use app::conversations::operators;
use suite::stores;

use crate::conversations::{Scene, minutes};

const CAR: &str = "
    # yes
    # new
    > 2026
    > Fiat 500
    # tp
    # 0
    > Ana";

#[tokio::test(flavor = "multi_thread")]
async fn a_two_wrong_numbers_and_a_right_one_are_a_quote_without_an_address() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play(
            "
            # yes
            # used
            > 2019
            > Volvo V60
            # comp
            # 0
            > John Carter
            > call me
            > 12345
            > 020 7946 0018
            # yes
            skip",
        )
        .await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"John Carter","email":null,"phone":"+442079460018"} {"car":"Volvo V60","claims":"0","cover":"comp","year":2019} consent yes
                marker Quote 1 of 1
                Contact Information {"name":"John Carter","email":null,"phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        let digits = tab.id().uuid().simple().to_string();
        let reference = digits[24..].to_uppercase();
        let thanks = format!("Thank you John Carter. Your reference is {reference}.");
        assert_eq!(tab.seen[tab.seen.len() - 2].text, thanks);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b_a_classic_with_nobody_there_is_a_referral_and_no_quote() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play("# yes\n# used\n> 1949\n> 1962\n> 020 7946 0018").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":null,"email":null,"phone":"+442079460018"} {"year":1962} consent yes
                marker Quote 0 of 1
                marker Specialist Referral 1 of 1
                Contact Information {"name":null,"email":null,"phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b_a_specialist_who_takes_over_and_closes_leaves_both_markers_open() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let omar = scene.omar;
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# yes\n# used\n> 1962").await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.act(move |tx| operators::close(tx, &omar, id)).await;
        scene
            .expect(
                id,
                "
                closed operator_closed
                marker Quote 0 of 1
                marker Specialist Referral 0 of 1
                Chat Transcript",
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_three_bad_numbers_and_an_address_are_a_quote_without_a_number() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play(CAR).await;
        tab.play("> call me\n> call me maybe\n> 12345\n> ana@example.com").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@example.com","phone":null} {"car":"Fiat 500","claims":"0","cover":"tp","year":2026} consent yes
                marker Quote 1 of 1
                Contact Information {"name":"Ana","email":"ana@example.com","phone":null}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_three_bad_numbers_and_no_address_are_no_contact() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play(CAR).await;
        tab.play("> no\n> nope\n> never\nskip").await;
        scene.expect(tab.id(), "closed bot_finished\nmarker Quote 0 of 1\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn e_a_no_at_once_is_four_messages_and_nothing_else() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play("# no").await;
        scene.expect(tab.id(), "closed bot_finished\nChat Transcript").await;
        scene
            .expect_said(
                tab.id(),
                "
                Desk: Hello, I can prepare a car insurance quote in about a minute.
                Desk: We use your answers only for this quote. Continue?
                Visitor: No
                Desk: No problem - nothing was recorded.",
            )
            .await;
        assert_eq!(tab.seen.len(), 4);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_a_number_that_is_not_confirmed_is_asked_again_and_the_last_one_is_told() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play(CAR).await;
        tab.play("> 020 7946 0018\n# no\n> +1 202 555 0143\n# yes\n> ana@example.com").await;
        scene
            .expect(
                tab.id(),
                r#"
                closed bot_finished
                contact {"name":"Ana","email":"ana@example.com","phone":"+12025550143"} {"car":"Fiat 500","claims":"0","cover":"tp","year":2026} consent yes
                marker Quote 1 of 1
                Contact Information {"name":"Ana","email":"ana@example.com","phone":"+12025550143"}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_consented_and_left_a_number_is_told_before_the_transcript_when_the_chat_goes_idle() {
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let mut tab = scene.tab(1);
        tab.play(CAR).await;
        tab.play("> 020 7946 0018\n# yes").await;
        scene.expect(tab.id(), "open bot\nmarker Quote 0 of 1").await;
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        scene
            .expect(
                tab.id(),
                r#"
                closed idle_bot
                contact {"name":"Ana","email":null,"phone":"+442079460018"} {} consent yes
                marker Quote 0 of 1
                Contact Information {"name":"Ana","email":null,"phone":"+442079460018"}
                Chat Transcript"#,
            )
            .await;
        scene.app.finish().await;
    }
}
