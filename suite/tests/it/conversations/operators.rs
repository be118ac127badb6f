//! Operators: who may accept, what they and the visitor say to each other, and how the bot gets the chat back.

use app::{conversations::operators, departments};
use domain::{Author, Phase};
use suite::stores;

use super::{Scene, minutes, seconds};

fn texts(tab: &super::Tab, last: usize) -> Vec<(Author, &str)> {
    let from = tab.seen.len() - last;
    tab.seen[from..].iter().map(|it| (it.author, it.text.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_one_operator_s_until_it_is_given_away() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let (omar, olga) = (scene.omar, scene.olga);
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# human\n> Hello?").await;
        let id = tab.id();
        assert_eq!(scene.clash(move |tx| operators::reply(tx, &omar, id, "Hi", None)).await, "not_accepted");
        let accepted = scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        assert_eq!((accepted.phase, accepted.queued_at), (Phase::Agent, None));
        let again = scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        assert_eq!(again.messages, accepted.messages, "accepting one's own again says nothing");
        assert_eq!(scene.clash(move |tx| operators::accept(tx, &olga, id)).await, "accepted_by_another");
        let by_olga = move |tx: &mut app::Tx<'_>| operators::reply(tx, &olga, id, "Hi", None);
        assert_eq!(scene.clash(by_olga).await, "accepted_by_another");
        let reply = move |tx: &mut app::Tx<'_>| operators::reply(tx, &omar, id, "Hi, Omar here", Some("r1"));
        let (first, repeat) = (scene.act(reply).await, scene.act(reply).await);
        assert_eq!(first.messages, repeat.messages, "a repeat is heard once");
        tab.play("> I need help").await;
        assert_eq!(
            texts(&tab, 3),
            [
                (Author::System, "Omar has joined the chat."),
                (Author::Operator, "Hi, Omar here"),
                (Author::Visitor, "I need help"),
            ]
        );
        let department = scene.conversation(id).await.department.unwrap();
        scene.act(move |tx| operators::transfer(tx, &omar, id, department)).await;
        scene.act(move |tx| operators::accept(tx, &olga, id)).await;
        assert_eq!(
            scene.clash(move |tx| operators::reply(tx, &omar, id, "?", None)).await,
            "accepted_by_another"
        );
        tab.look().await;
        assert_eq!(
            texts(&tab, 2),
            [
                (Author::System, "The chat was transferred to Sales."),
                (Author::System, "Olga has joined the chat."),
            ]
        );
        scene.act(move |tx| operators::close(tx, &omar, id)).await;
        scene.expect(id, "closed admin_closed\nChat Transcript").await;
        assert_eq!(scene.clash(move |tx| operators::accept(tx, &omar, id)).await, "conversation_closed");
        assert_eq!(scene.clash(move |tx| operators::close(tx, &omar, id)).await, "conversation_closed");
        let repeat = scene.act(reply).await;
        assert!(
            repeat.closed.is_some(),
            "what was said is said, though the answer was lost and the chat is over"
        );
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_handover_the_bot_goes_on_where_the_operator_hands_back() {
    for store in stores().await {
        let nodes = r#"
            {"id":"a","kind":"choice","text":"Help?","options":[{"value":"y","label":"Yes","next":"b"},{"value":"n","label":"No","next":"e"}]},
            {"id":"b","kind":"handover","department":"Sales","next":"c","offline":"d"},
            {"id":"c","kind":"ask","type":"text","text":"How was it?","var":"how","next":"e"},
            {"id":"d","kind":"message","text":"Nobody there.","next":"e"},
            {"id":"e","kind":"end","text":"Bye.","then":"close"}"#;
        let scene = Scene::with_flow(store, nodes).await;
        let omar = scene.omar;
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# y").await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.act(move |tx| operators::hand_back(tx, &omar, id)).await;
        tab.look().await;
        assert_eq!(
            texts(&tab, 2),
            [(Author::System, "Omar has left the chat."), (Author::Bot, "How was it?")]
        );
        tab.play("> Fine").await;
        scene.expect(id, "closed bot_finished\nChat Transcript").await;

        let mut other = scene.tab(2);
        scene.act(move |tx| departments::leave(tx, &omar)).await;
        other.play("# y").await;
        assert_eq!(texts(&other, 2), [(Author::Bot, "Nobody there."), (Author::Bot, "Bye.")]);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_an_operator_interrupted_is_asked_again_and_can_be_answered() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let omar = scene.omar;
        let mut tab = scene.tab(1);
        tab.play("# book\n> Lisbon\n> 2026-11-05\n> 2").await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        // Pressed when the operator had just come: the operator sees it, the flow does not.
        tab.play("# lt500").await;
        assert_eq!(tab.last(), (Author::Visitor, "Under 500"), "on {}", scene.app.engine);
        tab.play("> Oh, a person").await;
        scene.after(minutes(20)).await;
        scene.act(move |tx| operators::hand_back(tx, &omar, id)).await;
        scene.after(minutes(4)).await;
        tab.look().await;
        let it = tab.conversation.as_ref().unwrap();
        assert_eq!((it.phase, it.operator.is_some(), it.closed), (Phase::Bot, false, None));
        let asked = tab.seen.last().and_then(|it| it.ask.as_deref()).expect("it is asked again");
        assert!(asked.contains("Under 500"), "{asked}");
        tab.play("# lt500").await;
        assert_eq!(tab.last().1, "Whom may I address?", "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_said_so_for_a_minute_is_not_there() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let (omar, olga) = (scene.omar, scene.olga);
        let console = scene.console();
        let all = scene.act(move |tx| departments::list(tx, &console)).await;
        let crm = all.iter().find(|it| it.name == "CRM").unwrap().id;
        scene.arrives(omar).await;
        scene.act(move |tx| departments::arrive(tx, &olga, vec![crm])).await;
        let phase = |browser, wait| {
            let scene = &scene;
            async move {
                scene.after(seconds(wait)).await;
                let mut tab = scene.tab(browser);
                tab.play("# human").await;
                tab.conversation.unwrap().phase
            }
        };
        assert_eq!(phase(1, 59).await, Phase::Queued);
        scene.act(move |tx| departments::arrive(tx, &olga, vec![crm])).await;
        assert_eq!(phase(2, 1).await, Phase::Bot, "Olga is there, but for other chats");
        scene.act(move |tx| departments::arrive(tx, &olga, Vec::new())).await;
        assert_eq!(phase(3, 0).await, Phase::Queued, "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_another_account_is_nobody_s() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play("# book").await;
        let (id, globex) = (tab.id(), domain::Actor::Console { account: scene.app.globex.0 });
        let accept = move |tx: &mut app::Tx<'_>| operators::accept(tx, &globex, id);
        let close = move |tx: &mut app::Tx<'_>| operators::close(tx, &globex, id);
        for answer in [scene.app.db.write(accept).await, scene.app.db.write(close).await] {
            assert!(matches!(answer, Err(app::AppError::NotFound)), "{answer:?}");
        }
        assert_eq!(scene.conversation(id).await.phase, Phase::Bot);
        scene.app.finish().await;
    }
}
