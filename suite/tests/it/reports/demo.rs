//! The reports of thirty days with the three demo bots, against the second count.

use serde_json::Value;
use suite::{
    TestApp,
    demo_volume::{self, CONVERSATIONS, Ending, PREVIEWS, TWICE},
    stores,
};

use super::recount::{Asked, agree};

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("a small one")
}

/// Months, weeks and single days, in zones on both sides of the date line, over the days on which clocks change.
fn periods() -> Vec<Asked> {
    let mut all = Vec::new();
    for zone in ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati"] {
        all.push(Asked::of("2026-03-01", "2026-04-10", zone));
        all.push(Asked::of("2026-03-07", "2026-03-09", zone));
        all.push(Asked::of("2026-03-20", "2026-03-20", zone));
        all.push(Asked::of("2026-03-25", "2026-04-05", zone));
    }
    all.push(Asked::of("2026-03-28", "2026-03-30", "Europe/Berlin"));
    all.push(Asked::of("2027-01-01", "2027-01-31", "UTC"));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_of_the_demo_bots_are_counted_as_a_second_program_counts_them() {
    for store in stores().await {
        eprintln!("on {}", store.engine);
        let app = TestApp::start(store).await;
        let made = demo_volume::make(&app.db, &app.clock, app.acme.0, 20_260_304).await;
        let mut asked = periods();
        let departments = app.get("/departments").await;
        for bot in &made.bots {
            let chatbot = Some(bot.id.to_string());
            asked.extend(periods().into_iter().take(8).map(|it| Asked { chatbot: chatbot.clone(), ..it }));
        }
        for department in departments["items"].as_array().expect("a list") {
            let department = department["id"].as_str().map(str::to_owned);
            asked.extend(
                periods().into_iter().take(4).map(|it| Asked { department: department.clone(), ..it }),
            );
        }
        let answers = agree(&app, &asked).await;

        // What the chats were made to be.
        let report = &answers[0]["bot"];
        assert_eq!(number(&report["total"]["conversations"]), 3 * (CONVERSATIONS - PREVIEWS));
        for row in report["items"].as_array().expect("a list") {
            assert_eq!(row["conversations"], row["engaged"], "each began with an answer");
            for (ending, share) in Ending::SHARES {
                let (reason, expected) = match ending {
                    Ending::Complete => ("bot_finished", share - PREVIEWS),
                    Ending::Idle => ("idle_bot", share),
                    Ending::OperatorClosed => ("operator_closed", share),
                    Ending::VisitorEnded => ("visitor_ended", share),
                };
                assert_eq!(number(&row["closed"][reason]), expected, "{reason}: {row}");
            }
            assert_eq!(number(&row["handovers"]), 24, "{row}");
            assert!(number(&row["contacts_captured"]) > 60, "{row}");
        }
        let markers = answers[0]["markers"]["items"].as_array().expect("a list");
        let names: Vec<_> = markers.iter().map(|it| it["marker"].as_str().expect("a name")).collect();
        let expected = [
            "Book Trip",
            "Contact Details",
            "Demo Request",
            "Pricing Viewed",
            "Quote",
            "Specialist Referral",
            "Trip Status",
        ];
        assert_eq!(names, expected);
        for marker in markers {
            let twice = match marker["marker"].as_str() {
                Some("Book Trip" | "Contact Details" | "Pricing Viewed") => TWICE,
                _ => 0,
            };
            let (executions, conversations) =
                (number(&marker["executions"]), number(&marker["conversations"]));
            assert_eq!(executions - conversations, twice, "{marker}");
            assert_eq!(marker["in_progress"], 0, "{marker}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_figures() {
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let app = TestApp::start(suite::TestStore::sqlite()).await;
        demo_volume::make(&app.db, &app.clock, app.acme.0, seed).await;
        let mut report = app.get("/reports/bot?from=2026-03-01&to=2026-04-10").await;
        seen.push(report["days"].take());
        app.finish().await;
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}
