//! Chatbots that are only tried out, pages that may not embed one, and what is known before the first word.

use app::{AppError, conversations::operators, conversations::visits};
use suite::stores;

use super::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_only_a_try_is_no_contact_and_no_event() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let omar = scene.omar;
        let mut tab = scene.tab(1);
        (tab.visit.preview, tab.visit.own_origin) = (true, true);
        tab.visit.origin = "https://leadpost.example.com".into();
        tab.play("# book\n> Lisbon\n> 2026-11-05\n> 2\n# lt500").await;
        tab.play("> Ana\n> ana@example.com\nskip\n# yes").await;
        assert!(tab.conversation.as_ref().unwrap().preview);
        tab.play("# no").await;
        scene
            .expect(
                tab.id(),
                "
                closed bot_finished
                marker Book Trip 1 of 1
                marker Contact Details 1 of 1",
            )
            .await;
        tab.play("# status\n> AB123456\n> Ana\n> ana@example.com").await;
        let id = tab.id();
        scene.act(move |tx| operators::close(tx, &omar, id)).await;
        assert!(!scene.outcome(id).await.contains("Transcript"), "on {}", scene.app.engine);
        assert_eq!(scene.app.get("/events").await["items"], serde_json::json!([]));
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_allowed_gets_nothing_whatever_it_says() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        for (origin, own_origin, preview) in [
            ("https://evil.example", false, false),
            ("https://evil.example", false, true),
            ("https://www.example.com", false, true),
            ("https://leadpost.example.com", true, false),
            ("http://www.example.com", false, false),
            ("", false, false),
        ] {
            let mut tab = scene.tab(1);
            tab.visit.origin = origin.into();
            (tab.visit.own_origin, tab.visit.preview) = (own_origin, preview);
            let visit = tab.visit.clone();
            let looked = scene.app.db.read(move |tx| visits::look(tx, &visit, None)).await;
            let heard = tab.send("x", visits::What::Text("book".into())).await;
            let visit = tab.visit.clone();
            let ended = scene.app.db.write(move |tx| visits::end(tx, &visit, None)).await;
            let refused = |it: Option<AppError>| {
                matches!(it, Some(AppError::Forbidden { code: "origin_not_allowed", .. }))
            };
            assert!(refused(looked.err()) && refused(heard.err()) && refused(ended.err()), "{origin}");
        }
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_word_there_is_a_greeting_and_no_conversation() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.look().await;
        assert_eq!((tab.seen.len(), &tab.conversation), (2, &None));
        tab.look().await;
        tab.end().await;
        assert_eq!((tab.seen.len(), &tab.conversation), (2, &None), "on {}", scene.app.engine);
        let console = scene.console();
        let list = move |tx: &mut app::Tx<'_>| {
            app::conversations::list(tx, &console, app::conversations::Filter::default(), super::whole())
        };
        assert!(scene.act(list).await.items.is_empty());
        scene.app.finish().await;
    }
}
