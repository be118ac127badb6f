//! What is filled in is read; and a form in which much is wrong says all of it at once.

use app::{Tx, members};
use domain::{Chatbot, Department, Id, Role, Scope};
use http::StatusCode;

use super::*;
use crate::{
    kit::{Answer, Kit},
    pages::shell::Place,
};

#[test]
fn a_form_has_values_by_name() {
    let form = Form::parse(b"name=+A+%26+B&type=x&type=y&n=12&bad=1x");
    assert_eq!((form.get("name"), form.filled("name"), form.get("none")), (" A & B", Some("A & B"), ""));
    assert!(form.has("type", "y") && !form.has("type", "z"));
    assert_eq!(form.number::<u32>("n"), Ok(Some(12)));
    assert_eq!(form.number::<u32>("none"), Ok(None));
    assert_eq!(form.number::<u32>("bad").unwrap_err().errors[0].pointer, "/bad");
}

#[test]
fn what_cannot_be_read_is_told_with_every_rule_that_is_broken_and_lets_nothing_be_kept() {
    let pointers = |settled: Result<u32, AppError>| match settled {
        Err(AppError::Invalid(wrong)) => wrong.errors.into_iter().map(|it| it.pointer).collect(),
        other => panic!("{other:?}"),
    };
    let (form, mut reading) = (Form::parse(b"n=12&a=x&b=y"), Reading::new());
    assert_eq!(reading.or(form.number("n"), None), Some(12));
    assert_eq!(reading.settle(Ok(7)).unwrap(), 7);

    assert_eq!(reading.or(form.number("a"), Some(1)), Some(1));
    reading.or(form.number::<u32>("b"), None);
    let settled: Vec<String> = pointers(reading.settle(Ok(7)));
    assert_eq!(settled, ["/a", "/b"]);
    let settled: Vec<String> = pointers(reading.settle(Err(Invalid::field("/c", "is wrong").into())));
    assert_eq!(settled, ["/a", "/b", "/c"]);
    assert!(matches!(reading.settle::<u32>(Err(AppError::NotFound)), Err(AppError::NotFound)));
    assert!(Errors::from(reading).at("/b").is_some());
}

/// What the form says if that is filled in: each of `wrong` beside its field, and everything else stays.
async fn refused(kit: &Kit, cookie: &str, path: &str, form: &[(&str, &str)], wrong: &[&str]) -> Answer {
    let answer = kit.submit(cookie, path, form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.body);
    for field in wrong {
        let problem = format!("id=\"{field}-problem\"");
        assert_eq!(answer.body.matches(&problem).count(), 1, "{path}: {problem}: {}", answer.body);
    }
    for (name, value) in form.iter().filter(|(name, _)| *name != "password") {
        assert!(answer.body.contains(value), "{path}: {name} was {value}: {}", answer.body);
    }
    answer
}

/// The id behind the last `/` of where a form led.
fn made(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let to = answer.headers[header::LOCATION].to_str().unwrap();
    to.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn all_that_is_wrong_with_a_webhook_is_said_at_once() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let usual = [("body", "exact"), ("ordering", "none"), ("retry", "3d")];
    let wrong = [
        ("name", " "),
        ("url", "ftp://crm.example.com"),
        ("headers", "X-One: 1\nnothing"),
        ("max_in_flight", "many"),
        ("rate_per_second", "0"),
    ];
    let fields = ["name", "url", "types", "headers", "max_in_flight", "rate_per_second"];
    let form = [&wrong[..], &usual].concat();
    let new = format!("{}/new", Place::Webhooks.path());
    let with_secret = [&form[..], &[("secret", "short")]].concat();
    refused(&kit, &admin, &new, &with_secret, &[&fields[..], &["secret"]].concat()).await;

    let body = r#"{"name":"CRM","url":"https://crm.example.com/x","event_types":["Chat Transcript"]}"#;
    let key = kit.key(Scope::Manage).await;
    let webhook = kit.send(&key, "POST", "/api/v1/webhooks", body).await.json();
    let edit = format!("{}/{}/edit", Place::Webhooks.path(), webhook["id"].as_str().unwrap());
    refused(&kit, &admin, &edit, &form, &fields).await;

    // What no browser sends of this form is told beside its field, too, and in words.
    let odd = [
        ("name", "CRM"),
        ("url", "https://crm.example.com/x"),
        ("event_type", "Other"),
        ("headers", "Bad/Name: 1"),
        ("body", "xml"),
        ("ordering", "strict"),
        ("retry", "never"),
        ("chatbot_ids", "Mia"),
    ];
    let answer = kit.submit(&admin, &new, &odd).await;
    for field in ["types", "headers", "body", "ordering", "retry", "chatbots"] {
        assert!(answer.body.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", answer.body);
    }
    assert!(answer.body.contains("Bad/Name is not a header name"), "{}", answer.body);
    assert!(!answer.body.contains("/chatbot_ids"), "{}", answer.body);
}

#[tokio::test]
async fn a_webhook_without_a_url_is_told_that_it_is_missing() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let new = format!("{}/new", Place::Webhooks.path());
    let form = [("name", "CRM"), ("url", " "), ("body", "exact"), ("ordering", "none"), ("retry", "3d")];
    let answer = refused(&kit, &admin, &new, &form, &["url", "types"]).await;
    assert!(answer.body.contains("id=\"url-problem\">is missing"), "{}", answer.body);
    assert!(!answer.body.contains("(rule"), "{}", answer.body);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_recovery_is_said_at_once() {
    let kit = Kit::start().await;
    let (admin, key) = (kit.member(Role::Admin).await, kit.key(Scope::Manage).await);
    let body = r#"{"name":"CRM","url":"https://crm.example.com/x","event_types":["Chat Transcript"]}"#;
    let webhook = kit.send(&key, "POST", "/api/v1/webhooks", body).await.json();
    let recover = format!("{}/{}/recover", Place::Webhooks.path(), webhook["id"].as_str().unwrap());
    let form = [("since", ""), ("until", "never"), ("rate_per_second", "0")];
    let fields = ["since", "until", "states", "rate"];
    refused(&kit, &admin, &recover, &form, &fields).await;
    let page = kit.page(&admin, &format!("{recover}?count=yes&until=never&rate_per_second=0")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in fields {
        assert!(page.body.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", page.body);
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_department_is_said_at_once() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let new = format!("{}/new", Place::Departments.path());
    let page = kit.page(&admin, &new).await.body;
    let sales = page.split("<option value=\"").nth(2).unwrap().split('"').next().unwrap();
    let typed = [("name", " "), ("email", "at home"), ("transfer_to", sales), ("transfer_after_s", "soon")];
    refused(&kit, &admin, &new, &typed, &["name", "email", "transfer_after_s"]).await;
    let gone = Id::<Department>::from_parts(1, &[0; 10]).to_string();
    let typed = [("name", " "), ("email", "at home"), ("transfer_after_s", "5"), ("transfer_to", &*gone)];
    let answer = kit.submit(&admin, &new, &typed).await;
    for field in ["name", "email", "transfer_to", "transfer_after_s"] {
        assert!(answer.body.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", answer.body);
    }
    // A name that another one has is told together with the rest, and nothing is made.
    let form = [("name", "Sales"), ("transfer_to", sales), ("transfer_after_s", "soon")];
    refused(&kit, &admin, &new, &form, &["name", "transfer_after_s"]).await;
    let form = [("name", "Claims"), ("transfer_to", sales), ("transfer_after_s", "soon")];
    refused(&kit, &admin, &new, &form, &["transfer_after_s"]).await;
    assert!(!kit.page(&admin, Place::Departments.path()).await.body.contains("Claims"));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_chatbots_settings_is_said_at_once() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let bot = made(&kit.submit(&admin, "/chatbots/new", &[("name", "Mia"), ("template", "empty")]).await);
    let origins = ("allowed_origins", "example.com\nhttps://ok.example");
    let form = [origins, ("color", "red"), ("region", "XX"), ("time_zone", "Mars")];
    let fields = ["origins", "color", "region", "time_zone"];
    let install = format!("/chatbots/{bot}/install");
    let answer = refused(&kit, &admin, &install, &form, &fields).await;
    assert_eq!(answer.body.matches("must be an origin").count(), 1, "{}", answer.body);

    let form = [
        ("bot", bot.as_str()),
        ("reminder", "often"),
        ("reminder_text", ""),
        ("bot_close", "1"),
        ("bot_close_unit", "s"),
        ("queue", "99"),
        ("queue_unit", "d"),
        ("agent_close", "1"),
        ("agent_close_unit", "h"),
    ];
    let fields = ["reminder", "reminder_text", "bot_close", "queue"];
    refused(&kit, &admin, Place::Closing.path(), &form, &fields).await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_step_is_said_at_once_and_what_was_typed_stays() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let bot = made(&kit.submit(&admin, "/chatbots/new", &[("name", "Mia"), ("template", "empty")]).await);
    let flow = format!("/chatbots/{bot}/flow");
    kit.submit(&admin, &format!("{flow}/new"), &[("kind", "ask"), ("after", "hello")]).await;
    let form = [
        ("id", "ask"),
        ("type", "text"),
        ("text", "How many?"),
        ("var", "Not a name"),
        ("attempts", "few"),
        ("max_length", "-1"),
        ("errors", "No.\nStill no."),
        ("optional", "true"),
    ];
    let step = format!("{flow}/step/ask");
    let answer = refused(&kit, &admin, &step, &form, &["var", "attempts", "max_length"]).await;
    assert!(answer.body.contains("No.\nStill no.") && answer.body.contains("checked"), "{}", answer.body);
    let checked = kit.submit(&admin, &format!("{flow}/check?step=ask"), &form).await.json();
    let pointers: Vec<&str> =
        checked["problems"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    for pointer in ["attempts", "max_length", "var"] {
        assert!(pointers.contains(&pointer), "{checked}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_contact_is_said_at_once() {
    let kit = Kit::start().await;
    let (operator, key) = (kit.member(Role::Operator).await, kit.key(Scope::Admin).await);
    let chat = kit.send(&key, "POST", "/api/v1/conversations", r#"{"external_id":"a"}"#).await.json();
    let chat = format!("/api/v1/conversations/{}", chat["id"].as_str().unwrap());
    let ann = r#"{"name":"Ann","email":"ann@example.com","phone":null}"#;
    assert!(kit.send(&key, "POST", &format!("{chat}/contact"), ann).await.status.is_success());
    let contact = kit.send(&key, "GET", &chat, "").await.json()["contact_id"].as_str().unwrap().to_owned();
    let long = "x".repeat(201);
    let form = [("name", "Ann"), ("email", "at home"), ("phone", "none"), ("new_name", &*long)];
    refused(&kit, &operator, &format!("/contacts/{contact}/edit"), &form, &["email", "phone", "new_name"])
        .await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_key_an_invitation_and_a_first_member_is_said_at_once() {
    let kit = Kit::start().await;
    let link = kit.db.write(members::set_up_link).await.unwrap().unwrap();
    let look = {
        let link = link.clone();
        move |tx: &mut Tx<'_>| members::look(tx, &link)
    };
    let form = [
        ("token", link.reveal()),
        ("name", " "),
        ("email", "at home"),
        ("account", ""),
        ("password", "short"),
    ];
    refused(&kit, "", "/set-up", &form, &["name", "email", "account", "password"]).await;
    assert!(kit.db.read(look).await.is_ok(), "the link still works");

    let owner = kit.member(Role::Owner).await;
    let form = [("name", " "), ("scope", "all"), ("days", "long")];
    let answer = kit.submit(&owner, "/account/keys", &form).await;
    for field in ["name", "scope", "days"] {
        assert!(answer.body.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", answer.body);
    }
    let form = [("email", "at home"), ("role", "king")];
    let answer = kit.submit(&owner, "/account/members", &form).await;
    for field in ["email", "role"] {
        assert!(answer.body.contains(&format!("id=\"{field}-problem\"")), "{field}: {}", answer.body);
    }
}

/// A page whose filter makes no sense says so, each at its place.
async fn senseless(kit: &Kit, cookie: &str, path: &str, wrong: &[&str]) -> Answer {
    let answer = kit.page(cookie, path).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.body);
    for field in wrong {
        let problem = format!("id=\"{field}-problem\"");
        assert_eq!(answer.body.matches(&problem).count(), 1, "{path}: {problem}: {}", answer.body);
    }
    answer
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_told_and_nothing_is_listed_as_if_it_held() {
    let kit = Kit::start().await;
    let (owner, key) = (kit.member(Role::Owner).await, kit.key(Scope::Admin).await);
    let body = r#"{"name":"CRM","url":"https://crm.example.com/x","event_types":["Contact Information"]}"#;
    let webhook = kit.send(&key, "POST", "/api/v1/webhooks", body).await.json();
    let deliveries = format!("{}/{}/deliveries", Place::Webhooks.path(), webhook["id"].as_str().unwrap());
    let chat = kit.send(&key, "POST", "/api/v1/conversations", r#"{"external_id":"a"}"#).await.json();
    let chat = format!("/api/v1/conversations/{}", chat["id"].as_str().unwrap());
    let ann = r#"{"name":"Ann","email":"ann@example.com","phone":null}"#;
    assert!(kit.send(&key, "POST", &format!("{chat}/contact"), ann).await.status.is_success());

    let rows = |answer: &Answer| answer.body.contains("<tbody");
    let all = [&deliveries, Place::Events.path(), "/contacts", Place::Audit.path(), Place::BotReport.path()];
    for path in all {
        let answer = kit.page(&owner, path).await;
        assert!(answer.status == StatusCode::OK && rows(&answer), "{path}: {}", answer.body);
    }
    let long = "x".repeat(201);
    for (path, query, wrong) in [
        (&*deliveries, "state=foo&type=Other&time=soon&q=x", &["state", "type", "time", "q"][..]),
        (&*deliveries, "after=x", &["after"]),
        (Place::Events.path(), "type=Other&id=x&since=today&until=x", &["type", "id", "since", "until"]),
        (Place::Events.path(), "after=x", &["after"]),
        ("/contacts", &*format!("q={long}"), &["q"]),
        ("/contacts", "after=x", &["after"]),
        (Place::Audit.path(), "action=foo&after=x", &["action", "after"]),
        (
            Place::BotReport.path(),
            "bot=xyz&department=x&days=5&from=x&to=y",
            &["bot", "department", "days", "from", "to"],
        ),
    ] {
        let answer = senseless(&kit, &owner, &format!("{path}?{query}"), wrong).await;
        assert!(!rows(&answer), "{path}?{query}: {}", answer.body);
    }
    // What could be meant, but is not there, is not shown as nothing having happened.
    let bot = Id::<Chatbot>::from_parts(1, &[0; 10]);
    let answer = senseless(&kit, &owner, &format!("{}?bot={bot}", Place::BotReport.path()), &["bot"]).await;
    let days = format!("href=\"{}?days=7\"", Place::BotReport.path());
    assert!(!rows(&answer) && answer.body.contains(&days), "the way out is free of it: {}", answer.body);
}

#[tokio::test]
async fn a_list_of_chats_that_there_is_not_is_told_above_those_that_there_are() {
    let kit = Kit::start().await;
    let operator = kit.member(Role::Operator).await;
    let answer = senseless(&kit, &operator, "/conversations?state=foo", &["state"]).await;
    assert!(answer.body.contains("Pending") && answer.body.contains("Active: mine"), "{}", answer.body);
    senseless(&kit, &operator, "/conversations?state=closed&after=x", &["after"]).await;
    senseless(&kit, &operator, "/conversations?state=foo&after=x", &["state", "after"]).await;
    assert_eq!(kit.page(&operator, "/conversations?state=closed").await.status, StatusCode::OK);
}
