//! The reports over HTTP: what they are asked for, what they refuse, and that a second, independent count agrees.

mod demo;
pub mod recount;

use serde_json::{Value, json};
use suite::{TestApp, stores};

use crate::{
    inbound::{begun, push, say},
    webhooks::id,
};

/// The path of a report for days in a zone.
fn path(report: &str, from: &str, to: &str, zone: &str) -> String {
    format!("/reports/{report}?from={from}&to={to}&time_zone={zone}")
}

/// A conversation of another chat tool that is begun at an instant, which must not be before the last one.
async fn begun_at(app: &TestApp, instant: &str) -> Value {
    app.clock.advance_to(instant.parse().expect("an instant"));
    let conversation = begun(app, json!({})).await;
    say(app, &conversation, "visitor", "Hello").await;
    conversation
}

async fn conversations(app: &TestApp, from: &str, to: &str, zone: &str) -> Vec<u64> {
    let report = app.get(&path("bot", from, to, zone)).await;
    let days: Vec<u64> = report["days"]
        .as_array()
        .expect("days")
        .iter()
        .map(|day| day["conversations"].as_u64().expect("a number"))
        .collect();
    assert_eq!(report["total"]["conversations"], days.iter().sum::<u64>(), "{}", app.engine);
    days
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_what_the_calendar_of_the_zone_says() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        // The last microsecond of a day and the first of the next, in the order in which they come: in Apia, New York
        // before its day of 23 hours, behind it, Kolkata, New York before its day of 25 hours and behind it.
        for instant in [
            "2026-03-05T10:59:59.999999Z",
            "2026-03-05T11:00:00Z",
            "2026-03-08T04:59:59.999999Z",
            "2026-03-08T05:00:00Z",
            "2026-03-09T03:59:59.999999Z",
            "2026-03-09T04:00:00Z",
            "2026-04-10T18:29:59.999999Z",
            "2026-04-10T18:30:00Z",
            "2026-11-01T03:59:59.999999Z",
            "2026-11-01T04:00:00Z",
            "2026-11-02T04:59:59.999999Z",
            "2026-11-02T05:00:00Z",
        ] {
            begun_at(&app, instant).await;
        }
        for (zone, from, to, days) in [
            ("Pacific/Apia", "2026-03-05", "2026-03-06", &[1, 1][..]),
            ("America/New_York", "2026-03-07", "2026-03-09", &[1, 2, 1]),
            ("Asia/Kolkata", "2026-04-10", "2026-04-11", &[1, 1]),
            ("America/New_York", "2026-10-31", "2026-11-02", &[1, 2, 1]),
            ("UTC", "2026-03-08", "2026-03-08", &[2]),
            // A day that this zone never had.
            ("Pacific/Apia", "2011-12-29", "2011-12-31", &[0, 0, 0]),
        ] {
            assert_eq!(conversations(&app, from, to, zone).await, days, "{} {zone} {from}", app.engine);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_days_and_zone_a_report_is_of_the_last_thirty_days_in_utc() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        begun_at(&app, "2026-03-04T12:00:00Z").await;
        let report = app.get("/reports/bot").await;
        let head = ["from", "to", "time_zone"].map(|name| report[name].as_str().expect("a text").to_owned());
        assert_eq!(head, ["2026-02-03", "2026-03-04", "UTC"], "{}", app.engine);
        assert_eq!(report["days"].as_array().map(Vec::len), Some(30));
        assert_eq!(report["items"][0]["chatbot_id"], Value::Null, "of no chatbot");
        assert_eq!(report["items"][0]["conversations"], 1);
        let report = app.get("/reports/markers").await;
        assert_eq!(report["items"], json!([]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reported_says_what_to_do() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for report in ["bot", "markers"] {
            for (query, pointer, words) in [
                ("time_zone=Mars/Olympus", "/time_zone", "such as Asia/Kolkata"),
                ("from=2026-03-05&to=2026-03-04", "/from", "exchange the two"),
                ("from=2025-01-01&to=2026-03-04", "/from", "at most 400 days"),
                ("from=04.03.2026", "/from", "a date such as 2026-03-04"),
                ("to=2026-02-30", "/to", "a date such as 2026-03-04"),
                ("format=xlsx", "/format", "one of json, csv"),
                ("chatbot_id=7", "/chatbot_id", "bot_"),
                ("department=7", "/department", "known are"),
            ] {
                let answer = app.send("GET", &format!("/reports/{report}?{query}"), "").await;
                let problem = answer.expect(422);
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
                let message = problem["errors"][0]["message"].as_str().expect("words");
                assert!(message.contains(words), "{query}: {message}");
            }
        }
        app.finish().await;
    }
}

/// A report of the day on which these tests take place.
async fn today(app: &TestApp, report: &str, more: &str) -> Value {
    app.get(&format!("{}{more}", path(report, "2026-03-04", "2026-03-04", "UTC"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_chat_tools_push_counts_and_a_foreign_account_sees_none_of_it() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let bot = app.post("/chatbots", json!({"name": "Pushed", "template": "travel-desk"}), 201).await;
        let conversation = begun(&app, json!({"chatbot_id": id(&bot)})).await;
        begun(&app, json!({"chatbot_id": id(&bot)})).await;
        say(&app, &conversation, "visitor", "Hello").await;
        push(&app, &conversation, "markers", json!({"name": "Quote", "edge": "start"})).await;
        let contact = json!({"email": "ana@example.com"});
        push(&app, &conversation, "contact", contact).await;
        app.clock.advance(std::time::Duration::from_millis(2_500));
        push(&app, &conversation, "markers", json!({"name": "Quote", "edge": "end"})).await;
        let close = format!("/conversations/{}/close", id(&conversation));
        app.send("POST", &close, json!({"reason": "no_agent"}).to_string()).await;
        let report = today(&app, "bot", "").await;
        let row = &report["items"][0];
        let figures = ["conversations", "engaged", "contacts_captured", "handovers"];
        assert_eq!(figures.map(|name| row[name].as_u64().expect("a number")), [2, 1, 1, 0], "{report}");
        assert_eq!((&row["chatbot_name"], &row["closed"]["no_agent"]), (&json!("Pushed"), &json!(1)));
        let marker = json!({
            "marker": "Quote", "executions": 1, "conversations": 1, "starts": 1, "completed": 1,
            "not_completed": 0, "in_progress": 0, "completion_rate": 1.0, "median_s": 2.5,
        });
        assert_eq!(today(&app, "markers", "").await["items"], json!([marker]), "{}", app.engine);
        let of_bot = format!("&chatbot_id={}", id(&bot));
        for more in ["", &of_bot] {
            for report in ["bot", "markers"] {
                let path = format!("{}{more}", path(report, "2026-03-04", "2026-03-04", "UTC"));
                let seen = app.send_as(&app.globex.1, "GET", &path, "").await.expect(200);
                assert_eq!(seen["items"], json!([]), "{}: {seen}", app.engine);
                assert!(report == "markers" || seen["total"]["conversations"] == 0, "{seen}");
            }
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_or_merged_still_counts() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for number in 1..=3 {
            let conversation = begun(&app, json!({})).await;
            say(&app, &conversation, "visitor", "Hello").await;
            push(&app, &conversation, "markers", json!({"name": "Quote", "edge": "start"})).await;
            push(&app, &conversation, "contact", json!({"email": format!("v{number}@example.com")})).await;
            push(&app, &conversation, "markers", json!({"name": "Quote", "edge": "end"})).await;
            let close = format!("/conversations/{}/close", id(&conversation));
            app.send("POST", &close, "").await;
        }
        let before = (today(&app, "bot", "").await, today(&app, "markers", "").await);
        assert_eq!(before.0["total"]["contacts_captured"], 3);
        let contacts = app.get("/contacts").await["items"].clone();
        let [first, second, third] = [0, 1, 2].map(|place| id(&contacts[place]).to_owned());
        app.post(&format!("/contacts/{first}/merge"), json!({"from": second}), 200).await;
        app.send("DELETE", &format!("/contacts/{third}"), "").await.expect(200);
        let after = (today(&app, "bot", "").await, today(&app, "markers", "").await);
        assert_eq!(after, before, "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_can_be_saved_as_rows_that_no_spreadsheet_runs() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let bot = app.post("/chatbots", json!({"name": "=1+1", "template": "travel-desk"}), 201).await;
        let conversation = begun(&app, json!({"chatbot_id": id(&bot)})).await;
        for (name, edge) in [("@sum", "start"), ("@sum", "end"), ("Trip, long", "start")] {
            push(&app, &conversation, "markers", json!({"name": name, "edge": edge})).await;
            app.clock.advance(std::time::Duration::from_millis(1_500));
        }
        let bots = app.send("GET", &today_path("bot"), "").await;
        assert_eq!(bots.headers["content-type"], "text/csv; charset=utf-8; header=present");
        let name = "attachment; filename=\"bot-report-2026-03-04-2026-03-04.csv\"";
        assert_eq!(bots.headers["content-disposition"], name);
        let head = "chatbot_id,chatbot_name,conversations,engaged,contacts_captured,handovers,closed_visitor_ended,\
            closed_operator_closed,closed_bot_finished,closed_idle_bot,closed_idle_agent,closed_no_agent,\
            closed_admin_closed";
        assert_eq!(bots.body, format!("{head}\r\n{},'=1+1,1,0,0,0,0,0,0,0,0,0,0\r\n", id(&bot)));
        let markers = app.send("GET", &today_path("markers"), "").await;
        assert_eq!(
            markers.body,
            "marker,executions,conversations,starts,completed,not_completed,in_progress,completion_rate,median_s\r\n\
             '@sum,1,1,1,1,0,0,1,1.5\r\n\"Trip, long\",0,0,1,0,0,1,0,\r\n",
            "{}",
            app.engine
        );
        app.finish().await;
    }
}

fn today_path(report: &str) -> String {
    format!("{}&format=csv", path(report, "2026-03-04", "2026-03-04", "UTC"))
}
