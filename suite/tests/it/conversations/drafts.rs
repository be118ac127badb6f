//! Drafts that are tried before they are published: by whom, for how long, and what comes of it.

use app::{
    AppError, Tx, chatbots,
    conversations::{operators, visits},
    members, sessions,
};
use domain::{Account, Conversation, Id, Role, SessionToken};
use serde_json::json;
use suite::{TestStore, stores};

use super::{Scene, Tab, minutes};

/// A flow that asks twice, says which one it is, and saves who answered.
fn saying(word: &str) -> String {
    format!(
        r#"{{"schema":1,"start":"a","nodes":[
            {{"id":"a","kind":"ask","type":"name","text":"{word}: your name?","var":"name","next":"b"}},
            {{"id":"b","kind":"ask","type":"email","text":"{word}: your address?","var":"email","next":"c"}},
            {{"id":"c","kind":"save_contact","name":"name","email":"email","next":"d"}},
            {{"id":"d","kind":"end","text":"{word}: bye","then":"close"}}]}}"#
    )
}

/// Version 1 says Old, the draft says New.
async fn scene(store: TestStore) -> Scene {
    let flow = Some(saying("Old"));
    let scene = Scene::begin(store, chatbots::NewChatbot { flow, ..Default::default() }).await;
    edit(&scene, &saying("New")).await;
    scene
}

async fn edit(scene: &Scene, flow: &str) {
    let (actor, id) = (scene.console(), scene.chatbot.id);
    let update = chatbots::ChatbotUpdate { flow: Some(flow.to_owned()), ..Default::default() };
    scene.act(move |tx| chatbots::update(tx, &actor, id, &update)).await;
}

/// The session of a new member.
async fn signed_in(scene: &Scene, account: Id<Account>, role: Role) -> SessionToken {
    scene.act(move |tx| Ok(members::sample(tx, account, role)?.1)).await
}

/// A tab of our own page that tries the draft.
fn tries(scene: &Scene, browser: u8, session: &SessionToken) -> Tab {
    let mut tab = scene.tab(browser);
    (tab.visit.preview, tab.visit.own_origin) = (true, true);
    tab.visit.origin = suite::OWN_ORIGIN.into();
    tab.visit.draft = Some(session.clone());
    tab
}

/// Whether there is nothing for that tab: not to see, to say, or to end.
async fn finds_nothing(tab: &mut Tab) -> bool {
    let (looking, ending) = (tab.visit.clone(), tab.visit.clone());
    let looked = tab.db.read(move |tx| visits::look(tx, &looking, None)).await;
    let heard = tab.send("nothing", visits::What::Text("Ana Silva".into())).await;
    let ended = tab.db.write(move |tx| visits::end(tx, &ending, None)).await;
    let gone = |it: Option<AppError>| matches!(it, Some(AppError::NotFound));
    gone(looked.err()) && gone(heard.err()) && gone(ended.err())
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_every_role_try_the_draft_and_everybody_else_what_is_published() {
    for store in stores().await {
        let scene = scene(store).await;
        for (browser, role) in (1..).zip(Role::ALL) {
            let session = signed_in(&scene, scene.app.acme.0, role).await;
            let mut tab = tries(&scene, browser, &session);
            tab.look().await;
            assert_eq!(tab.last().1, "New: your name?", "{role:?} on {}", scene.app.engine);
        }
        let mut preview = scene.tab(20);
        (preview.visit.preview, preview.visit.own_origin) = (true, true);
        for mut tab in [preview, scene.tab(21)] {
            tab.play("> Ana Silva").await;
            assert_eq!(tab.last().1, "Old: your address?");
        }
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_draft_for_strangers_former_members_and_members_of_another_account() {
    for store in stores().await {
        let scene = scene(store).await;
        let foreign = signed_in(&scene, scene.app.globex.0, Role::Owner).await;
        assert!(finds_nothing(&mut tries(&scene, 1, &foreign)).await, "another account's");
        assert!(finds_nothing(&mut tries(&scene, 2, &SessionToken::from_bytes(&[7; 32]))).await, "made up");

        let session = signed_in(&scene, scene.app.acme.0, Role::Admin).await;
        let mut elsewhere = tries(&scene, 3, &session);
        (elsewhere.visit.own_origin, elsewhere.visit.origin) = (false, super::ORIGIN.into());
        let visit = elsewhere.visit.clone();
        let looked = scene.app.db.read(move |tx| visits::look(tx, &visit, None)).await;
        let refused = matches!(looked, Err(AppError::Forbidden { code: "origin_not_allowed", .. }));
        assert!(refused, "only our own pages try drafts");

        // Whoever signs out in the middle is a stranger again, and what the draft said is not shown either.
        let mut tab = tries(&scene, 4, &session);
        tab.play("> Ana Silva").await;
        let token = session.clone();
        let sign_out = move |tx: &mut Tx<'_>| {
            let signed = sessions::recognise(tx, &token)?.expect("the session is open");
            sessions::end(tx, &signed)
        };
        scene.act(sign_out).await;
        assert!(finds_nothing(&mut tab).await, "signed out");
        tab.visit.draft = None;
        assert!(finds_nothing(&mut tab).await, "the same token without a session");
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_keeps_the_draft_that_it_began_with_and_the_next_one_has_what_it_has_become() {
    for store in stores().await {
        let scene = scene(store).await;
        let session = signed_in(&scene, scene.app.acme.0, Role::Operator).await;
        let mut tab = tries(&scene, 1, &session);
        tab.play("> Ana Silva").await;
        assert_eq!(drafts(&scene).await, 1);
        edit(&scene, &saying("Newer")).await;
        let (actor, id) = (scene.console(), scene.chatbot.id);
        scene.act(move |tx| chatbots::publish(tx, &actor, id)).await;
        tab.look().await;
        assert_eq!(tab.last().1, "New: your address?");
        // An operator who takes it over gives it back to the same draft.
        let (omar, chat) = (scene.omar, tab.id());
        scene.act(move |tx| operators::accept(tx, &omar, chat)).await;
        scene.act(move |tx| operators::hand_back(tx, &omar, chat)).await;
        tab.look().await;
        assert!(tab.last().1.starts_with("Let us go on where we were"), "on {}", scene.app.engine);
        tab.play("> ana@example.com").await;
        assert_eq!((tab.last().1, drafts(&scene).await), ("New: bye", 0));
        tab.play("> Ana Silva").await;
        assert_eq!(tab.last().1, "Newer: your address?");
        // One that is left goes idle as any other, and leaves nothing.
        scene.after(minutes(30)).await;
        assert_eq!(drafts(&scene).await, 0);
        scene.expect(tab.id(), "closed idle_bot").await;
        scene.app.finish().await;
    }
}

/// How many drafts are kept for tries that are under way.
async fn drafts(scene: &Scene) -> usize {
    let rows = scene.app.rows(&["conversation_draft"]).await;
    rows["conversation_draft"].as_array().expect("a list of rows").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_of_a_draft_is_counted_nowhere_saves_nobody_and_sends_nothing() {
    for store in stores().await {
        let scene = scene(store).await;
        let session = signed_in(&scene, scene.app.acme.0, Role::Admin).await;
        let mut tab = tries(&scene, 1, &session);
        // Also a caller that leaves out that it is a preview.
        tab.visit.preview = false;
        tab.play("> Ana Silva\n> ana@example.com").await;
        scene.expect(tab.id(), "closed bot_finished").await;
        let Conversation { preview, version, .. } = scene.conversation(tab.id()).await;
        assert_eq!((preview, version), (true, None));
        assert_eq!(scene.app.get("/events").await["items"], json!([]));
        assert_eq!(scene.app.get("/contacts").await["items"], json!([]));
        let report = scene.app.get("/reports/bot").await;
        assert_eq!(report["total"]["conversations"], 0, "{report}");
        let (actor, id) = (scene.console(), scene.chatbot.id);
        assert_eq!(scene.act(move |tx| chatbots::last_heard(tx, &actor, id)).await, None);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_published_can_be_tried_and_what_makes_no_sense_cannot() {
    for store in stores().await {
        let scene = scene(store).await;
        let session = signed_in(&scene, scene.app.acme.0, Role::Viewer).await;
        let new = chatbots::NewChatbot {
            name: "Unpublished".into(),
            flow: Some(saying("First")),
            ..Default::default()
        };
        let actor = scene.console();
        let made = scene.act(move |tx| chatbots::create(tx, &actor, &new)).await;
        let mut tab = tries(&scene, 1, &session);
        tab.visit.public_key = made.public_key.clone();
        tab.play("> Ana Silva").await;
        assert_eq!(tab.last().1, "First: your address?");
        tab.visit.draft = None;
        assert!(finds_nothing(&mut tab).await, "an ordinary preview shows what is published");

        edit(&scene, r#"{"schema":1,"start":"gone","nodes":[]}"#).await;
        let visit = tries(&scene, 2, &session).visit;
        let looked = scene.app.db.read(move |tx| visits::look(tx, &visit, None)).await;
        assert!(matches!(looked, Err(AppError::NotFound)), "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}
