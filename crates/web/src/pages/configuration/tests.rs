//! The pages of Conversation Configuration.

use app::chatbots::NewChatbot;
use domain::{Role, Scope};
use http::{StatusCode, header};

use super::*;
use crate::kit::{Answer, Kit};

async fn make(kit: &Kit, name: &str) -> Id<Chatbot> {
    let name = name.to_owned();
    let make = move |tx: &mut Tx<'_>| {
        let account = app::accounts::resolve(tx, None, true)?.id;
        let new = NewChatbot { name: name.clone(), ..NewChatbot::default() };
        let actor = Actor::Console { account };
        let made = chatbots::create(tx, &actor, &new)?;
        Ok::<_, AppError>(chatbots::publish(tx, &actor, made.id)?.id)
    };
    kit.db.write(make).await.unwrap()
}

async fn with_bots() -> (Kit, String, [Id<Chatbot>; 2]) {
    let kit = Kit::start().await;
    kit.key(Scope::Manage).await;
    let admin = kit.member(Role::Admin).await;
    let first = make(&kit, "Mia").await;
    kit.clock.advance_millis(10);
    let second = make(&kit, "Zoë").await;
    (kit, admin, [first, second])
}

async fn settings(kit: &Kit, id: Id<Chatbot>) -> domain::ChatbotSettings {
    let get = move |tx: &mut Tx<'_>| {
        let account = app::accounts::resolve(tx, None, true)?.id;
        Ok::<_, AppError>(chatbots::get(tx, &Actor::Console { account }, id)?.settings)
    };
    kit.db.read(get).await.unwrap()
}

async fn shown(kit: &Kit, cookie: &str, path: &str) -> String {
    let answer = kit.page(cookie, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

fn went(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

const PLACES: [Place; 4] = [Place::Closing, Place::Departments, Place::Texts, Place::Privacy];

#[tokio::test]
async fn without_a_chatbot_they_say_what_to_do_and_with_some_one_is_chosen() {
    let kit = Kit::start().await;
    kit.key(Scope::Manage).await;
    let admin = kit.member(Role::Admin).await;
    for place in [Place::Closing, Place::Texts, Place::Privacy] {
        assert!(shown(&kit, &admin, place.path()).await.contains("No chatbot yet"), "{place:?}");
    }
    let first = make(&kit, "Mia").await;
    assert!(!shown(&kit, &admin, Place::Closing.path()).await.contains("<select id=\"bot\""));
    make(&kit, "Zoë").await;
    let page = shown(&kit, &admin, &format!("{}?bot={first}", Place::Texts.path())).await;
    assert!(page.contains(&format!("<option value=\"{first}\" selected>Mia")), "{page}");
}

#[tokio::test]
async fn timers_are_filled_in_with_units_and_wrong_ones_are_named() {
    let (kit, admin, [first, _]) = with_bots().await;
    let bot = first.to_string();
    let form = [
        ("bot", bot.as_str()),
        ("reminder", "0"),
        ("reminder_unit", "min"),
        ("reminder_text", "Hello?"),
        ("bot_close", "2"),
        ("bot_close_unit", "h"),
        ("queue", "45"),
        ("queue_unit", "s"),
        ("agent_close", "1"),
        ("agent_close_unit", "d"),
    ];
    let place = Place::Closing.path();
    assert_eq!(went(&kit.submit(&admin, place, &form).await), format!("{place}?bot={bot}&done=saved"));
    let timers = settings(&kit, first).await.timers;
    let seconds = [timers.bot_close, timers.queue, timers.agent_close].map(|it| it.as_secs());
    assert_eq!((timers.reminder, seconds, &*timers.reminder_text), (None, [7_200, 45, 86_400], "Hello?"));
    let page = shown(&kit, &admin, &format!("{place}?bot={bot}")).await;
    assert!(page.contains("value=\"45\"") && page.contains("<option value=\"s\" selected>"));

    let mut wrong = form;
    (wrong[4].1, wrong[6].1, wrong[8].1) = ("5", "9", "99");
    wrong[6] = ("queue", "9");
    wrong[4] = ("bot_close", "soon");
    let answer = kit.submit(&admin, place, &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for name in ["bot_close", "queue", "agent_close"] {
        assert!(answer.body.contains(&format!("id=\"{name}-problem\"")), "{name}: {}", answer.body);
    }
    assert!(answer.body.contains("value=\"soon\""));
    assert_eq!(settings(&kit, first).await.timers, timers);
}

#[tokio::test]
async fn texts_replace_the_built_in_ones_and_empty_ones_give_them_back() {
    let (kit, admin, [first, second]) = with_bots().await;
    let bot = first.to_string();
    let place = Place::Texts.path();
    let form = [("bot", bot.as_str()), ("send", "Senden"), ("skip", "Skip"), ("you", " ")];
    went(&kit.submit(&admin, place, &form).await);
    let texts = settings(&kit, first).await.texts;
    assert_eq!(texts.into_iter().collect::<Vec<_>>(), [("send".to_owned(), "Senden".to_owned())]);
    let page = shown(&kit, &admin, &format!("{place}?bot={bot}")).await;
    assert!(page.contains("value=\"Senden\"") && page.contains("placeholder=\"Write a message…\""));
    assert!(settings(&kit, second).await.texts.is_empty());
    let long = "x".repeat(1_001);
    let answer = kit.submit(&admin, place, &[("bot", &bot), ("send", &long)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("id=\"send-problem\""));
    went(&kit.submit(&admin, place, &[("bot", &bot)]).await);
    assert!(settings(&kit, first).await.texts.is_empty());
}

#[tokio::test]
async fn privacy_says_whether_consent_is_asked_for_and_masks_cards() {
    let (kit, admin, [first, _]) = with_bots().await;
    let bot = first.to_string();
    let place = Place::Privacy.path();
    let page = shown(&kit, &admin, &format!("{place}?bot={bot}")).await;
    assert!(page.contains("asked for</span>") && page.contains("30 days") && page.contains("90 days"));
    went(&kit.submit(&admin, place, &[("bot", &bot), ("mask_cards", "true")]).await);
    assert!(settings(&kit, first).await.mask_cards);
    went(&kit.submit(&admin, place, &[("bot", &bot)]).await);
    assert!(!settings(&kit, first).await.mask_cards);
}

#[tokio::test]
async fn departments_are_made_changed_and_deleted() {
    let (kit, admin, _) = with_bots().await;
    let place = Place::Departments.path();
    let page = shown(&kit, &admin, place).await;
    assert!(page.contains("Lead Generation") && page.matches("built in</span>").count() == 3);
    went(
        &kit.submit(&admin, &format!("{place}/new"), &[("name", "Claims"), ("email", "c@example.com")]).await,
    );
    let page = shown(&kit, &admin, place).await;
    let id = page.split("/delete\"").next().unwrap().rsplit('/').next().unwrap().to_owned();
    let sales = page.split(&format!("{place}/dep_")).nth(1).unwrap().split('"').next().unwrap();
    let sales = format!("dep_{sales}");

    for (form, problem) in [
        (vec![("name", "")], "name-problem"),
        (vec![("name", "Sales")], "name-problem"),
        (vec![("name", "X"), ("email", "no")], "email-problem"),
        (vec![("name", "X"), ("transfer_to", sales.as_str())], "transfer_after_s-problem"),
        (
            vec![("name", "X"), ("transfer_to", sales.as_str()), ("transfer_after_s", "5")],
            "transfer_after_s-problem",
        ),
    ] {
        let answer = kit.submit(&admin, &format!("{place}/new"), &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form:?}");
        assert!(answer.body.contains(&format!("id=\"{problem}\"")), "{form:?}: {}", answer.body);
    }
    let form =
        [("name", "Claims"), ("disabled", "true"), ("transfer_to", &*sales), ("transfer_after_s", "60")];
    went(&kit.submit(&admin, &format!("{place}/{id}"), &form).await);
    let page = shown(&kit, &admin, place).await;
    assert!(page.contains("disabled</span>") && page.contains("to <bdi>Sales</bdi> after 60 s"), "{page}");
    assert!(shown(&kit, &admin, &format!("{place}/{id}")).await.contains("value=\"60\""));

    assert!(
        shown(&kit, &admin, &format!("{place}/{sales}/delete")).await.contains("It is built in and stays")
    );
    assert_eq!(
        kit.submit(&admin, &format!("{place}/{sales}/delete"), &[]).await.status,
        StatusCode::CONFLICT
    );
    went(&kit.submit(&admin, &format!("{place}/{id}/delete"), &[]).await);
    assert!(!shown(&kit, &admin, place).await.contains("Claims"));
}

#[tokio::test]
async fn viewers_look_and_change_nothing() {
    let (kit, _, [first, _]) = with_bots().await;
    let viewer = kit.member(Role::Viewer).await;
    let bot = first.to_string();
    for place in PLACES {
        let page = shown(&kit, &viewer, place.path()).await;
        assert!(!page.contains(">Save<") && !page.contains("New department"), "{place:?}");
        if place != Place::Departments {
            let answer = kit.submit(&viewer, place.path(), &[("bot", &bot)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{place:?}");
        }
    }
    let new = format!("{}/new", Place::Departments.path());
    assert_eq!(kit.page(&viewer, &new).await.status, StatusCode::FORBIDDEN);
    assert_eq!(kit.submit(&viewer, &new, &[("name", "x")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_accounts_chatbot_and_department_are_not_there() {
    let (kit, admin, _) = with_bots().await;
    let make = |tx: &mut Tx<'_>| {
        let other = app::accounts::create(tx, "Other")?;
        let actor = Actor::Console { account: other.id };
        let new = NewChatbot { name: "Theirs".to_owned(), ..NewChatbot::default() };
        let bot = chatbots::create(tx, &actor, &new)?.id;
        Ok::<_, AppError>((bot, app::departments::list(tx, &actor)?[0].id))
    };
    let (bot, department) = kit.db.write(make).await.unwrap();
    let bot = bot.to_string();
    for place in [Place::Closing, Place::Texts, Place::Privacy] {
        let page = kit.page(&admin, &format!("{}?bot={bot}", place.path())).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{place:?}");
        let form = [
            ("bot", &*bot),
            ("bot_close", "15"),
            ("queue", "15"),
            ("agent_close", "15"),
            ("reminder_text", "x"),
        ];
        let answer = kit.submit(&admin, place.path(), &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{place:?}");
    }
    let path = format!("{}/{department}", Place::Departments.path());
    assert_eq!(kit.page(&admin, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.submit(&admin, &path, &[("name", "x")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.submit(&admin, &format!("{path}/delete"), &[]).await.status, StatusCode::NOT_FOUND);
}
