//! What time alone brings about: reminders, idle chats that end, and queues that nobody looks at.

use app::{
    conversations::{inbound, operators},
    departments::{self, NewDepartment},
};
use domain::{Author, CloseReason, Department, Id, Phase};
use suite::stores;

use super::{Scene, Tab, minutes, seconds};

fn closed(tab: &Tab) -> Option<CloseReason> {
    tab.conversation.as_ref().expect("something was done").closed.map(|(_, reason)| reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_the_bot_is_reminded_once_and_then_it_ends() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play("# book").await;
        let before = tab.seen.len();
        scene.after(seconds(299)).await;
        tab.look().await;
        assert_eq!(tab.seen.len(), before, "on {}", scene.app.engine);
        scene.after(seconds(1)).await;
        tab.look().await;
        assert_eq!((tab.last(), tab.seen.len()), ((Author::Bot, "Are you still there?"), before + 1));
        scene.after(seconds(599)).await;
        tab.look().await;
        assert_eq!((closed(&tab), tab.seen.len()), (None, before + 1));
        scene.after(seconds(1)).await;
        tab.look().await;
        assert_eq!(closed(&tab), Some(CloseReason::IdleBot), "a reminder is no sign of life");
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_after_a_reminder_has_all_the_time_again() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        tab.play("# book").await;
        scene.after(minutes(14)).await;
        tab.play("> Lisbon").await;
        scene.after(minutes(4)).await;
        tab.look().await;
        assert_eq!(tab.last().1, "When do you leave? (e.g. 2026-11-05)");
        scene.after(minutes(1)).await;
        tab.look().await;
        assert_eq!(tab.last().1, "Are you still there?", "on {}", scene.app.engine);
        tab.play("> 2026-11-05").await;
        assert_eq!(tab.last().1, "How many travellers?", "a reminder is no question");
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        tab.look().await;
        assert_eq!(closed(&tab), Some(CloseReason::IdleBot));
        assert_eq!(tab.seen.iter().filter(|it| it.text == "Are you still there?").count(), 3);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_with_an_operator_ends_half_an_hour_after_the_last_word_of_either() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let omar = scene.omar;
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# human").await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.after(minutes(29)).await;
        scene.act(move |tx| operators::reply(tx, &omar, id, "One moment", None)).await;
        scene.after(minutes(29)).await;
        tab.play("> Still here").await;
        scene.after(seconds(1_799)).await;
        tab.look().await;
        assert_eq!((closed(&tab), tab.last().1), (None, "Still here"), "nobody is reminded");
        scene.after(seconds(1)).await;
        scene.expect(id, "closed idle_agent\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_accepts_gets_the_offline_way_and_the_time_to_go_it() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        scene.arrives(scene.omar).await;
        let mut tab = scene.tab(1);
        tab.play("# human").await;
        scene.after(seconds(119)).await;
        tab.play("> Anybody?").await;
        assert_eq!(tab.conversation.as_ref().unwrap().phase, Phase::Queued);
        scene.after(seconds(1)).await;
        tab.look().await;
        let last: Vec<_> = tab.seen.iter().rev().take(3).map(|it| (it.author, it.text.as_str())).collect();
        let expected = [
            (Author::Bot, "Whom may I address?"),
            (Author::Bot, "Nobody is at the desk right now. Leave your details?"),
            (Author::System, "Nobody is free right now."),
        ];
        assert_eq!(last, expected, "on {}", scene.app.engine);
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

/// Sets where a department's chats go that nobody accepts.
async fn transfers(scene: &Scene, chain: [(&'static str, &'static str, u64); 3]) {
    let console = scene.console();
    let set = move |tx: &mut app::Tx<'_>| {
        let all = departments::list(tx, &console)?;
        let find = |name: &str| all.iter().find(|it| it.name == name).expect("a built-in one").id;
        for (from, to, after) in chain {
            let new = NewDepartment {
                name: from.into(),
                transfer: Some((find(to), seconds(after))),
                ..NewDepartment::default()
            };
            departments::update(tx, &console, find(from), &new)?;
        }
        Ok(())
    };
    scene.act(set).await;
}

/// The department whose queue the chat is in, by name.
async fn queue(scene: &Scene, tab: &Tab) -> Option<String> {
    let it = scene.conversation(tab.id()).await;
    let (console, department) = (scene.console(), it.department);
    let all = scene.act(move |tx| departments::list(tx, &console)).await;
    let name = |id: Id<Department>| all.iter().find(|it| it.id == id).expect("it is there").name.clone();
    (it.phase == Phase::Queued).then(|| name(department.expect("a queue is a department's")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_from_department_to_department_and_not_round_for_ever() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let chain = [("Sales", "CRM", 30), ("CRM", "Lead Generation", 40), ("Lead Generation", "Sales", 50)];
        transfers(&scene, chain).await;
        scene.arrives(scene.omar).await;
        let mut tab = scene.tab(1);
        tab.play("# human").await;
        for (wait, department) in [
            (0, Some("Sales")),
            (29, Some("Sales")),
            (1, Some("CRM")),
            (39, Some("CRM")),
            (1, Some("Lead Generation")),
            (49, Some("Lead Generation")),
            (1, Some("Sales")),
            // Three transfers are the most: now it waits as long as any chat.
            (119, Some("Sales")),
            (1, None),
        ] {
            scene.after(seconds(wait)).await;
            assert_eq!(queue(&scene, &tab).await.as_deref(), department, "on {}", scene.app.engine);
        }
        tab.look().await;
        assert_eq!(tab.last().1, "Whom may I address?");
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_further_down_the_chain_can_accept_and_the_chain_begins_anew_with_a_transfer() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let chain = [("Sales", "CRM", 30), ("CRM", "Lead Generation", 40), ("Lead Generation", "Sales", 50)];
        transfers(&scene, chain).await;
        let (omar, olga) = (scene.omar, scene.olga);
        scene.arrives(omar).await;
        let mut tab = scene.tab(1);
        tab.play("# human").await;
        scene.after(seconds(30)).await;
        let id = tab.id();
        scene.act(move |tx| operators::accept(tx, &omar, id)).await;
        scene.after(minutes(20)).await;
        assert_eq!(scene.conversation(id).await.phase, Phase::Agent, "who has accepted has no queue's timer");
        let department = scene.conversation(id).await.department.unwrap();
        scene.act(move |tx| operators::transfer(tx, &omar, id, department)).await;
        assert_eq!(queue(&scene, &tab).await.as_deref(), Some("CRM"));
        scene.after(seconds(39)).await;
        assert_eq!(queue(&scene, &tab).await.as_deref(), Some("CRM"));
        scene.after(seconds(1)).await;
        assert_eq!(queue(&scene, &tab).await.as_deref(), Some("Lead Generation"), "{}", scene.app.engine);
        scene.act(move |tx| operators::accept(tx, &olga, id)).await;
        scene.act(move |tx| operators::close(tx, &olga, id)).await;
        scene.expect(id, "closed operator_closed\nChat Transcript").await;
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_another_tool_has_a_day_and_ends_when_nobody_takes_it_from_a_queue() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let (console, omar) = (scene.console(), scene.omar);
        let begin = move |tx: &mut app::Tx<'_>| {
            inbound::begin(tx, &console, &inbound::NewConversation::default(), None)
        };
        let (idle, queued) = (scene.act(begin).await, scene.act(begin).await);
        let transfer = move |tx: &mut app::Tx<'_>| {
            let department = departments::list(tx, &console)?[0].id;
            operators::transfer(tx, &omar, queued, department)
        };
        scene.act(transfer).await;
        scene.after(seconds(24 * 60 * 60 - 1)).await;
        scene.expect(idle, "open bot").await;
        scene.expect(queued, "open queued").await;
        scene.after(seconds(1)).await;
        scene.expect(queued, "closed no_agent\nChat Transcript").await;
        assert!(scene.outcome(idle).await.starts_with("closed idle_bot\n"), "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}
