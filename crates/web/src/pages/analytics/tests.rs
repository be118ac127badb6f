//! The pages as browsers get them.

use app::{AppError, accounts};
use domain::{Id, Role, Scope};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    kit::{Answer, Kit},
    pages::shell::Place,
};

const EVENTS: &str = "/analytics/events";

/// Posts an event and answers its id.
async fn post(kit: &Kit, key: &str, kind: &str, data: Value, conversation: Option<&str>) -> String {
    let body = json!({ "type": kind, "data": data, "conversation_id": conversation }).to_string();
    let body = if conversation.is_none() { body.replace(r#""conversation_id":null,"#, "") } else { body };
    let answer = kit.send(key, "POST", "/api/v1/events", body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    kit.clock.advance_millis(1_000);
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn ada(name: &str) -> Value {
    json!({ "name": name, "email": "ada@example.com", "phone": "+442071838750" })
}

async fn webhook(kit: &Kit, key: &str, name: &str, kinds: &[&str]) -> String {
    let body =
        json!({ "name": name, "url": "https://receiver.example.com/x", "event_types": kinds }).to_string();
    let answer = kit.send(key, "POST", "/api/v1/webhooks", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The page, which must be there.
async fn ok(kit: &Kit, cookie: &str, path: &str) -> Answer {
    let answer = kit.page(cookie, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer
}

/// What stands in `main`, in one line without tags.
fn words(answer: &Answer) -> String {
    let main = answer.body.split_once("<main").unwrap().1;
    let mut text = String::new();
    let mut inside = true;
    for c in main.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn an_account_without_events_is_told_how_to_make_the_first_one() {
    let kit = Kit::start().await;
    let viewer = kit.member(Role::Viewer).await;
    let text = words(&ok(&kit, &viewer, EVENTS).await);
    for way in ["No event yet", "script tag", "curl", "/api/v1/events", "leadpost send --url"] {
        assert!(text.contains(way), "{way}: {text}");
    }
    let answer = kit.page("", EVENTS).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_event_is_listed_with_whom_it_is_about_and_what_became_of_it() {
    let kit = Kit::start().await;
    let (key, admin) = (kit.key(Scope::Manage).await, kit.member(Role::Admin).await);
    post(
        &kit,
        &kit.key(Scope::Ingest).await,
        "Chat Transcript",
        json!({ "chat_transcript": "x" }),
        Some("c/1"),
    )
    .await;
    webhook(&kit, &key, "Acme CRM", &["Contact Information"]).await;
    let ingest = kit.key(Scope::Ingest).await;
    let id = post(&kit, &ingest, "Contact Information", ada("Ada <b>"), None).await;
    let page = ok(&kit, &admin, EVENTS).await;
    let text = words(&page);
    assert!(page.body.contains(&format!("href=\"/analytics/events/{id}\"")));
    assert!(page.body.contains("Ada &#60;b&#62;") && text.contains("ada@example.com"), "{text}");
    assert!(text.contains("0 of 1 delivered 1 pending") && text.contains("unmatched"), "{text}");
    assert!(page.body.contains("href=\"/analytics/events?conversation=c%2F1\""));
    assert!(page.body.contains("data-live=\"events deliveries\""));
}

#[tokio::test]
async fn a_viewer_sees_that_events_came_and_not_whom_they_are_about() {
    let kit = Kit::start().await;
    let (viewer, ingest) = (kit.member(Role::Viewer).await, kit.key(Scope::Ingest).await);
    let id = post(&kit, &ingest, "Contact Information", ada("Ada"), Some("conv_x")).await;
    for path in [EVENTS, "/analytics/events?email=nobody@example.com&q=nothing", &format!("{EVENTS}/{id}")] {
        let page = ok(&kit, &viewer, path).await;
        for secret in ["Ada", "ada@example.com", "+442071838750", "name=\"email\"", "name=\"q\""] {
            assert!(!page.body.contains(secret), "{path}: {secret}");
        }
        assert!(page.body.contains(&id), "{path}");
    }
    let text = words(&ok(&kit, &viewer, &format!("{EVENTS}/{id}")).await);
    assert!(text.contains("Your role does not see payloads"), "{text}");
}

#[tokio::test]
async fn events_are_filtered_and_the_fields_stay() {
    let kit = Kit::start().await;
    let (admin, ingest) = (kit.member(Role::Admin).await, kit.key(Scope::Ingest).await);
    let first = post(&kit, &ingest, "Contact Information", ada("Ada"), None).await;
    let other = json!({ "name": "Bo", "email": "bo@example.com", "phone": null });
    let second = post(&kit, &ingest, "Contact Information", other, Some("c1")).await;
    let third =
        post(&kit, &ingest, "Chat Transcript", json!({ "chat_transcript": "hello" }), Some("c1")).await;
    for (query, found) in [
        ("email=ADA%40example.com", vec![&first]),
        ("phone=%2B44+20+7183+8750", vec![&first]),
        ("conversation=c1", vec![&second, &third]),
        ("conversation=c1&type=Chat+Transcript", vec![&third]),
        (&format!("id={second}"), vec![&second]),
        ("since=2100-01-01T00:00", vec![]),
        ("until=2000-01-01T00:00", vec![]),
        ("q=HELLO", vec![&third]),
    ] {
        let page = ok(&kit, &admin, &format!("{EVENTS}?{query}")).await;
        for id in [&first, &second, &third] {
            let row = format!("href=\"/analytics/events/{id}\"");
            assert_eq!(page.body.contains(&row), found.contains(&id), "{query}: {id}");
        }
    }
    let page = ok(&kit, &admin, &format!("{EVENTS}?email=ADA%40example.com&q=none")).await;
    assert!(page.body.contains("value=\"ADA@example.com\"") && page.body.contains("value=\"none\""));
    assert!(words(&page).contains("1 looked at. That is all there is."), "{}", words(&page));
    assert!(!page.body.contains("data-live=\"events"), "a search is not made again by itself");
}

#[tokio::test]
async fn wrong_fields_are_named_and_kept() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let page = kit.page(&admin, "/analytics/events?id=evt_1&since=%3Cb%3E&type=Other").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["id=\"id-problem\"", "id=\"since-problem\"", "value=\"evt_1\"", "value=\"&#60;b&#62;\""] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for path in
        ["/analytics/bot-report?from=2026-13-01", "/analytics/bot-report?from=2026-02-02&to=2026-01-01"]
    {
        let page = kit.page(&admin, path).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains("id=\"from-problem\"") && !page.body.contains("By chatbot"), "{path}");
    }
}

#[tokio::test]
async fn many_events_come_in_pages_that_keep_the_filter() {
    let kit = Kit::start().await;
    let (admin, ingest) = (kit.member(Role::Admin).await, kit.key(Scope::Ingest).await);
    let one = json!({ "type": "Contact Information", "data": ada("Ada") });
    let body = json!({ "events": vec![one; 51] }).to_string();
    assert_eq!(kit.send(&ingest, "POST", "/api/v1/events/batch", body).await.status, StatusCode::ACCEPTED);
    let page = ok(&kit, &admin, "/analytics/events?type=Contact+Information").await;
    assert_eq!(page.body.matches("class=\"at\"").count(), 50);
    let next = page.body.split_once("rel=\"next\"").unwrap().0.rsplit_once("href=\"").unwrap().1;
    let next = next.split_once('"').unwrap().0.replace("&#38;", "&");
    assert!(next.starts_with("/analytics/events?type=Contact+Information&after=evt_"), "{next}");
    let page = ok(&kit, &admin, &next).await;
    assert_eq!(page.body.matches("class=\"at\"").count(), 1);
    assert!(!page.body.contains("rel=\"next\""));
}

#[tokio::test]
async fn an_event_says_why_of_each_webhook_and_is_sent_again() {
    let kit = Kit::start().await;
    let (key, ingest) = (kit.key(Scope::Manage).await, kit.key(Scope::Ingest).await);
    let (admin, operator) = (kit.member(Role::Admin).await, kit.member(Role::Operator).await);
    let crm = webhook(&kit, &key, "CRM \u{202e}evil", &["Contact Information"]).await;
    webhook(&kit, &key, "Transcripts", &["Chat Transcript"]).await;
    kit.clock.advance_millis(1_000);
    assert!(kit.send(&key, "POST", &format!("/api/v1/webhooks/{crm}/disable"), "").await.status.is_success());
    let data = json!({ "name": "نرگس\u{202e}", "email": null, "phone": null });
    let id = post(&kit, &ingest, "Contact Information", data, None).await;
    let path = format!("{EVENTS}/{id}");

    let page = ok(&kit, &admin, &path).await;
    let text = words(&page);
    assert!(text.contains("CRM ⟨U+202E⟩evil skipped Skipped: the webhook was disabled by hand."), "{text}");
    assert!(text.contains("does not ask for Contact Information events"), "{text}");
    assert!(text.contains("\"name&#34;: ") || text.contains("نرگس⟨U+202E⟩"), "{text}");
    let resend = page.body.split_once("action=\"/analytics/events/").unwrap().1.split_once('"').unwrap().0;
    let resend = format!("/analytics/events/{resend}");
    let delivery = page.body.split("webhooks/deliveries/").nth(1).unwrap().split('"').next().unwrap();
    ok(&kit, &admin, &format!("{}/deliveries/{delivery}", Place::Webhooks.path())).await;
    assert!(!ok(&kit, &operator, &path).await.body.contains("/resend\""));
    let raw = ok(&kit, &admin, &format!("{path}?show=raw")).await;
    assert!(raw.body.contains("{&#34;email&#34;:null,"), "{}", raw.body);

    assert_eq!(kit.submit(&operator, &resend, &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(kit.submit(&admin, &resend, &[]).await.status, StatusCode::CONFLICT, "it is disabled");
    kit.send(&key, "POST", &format!("/api/v1/webhooks/{crm}/resume"), "").await;
    let sent = kit.submit(&admin, &resend, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(sent.headers[header::LOCATION], format!("{path}?done=resent"));
    let text = words(&ok(&kit, &admin, &path).await);
    assert!(text.contains("1 pending") && !text.contains("Send again"), "{text}");
    let elsewhere = resend.replace(&id, &Id::<domain::Event>::from_parts(1, &[1; 10]).to_string());
    assert_eq!(kit.submit(&admin, &elsewhere, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_deleted_webhook_is_named_and_nothing_can_be_sent_to_it() {
    let kit = Kit::start().await;
    let (key, ingest) = (kit.key(Scope::Manage).await, kit.key(Scope::Ingest).await);
    let admin = kit.member(Role::Admin).await;
    let crm = webhook(&kit, &key, "Former CRM", &["Contact Information"]).await;
    kit.send(&key, "POST", &format!("/api/v1/webhooks/{crm}/disable"), "").await;
    let path = format!("{EVENTS}/{}", post(&kit, &ingest, "Contact Information", ada("Ada"), None).await);
    let page = ok(&kit, &admin, &path).await.body;
    let resend =
        page.split_once("<form method=\"post\" action=\"/analytics/").unwrap().1.split_once('"').unwrap().0;
    let deleted = kit.send(&key, "DELETE", &format!("/api/v1/webhooks/{crm}"), "").await;
    assert!(deleted.status.is_success(), "{}", deleted.body);

    let page = ok(&kit, &admin, &path).await;
    assert!(words(&page).contains("Former CRM (deleted) skipped"), "{}", words(&page));
    assert!(!page.body.contains("/resend\"") && !page.body.contains(&format!("/{crm}\"")), "{}", page.body);
    let refused = kit.submit(&admin, &format!("/analytics/{resend}"), &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(words(&refused).contains("The webhook of this delivery was deleted"), "{}", words(&refused));
}

/// The cookie of an owner of another account.
async fn foreigner(kit: &Kit) -> String {
    let make = |tx: &mut app::Tx<'_>| {
        let account = accounts::create(tx, "Globex")?.id;
        app::members::sample(tx, account, Role::Owner)
    };
    let made: Result<_, AppError> = kit.db.write(make).await;
    format!("leadpost={}", made.unwrap().1.reveal())
}

#[tokio::test]
async fn another_account_sees_nothing_of_it() {
    let kit = Kit::start().await;
    let (key, ingest) = (kit.key(Scope::Manage).await, kit.key(Scope::Ingest).await);
    webhook(&kit, &key, "Acme CRM", &["Contact Information"]).await;
    let id = post(&kit, &ingest, "Contact Information", ada("Ada"), Some("c1")).await;
    let foreigner = foreigner(&kit).await;
    assert_eq!(kit.page(&foreigner, &format!("{EVENTS}/{id}")).await.status, StatusCode::NOT_FOUND);
    let missing = kit.page(&foreigner, &format!("{EVENTS}/evt_1")).await;
    assert!(missing.status == StatusCode::NOT_FOUND && missing.body.contains("<h1>"), "{}", missing.body);
    for path in [
        EVENTS,
        "/analytics/events?conversation=c1",
        "/analytics/events?q=Ada",
        "/analytics",
        "/analytics/bot-report",
    ] {
        let page = ok(&kit, &foreigner, path).await;
        assert!(!page.body.contains(&id) && !page.body.contains("Acme CRM"), "{path}");
    }
    let deliveries = kit.send(&key, "GET", "/api/v1/deliveries", "").await.json();
    let delivery = deliveries["items"][0]["id"].as_str().unwrap().to_owned();
    let resend = format!("{EVENTS}/{id}/deliveries/{delivery}/resend");
    assert_eq!(kit.submit(&foreigner, &resend, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_first_steps_are_ticked_one_by_one_and_go_when_all_are() {
    let kit = Kit::start().await;
    let (key, admin, viewer) =
        (kit.key(Scope::Manage).await, kit.member(Role::Admin).await, kit.member(Role::Viewer).await);
    let page = ok(&kit, &admin, "/analytics").await;
    assert_eq!(page.body.matches("(done)").count(), 0);
    assert!(!ok(&kit, &viewer, "/analytics").await.body.contains("Four steps"), "they are not a viewer's");

    let made = kit.send(&key, "POST", "/api/v1/chatbots", r#"{"name":"Bo"}"#).await.json();
    let bot = made["id"].as_str().unwrap();
    assert_eq!(ok(&kit, &admin, "/analytics").await.body.matches("(done)").count(), 0, "it is a draft");
    let published = kit.send(&key, "POST", &format!("/api/v1/chatbots/{bot}/publish"), "").await;
    assert!(published.status.is_success(), "{}", published.body);
    assert_eq!(ok(&kit, &admin, "/analytics").await.body.matches("(done)").count(), 1);
    let hook = webhook(&kit, &key, "Acme CRM", &["Contact Information"]).await;
    assert_eq!(ok(&kit, &admin, "/analytics").await.body.matches("(done)").count(), 2);
    let test = kit.send(&key, "POST", &format!("/api/v1/webhooks/{hook}/test"), "{}").await;
    assert_eq!(test.status, StatusCode::OK, "{}", test.body);
    let page = ok(&kit, &admin, "/analytics").await;
    assert_eq!(page.body.matches("(done)").count(), 3);
    assert!(words(&page).contains("0 Delivered") || words(&page).contains("Delivered 0"), "a test is none");
    assert!(words(&page).contains("all well"));
}

#[tokio::test]
async fn the_overview_counts_today_and_names_webhooks_that_need_attention() {
    let kit = Kit::start().await;
    let (key, ingest) = (kit.key(Scope::Manage).await, kit.key(Scope::Ingest).await);
    let (operator, viewer) = (kit.member(Role::Operator).await, kit.member(Role::Viewer).await);
    let crm = webhook(&kit, &key, "CRM & Co", &["Contact Information"]).await;
    post(&kit, &ingest, "Contact Information", ada("Ada"), None).await;
    post(&kit, &ingest, "Contact Information", ada("Ada"), None).await;
    let text = words(&ok(&kit, &viewer, "/analytics").await);
    assert!(text.contains("Pending 2") && text.contains("all well"), "{text}");
    assert!(!text.contains("Latest leads"), "a viewer sees nobody");
    assert!(words(&ok(&kit, &operator, "/analytics?days=30").await).contains("Latest leads"));
    kit.send(&key, "POST", &format!("/api/v1/webhooks/{crm}/pause"), "").await;
    let page = ok(&kit, &viewer, "/analytics").await;
    assert!(words(&page).contains("paused CRM &#38; Co 2 deliveries wait"), "{}", words(&page));
    assert!(page.body.contains(&format!("/webhooks/{crm}\"")));
}

/// A conversation that another tool pushes: a message, a contact, a marker's two ends, and the close.
async fn talk(kit: &Kit, ingest: &str, bot: &str, marker: &str) {
    let begun =
        kit.send(ingest, "POST", "/api/v1/conversations", json!({ "chatbot_id": bot }).to_string()).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let base = format!("/api/v1/conversations/{}", begun.json()["id"].as_str().unwrap());
    for (call, body) in [
        ("messages", json!({ "author": "visitor", "text": "Hello" })),
        ("markers", json!({ "name": marker, "edge": "start" })),
        ("contact", ada("Ada")),
        ("markers", json!({ "name": marker, "edge": "end" })),
        ("close", json!({ "reason": "visitor_ended" })),
    ] {
        kit.clock.advance_millis(10_000);
        let done = kit.send(ingest, "POST", &format!("{base}/{call}"), body.to_string()).await;
        assert!(done.status.is_success(), "{call}: {}", done.body);
    }
}

async fn chatbot(kit: &Kit, key: &str, name: &str) -> String {
    let made = kit.send(key, "POST", "/api/v1/chatbots", json!({ "name": name }).to_string()).await;
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_bot_report_has_figures_pictures_and_tables_and_the_same_as_files() {
    let kit = Kit::start().await;
    let (key, ingest) = (kit.key(Scope::Manage).await, kit.key(Scope::Ingest).await);
    let (viewer, operator) = (kit.member(Role::Viewer).await, kit.member(Role::Operator).await);
    let path = "/analytics/bot-report";
    let text = words(&ok(&kit, &viewer, path).await);
    assert!(
        text.contains("Nothing happened in these days") && text.contains("There is no chatbot yet"),
        "{text}"
    );

    let long = format!("Reise <i> {}", "ü".repeat(80));
    let (bot, other) = (chatbot(&kit, &key, &long).await, chatbot(&kit, &key, "Other").await);
    talk(&kit, &ingest, &bot, "Booking & more").await;
    let page = ok(&kit, &viewer, path).await;
    let text = words(&page);
    for part in [
        "(days of UTC)",
        "Conversations 1 opened by a visitor",
        "Contacts captured 1",
        "The visitor ended it",
        "Other 0 0 0 0 0",
        "All together 1 1 1 0 1",
        "Booking &#38; more 1 1 1 100 % 20 s 0 0",
        "How this is counted",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!page.body.contains("<i>") && page.body.contains("<svg"));
    assert!(words(&ok(&kit, &operator, "/analytics").await).contains("Ada ada@example.com +442071838750"));

    let none = ok(&kit, &viewer, &format!("{path}?bot={other}&days=7")).await;
    assert!(words(&none).contains("Nothing happened in these days"));
    assert!(none.body.contains(&format!("<option value=\"{other}\" selected>")));
    assert!(none.body.contains(&format!("{path}?days=90&#38;bot={other}")), "a preset keeps the chatbot");

    let query = format!("bot={bot}&days=1");
    let report = kit.page(&viewer, &format!("{path}/bot-report.csv?{query}")).await;
    assert_eq!(report.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    assert!(
        report.body.starts_with("chatbot_id,chatbot_name,") && report.body.contains(&bot),
        "{}",
        report.body
    );
    let markers = kit.page(&viewer, &format!("{path}/marker-report.csv?{query}")).await;
    assert!(markers.body.contains("Booking & more,1,1,1,1,0,0,1,20"), "{}", markers.body);
    assert_eq!(kit.page("", &format!("{path}/marker-report.csv")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        kit.page(&viewer, &format!("{path}/bot-report.csv?bot=x")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_period_of_own_days_goes_before_a_preset_and_stays_in_the_form() {
    let kit = Kit::start().await;
    let viewer = kit.member(Role::Viewer).await;
    let page = ok(&kit, &viewer, "/analytics/bot-report?from=2026-01-30&to=2026-02-02&days=7").await;
    assert!(words(&page).contains("30 January – 2 February 2026"), "{}", words(&page));
    assert!(page.body.contains("value=\"2026-01-30\"") && !page.body.contains("aria-current=\"true\""));
    let page = ok(&kit, &viewer, "/analytics/bot-report").await;
    for day in
        ["name=\"from\" type=\"date\" value=\"2026-02-03\"", "name=\"to\" type=\"date\" value=\"2026-03-04\""]
    {
        assert!(page.body.contains(day), "the days of a preset are shown: {}", page.body);
    }
    // The same form, sent for another chatbot: the days are still the preset's.
    for query in ["from=2026-02-26&to=2026-03-04&days=7", "days=7"] {
        let page = ok(&kit, &viewer, &format!("/analytics/bot-report?{query}")).await;
        assert!(page.body.contains("aria-current=\"true\">7 days"), "{query}: {}", page.body);
        assert!(
            page.body.contains("value=\"2026-02-26\"") && page.body.contains("name=\"days\" value=\"7\"")
        );
    }
    let page = ok(&kit, &viewer, "/analytics/bot-report?days=7&from=&to=").await;
    assert!(
        page.body.contains("name=\"days\" value=\"7\"") && page.body.contains("aria-current=\"true\">7 days")
    );
}
