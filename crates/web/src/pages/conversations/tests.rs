//! The pages of conversations, as forms: lists, one chat, what an operator does in it, canned texts.

use domain::{Role, Scope};
use http::{StatusCode, header};
use serde_json::json;

use crate::kit::{Answer, Kit};

/// A kit with the key of another chat tool, whose chats are there to be answered.
async fn kit() -> (Kit, String) {
    let kit = Kit::start().await;
    let key = kit.key(Scope::Admin).await;
    (kit, key)
}

async fn post(kit: &Kit, key: &str, path: &str, body: serde_json::Value) -> Answer {
    let answer = kit.send(key, "POST", &format!("/api/v1{path}"), body.to_string()).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    answer
}

/// A chat in which a visitor has said that; its id.
async fn chat(kit: &Kit, key: &str, name: &str, text: &str) -> String {
    let made = post(kit, key, "/conversations", json!({"external_id": name})).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let said = json!({"author": "visitor", "text": text});
    post(kit, key, &format!("/conversations/{id}/messages"), said).await;
    id
}

async fn captured(kit: &Kit, key: &str, id: &str, name: &str, email: &str) {
    let contact = json!({"name": name, "email": email, "phone": null});
    post(kit, key, &format!("/conversations/{id}/contact"), contact).await;
}

async fn end(kit: &Kit, key: &str, id: &str) {
    post(kit, key, &format!("/conversations/{id}/close"), json!({"reason": "visitor_ended"})).await;
}

/// The cookie of an owner of another account.
async fn stranger(kit: &Kit) -> String {
    let make = |tx: &mut app::Tx<'_>| {
        let other = app::accounts::create(tx, "Globex")?;
        app::members::sample(tx, other.id, Role::Owner)
    };
    let made: Result<_, app::AppError> = kit.db.write(make).await;
    format!("leadpost={}", made.unwrap().1.reveal())
}

fn went_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn the_console_is_for_those_who_may_see_people() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "Hello").await;
    let viewer = kit.member(Role::Viewer).await;
    for path in
        ["/conversations".to_owned(), format!("/conversations/{id}"), "/conversations/texts".to_owned()]
    {
        assert!(went_to(&kit.page("", &path).await).starts_with("/sign-in?next="), "{path}");
        let refused = kit.page(&viewer, &path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.body.contains("You may not do this") && !refused.body.contains("Hello"));
    }
    let refused = kit.submit(&viewer, &format!("/conversations/{id}/accept"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_empty_console_says_how_chats_come() {
    let (kit, _) = kit().await;
    let operator = kit.member(Role::Operator).await;
    let page = kit.page(&operator, "/conversations").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Nobody is waiting. A chat appears here when a bot hands it over."));
    assert!(page.body.contains("<title>Conversations · Leadpost</title>"));
    let closed = kit.page(&operator, "/conversations?state=closed").await;
    assert!(closed.body.contains("No chat is over yet."), "{}", closed.body);
}

#[tokio::test]
async fn a_chat_is_answered_with_forms_alone() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "Hello?").await;
    let (ann, bob) = (kit.member(Role::Operator).await, kit.member(Role::Operator).await);
    let path = format!("/conversations/{id}");
    let page = kit.page(&ann, &path).await;
    assert!(page.body.contains("Take over from the bot"), "{}", page.body);
    assert!(page.body.contains("data-verb=\"reply\" hidden"), "nobody replies before accepting");
    assert_eq!(page.body.matches("/accept\"").count(), 1, "one act has one button: {}", page.body);

    let accepted = kit.submit(&ann, &format!("{path}/accept"), &[]).await;
    assert_eq!(went_to(&accepted), format!("{path}?done=accepted"));
    let page = kit.page(&ann, &format!("{path}?done=accepted")).await;
    assert!(page.body.contains("The chat is yours.") && page.body.contains("With you"));
    assert!(page.body.contains("data-verb=\"reply\">"), "{}", page.body);
    let other = kit.submit(&bob, &format!("{path}/accept"), &[]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.body.contains("has accepted this chat"), "{}", other.body);

    let said = kit.submit(&ann, &format!("{path}/reply"), &[("text", "Good\r\nmorning")]).await;
    assert_eq!(went_to(&said), format!("{path}?done=sent"));
    assert!(kit.page(&ann, &path).await.body.contains("Good\nmorning"));
    let long = "x".repeat(4_001);
    let refused = kit.submit(&ann, &format!("{path}/reply"), &[("text", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&long) && refused.body.contains("must have at most 4000 characters"));

    let question = kit.page(&ann, &format!("{path}/close")).await;
    assert!(question.body.contains("Close this chat?"));
    assert!(kit.page(&ann, &path).await.body.contains("With you"), "looking closes nothing");
    assert_eq!(
        went_to(&kit.submit(&ann, &format!("{path}/close"), &[]).await),
        format!("{path}?done=closed")
    );
    let over = kit.page(&ann, &path).await.body;
    assert!(over.contains("Over: Closed by the operator") && over.contains("This chat is over."));
    assert_eq!(
        kit.submit(&ann, &format!("{path}/reply"), &[("text", "Hm")]).await.status,
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn a_chat_is_transferred_to_a_department_that_is_chosen() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "Hello?").await;
    let operator = kit.member(Role::Operator).await;
    let path = format!("/conversations/{id}/transfer");
    let page = kit.page(&operator, &path).await;
    assert!(page.body.contains("Sales – nobody is here"), "{}", page.body);
    let wrong = kit.submit(&operator, &path, &[("department_id", "none")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("choose a department"));
    let all = kit.send(&key, "GET", "/api/v1/departments", "").await.json();
    let sales = all["items"][0]["id"].as_str().unwrap();
    let done = kit.submit(&operator, &path, &[("department_id", sales)]).await;
    assert_eq!(went_to(&done), format!("/conversations/{id}?done=transferred"));
    let page = kit.page(&operator, "/conversations").await.body;
    let pending = page.split("id=\"pending\"").nth(1).unwrap().split("id=\"mine\"").next().unwrap();
    assert!(pending.contains(&id), "{page}");
}

#[tokio::test]
async fn chats_of_another_account_are_not_there() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "A secret").await;
    let stranger = stranger(&kit).await;
    for path in
        [format!("/conversations/{id}"), format!("/conversations/{id}/close"), "/conversations/x".into()]
    {
        let answer = kit.page(&stranger, &path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }
    for verb in ["accept", "close", "hand-back"] {
        let answer = kit.submit(&stranger, &format!("/conversations/{id}/{verb}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{verb}");
    }
    assert!(!kit.page(&stranger, "/conversations?state=bot").await.body.contains("A secret"));
}

#[tokio::test]
async fn what_visitors_say_is_text_and_plays_no_tricks() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "<script>alert(1)</script> \u{202e}olleh 👋").await;
    captured(&kit, &key, &id, "\"><img src=x>", "ann@example.com").await;
    let operator = kit.member(Role::Operator).await;
    let page = kit.page(&operator, &format!("/conversations/{id}")).await.body;
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    assert!(page.contains("⟨U+202E⟩olleh 👋"));
}

#[tokio::test]
async fn closed_chats_come_page_by_page() {
    let (kit, key) = kit().await;
    for n in 0..52 {
        let id = chat(&kit, &key, &format!("{n}"), &format!("Question {n}!")).await;
        end(&kit, &key, &id).await;
        kit.clock.advance_millis(5);
    }
    let operator = kit.member(Role::Operator).await;
    assert!(!kit.page(&operator, "/conversations").await.body.contains("class=\"item\""));
    let first = kit.page(&operator, "/conversations?state=closed").await.body;
    assert_eq!(first.matches("class=\"item\"").count(), 50);
    assert!(first.contains("50+"));
    let after = first.split("?state=closed&amp;after=").nth(1).unwrap().split('"').next().unwrap();
    let second = kit.page(&operator, &format!("/conversations?state=closed&after={after}")).await.body;
    assert_eq!(second.matches("class=\"item\"").count(), 2);
    assert!(second.contains("<details id=\"closed\" open data-settled>"), "{second}");
}

#[tokio::test]
async fn beside_a_chat_stands_what_became_of_its_events() {
    let (kit, key) = kit().await;
    let early = chat(&kit, &key, "a", "Hello").await;
    captured(&kit, &key, &early, "Ann", "ann@example.com").await;
    let webhook =
        json!({"name": "The CRM", "url": "https://crm.example.com/in", "event_types": ["Chat Transcript"]});
    post(&kit, &key, "/webhooks", webhook).await;
    end(&kit, &key, &early).await;
    let operator = kit.member(Role::Operator).await;
    let page = kit.page(&operator, &format!("/conversations/{early}")).await.body;
    let beside = page.split("id=\"beside\"").nth(1).unwrap();
    assert!(beside.contains("ann@example.com"));
    assert!(beside.contains("No webhook asked for it."), "{beside}");
    assert!(beside.contains("The CRM") && beside.contains(">pending</span>"), "{beside}");
    let link = beside.split("href=\"").find(|it| it.contains("/deliveries/")).unwrap();
    let link = link.split('"').next().unwrap();
    assert_eq!(kit.page(&operator, link).await.status, StatusCode::OK, "{link}");
    // Another chat with the same person is named beside it.
    let later = chat(&kit, &key, "b", "Me again").await;
    captured(&kit, &key, &later, "Ann", "ann@example.com").await;
    let page = kit.page(&operator, &format!("/conversations/{later}")).await.body;
    assert!(page.split("Other chats with them").nth(1).unwrap().contains(&early));
}

#[tokio::test]
async fn canned_texts_are_written_by_managers_and_filled_in_for_the_visitor() {
    let (kit, key) = kit().await;
    let (admin, operator) = (kit.member(Role::Admin).await, kit.member(Role::Operator).await);
    let empty = kit.page(&operator, "/conversations/texts").await.body;
    assert!(empty.contains("No canned text yet") && !empty.contains("New text"));
    let fields = [("title", "Greeting"), ("text", "Hello {{name}}, <b>welcome</b>!")];
    let refused = kit.submit(&operator, "/conversations/texts/new", &fields).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = kit.submit(&admin, "/conversations/texts/new", &fields).await;
    assert_eq!(went_to(&made), "/conversations/texts?done=created");
    let again = kit.submit(&admin, "/conversations/texts/new", &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("is the title of another text already") && again.body.contains("welcome"));

    let id = chat(&kit, &key, "a", "Hello").await;
    captured(&kit, &key, &id, "Ann", "ann@example.com").await;
    kit.submit(&operator, &format!("/conversations/{id}/accept"), &[]).await;
    let page = kit.page(&operator, &format!("/conversations/{id}")).await.body;
    assert!(page.contains("data-text=\"Hello Ann, &#60;b&#62;welcome&#60;/b&#62;!\""), "{page}");
    let text = page.split("?text=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let chosen = kit.page(&operator, &format!("/conversations/{id}?text={text}")).await.body;
    assert!(chosen.contains(">Hello Ann, &#60;b&#62;welcome&#60;/b&#62;!</textarea>"), "{chosen}");

    let path = format!("/conversations/texts/{text}");
    let stranger = stranger(&kit).await;
    assert_eq!(kit.page(&stranger, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.submit(&stranger, &format!("{path}/delete"), &[]).await.status, StatusCode::NOT_FOUND);
    let wrong = kit.submit(&admin, &path, &[("title", ""), ("text", "kept")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains(">kept</textarea>"));
    let changed = kit.submit(&admin, &path, &[("title", "Greeting"), ("text", "Good day")]).await;
    assert_eq!(went_to(&changed), "/conversations/texts?done=changed");
    assert!(kit.page(&admin, &format!("{path}/delete")).await.body.contains("Greeting"));
    assert_eq!(kit.submit(&admin, &format!("{path}/delete"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(kit.page(&admin, "/conversations/texts").await.body.contains("No canned text yet"));
}

#[tokio::test]
async fn a_visitor_has_the_name_that_is_known_on_the_console_and_on_the_transcript() {
    let (kit, key) = kit().await;
    let id = chat(&kit, &key, "a", "Hello").await;
    let operator = kit.member(Role::Operator).await;
    let (path, transcript) =
        (format!("/conversations/{id}"), format!("/api/v1/conversations/{id}/transcript"));
    assert!(kit.page(&operator, &path).await.body.contains("<bdi>Visitor</bdi>"));
    captured(&kit, &key, &id, "Ann <b>", "ann@example.com").await;
    let page = kit.page(&operator, &path).await.body;
    assert!(page.contains("<span class=\"by\"><bdi>Ann &#60;b&#62;</bdi>"), "{page}");
    let as_page = http::Request::get(&transcript)
        .header(header::ACCEPT, "text/html")
        .header(header::AUTHORIZATION, format!("Bearer {key}"));
    let page = kit.call(as_page.body(axum::body::Body::empty()).unwrap()).await.body;
    assert!(page.contains(">Ann &#60;b&#62;</strong>"), "{page}");
    // The text has the form that events have.
    assert!(kit.page(&operator, &transcript).await.body.contains("Visitor: Hello"));
}

#[tokio::test]
async fn scripts_are_told_whose_days_and_hours_the_console_shows() {
    let (kit, _) = kit().await;
    let operator = kit.member(Role::Operator).await;
    let owner = kit.member(Role::Owner).await;
    let zone = [("name", "Acme"), ("time_zone", "Asia/Kolkata")];
    assert_eq!(kit.submit(&owner, "/account/settings", &zone).await.status, StatusCode::SEE_OTHER);
    let page = kit.page(&operator, "/conversations").await.body;
    assert!(page.contains("data-zone=\"Asia/Kolkata\""), "{page}");
}
