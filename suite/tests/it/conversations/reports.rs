//! What the reports make of conversations: every line of the counting rule, and the runs that the three templates are
//! made for, which a second program counts once more.

use app::{conversations::operators, departments};
use serde_json::Value;
use suite::stores;

use super::{Scene, Tab, minutes};
use crate::reports::recount::{Asked, agree};

/// Ends of markers that a visitor can pass, and operators. Buttons must differ by more than case, so they are called by
/// their places here.
const BUTTONS: [&str; 8] = ["+A", "-A", "+B", "-B", "+a", "-a", "+ A", "human"];

/// A flow that leads back to its beginning, with a button for each end of each marker and one for operators.
fn flow() -> String {
    let option = |n| format!(r#"{{"value":"n{n}","label":"Button {n}","next":"n{n}"}}"#);
    let options: Vec<_> = (0..BUTTONS.len()).map(option).collect();
    let options = options.join(",");
    let mut nodes = vec![format!(r#"{{"id":"a","kind":"choice","text":"What now?","options":[{options}]}}"#)];
    for (n, button) in BUTTONS.into_iter().enumerate() {
        let marker = |name, edge| {
            format!(r#"{{"id":"n{n}","kind":"marker","name":"{name}","edge":"{edge}","next":"a"}}"#)
        };
        nodes.push(match button.split_at(1) {
            ("+", name) => marker(name, "start"),
            ("-", name) => marker(name, "end"),
            _ => {
                format!(r#"{{"id":"n{n}","kind":"handover","department":"Sales","offline":"a","next":"a"}}"#)
            }
        });
    }
    nodes.join(",")
}

/// What a visitor types for that button: pressed, a button of a chat that is over would open no other.
fn press(button: &str) -> String {
    let place = BUTTONS.iter().position(|known| *known == button);
    format!("> Button {}", place.expect("one of the buttons"))
}

/// Plays a script of buttons and these words: `idle` (the chat ends so), `end` (the visitor ends it), `agent` (one
/// accepts and hands back), `closes` (one accepts and closes), `wait` (a second passes).
async fn play(scene: &Scene, tab: &mut Tab, script: &str) {
    let omar = scene.omar;
    for step in script.split_whitespace() {
        match step {
            "idle" => {
                scene.after(minutes(15)).await;
                scene.after(minutes(1)).await;
                tab.look().await;
            }
            "end" => tab.end().await,
            "wait" => scene.app.clock.advance(super::seconds(1)),
            "agent" | "closes" => {
                scene.arrives(omar).await;
                tab.play(&press("human")).await;
                let id = tab.id();
                scene.act(move |tx| operators::accept(tx, &omar, id)).await;
                match step {
                    "agent" => scene.act(move |tx| operators::hand_back(tx, &omar, id)).await,
                    _ => scene.act(move |tx| operators::close(tx, &omar, id)).await,
                };
                scene.act(move |tx| departments::leave(tx, &omar)).await;
                tab.look().await;
            }
            button => tab.play(&press(button)).await,
        }
    }
}

/// A row of the marker report as one line.
fn line(row: &Value) -> String {
    let figures = ["executions", "conversations", "starts", "completed", "not_completed", "in_progress"];
    let figures: Vec<_> = figures.iter().map(|name| row[*name].to_string()).collect();
    format!("{} {} {}", row["marker"].as_str().expect("a name"), figures.join(" "), row["completion_rate"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_the_counting_rule_holds_in_the_report() {
    // Rows: marker, executions, conversations, starts, completed, not completed, in progress, completion rate.
    for (rule, script, rows) in [
        ("start … end, same session", "+A wait -A", &["A 1 1 1 1 0 0 1.0"][..]),
        ("start only, still open", "+A wait", &["A 0 0 1 0 0 1 0.0"]),
        ("start only, once the session closes", "+A end", &["A 0 0 1 0 1 0 0.0"]),
        ("end only", "-A", &[]),
        ("end before the start", "-A +A end", &["A 0 0 1 0 1 0 0.0"]),
        ("start in one session, end in the next", "+A end -A", &["A 0 0 1 0 1 0 0.0"]),
        ("start, end, start, end", "+A -A +A -A", &["A 2 1 2 2 0 0 1.0"]),
        ("start, start, end", "+A +A -A", &["A 1 1 1 1 0 0 1.0"]),
        ("start, end, end", "+A -A -A", &["A 1 1 1 1 0 0 1.0"]),
        ("names that differ in case", "+A -a +a -A", &["A 1 1 1 1 0 0 1.0", "a 0 0 1 0 0 1 0.0"]),
        ("overlapping markers", "+A +B -A -B", &["A 1 1 1 1 0 0 1.0", "B 1 1 1 1 0 0 1.0"]),
        ("an operator between start and end", "+A agent -A", &["A 1 1 1 1 0 0 1.0"]),
        ("an operator who closes", "+A closes", &["A 0 0 1 0 1 0 0.0"]),
        ("idle-closed between", "+A idle -A", &["A 0 0 1 0 1 0 0.0"]),
        ("two sessions", "+A -A end +A -A", &["A 2 2 2 2 0 0 1.0"]),
    ] {
        for store in stores().await {
            let scene = Scene::with_flow(store, &flow()).await;
            let mut tab = scene.tab(1);
            play(&scene, &mut tab, script).await;
            let report = scene.app.get("/reports/markers").await;
            let found: Vec<_> = report["items"].as_array().expect("a list").iter().map(line).collect();
            assert_eq!(found, rows, "{rule}: {script} on {}", scene.app.engine);
            scene.app.finish().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spaces_around_a_marker_s_name_make_no_other_marker() {
    for store in stores().await {
        let scene = Scene::with_flow(store, &flow()).await;
        let mut tab = scene.tab(1);
        tab.play(&format!("{}\n{}", press("+ A"), press("-A"))).await;
        let report = scene.app.get("/reports/markers").await;
        assert_eq!(line(&report["items"][0]), "A 1 1 1 1 0 0 1.0", "{report}");
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_in_no_figure() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let mut tab = scene.tab(1);
        (tab.visit.preview, tab.visit.own_origin) = (true, true);
        tab.visit.origin = suite::OWN_ORIGIN.into();
        tab.play("# book\n> Lisbon\n> 2026-11-05\n> 2\n# lt500\n> Ana\n> ana@example.com\nskip\n# yes\n# no")
            .await;
        let mut left = scene.tab(2);
        left.visit = domain_visit(&tab, 2);
        left.play("# book").await;
        let report = scene.app.get("/reports/bot").await;
        let zeros =
            |it: &Value| it["conversations"] == 0 && it["engaged"] == 0 && it["contacts_captured"] == 0;
        assert!(zeros(&report["total"]) && report["days"].as_array().unwrap().iter().all(zeros), "{report}");
        assert!(report["total"]["closed"].as_object().unwrap().values().all(|it| *it == 0), "{report}");
        assert_eq!(scene.app.get("/reports/markers").await["items"], serde_json::json!([]));
        scene.app.finish().await;
    }
}

/// The same page, in another browser.
fn domain_visit(tab: &Tab, browser: u8) -> app::conversations::visits::Visit {
    let token = domain::VisitorToken::from_bytes(&[browser; 32]);
    app::conversations::visits::Visit { token, ..tab.visit.clone() }
}

/// What is asked of the expected runs: the day of it and its neighbours, where it is two days, and one bot.
fn asked(scene: &Scene) -> Vec<Asked> {
    let mut all: Vec<_> = ["UTC", "Asia/Kolkata", "Pacific/Kiritimati", "America/New_York"]
        .into_iter()
        .flat_map(|zone| {
            [("2026-03-04", "2026-03-04"), ("2026-03-05", "2026-03-06"), ("2026-02-01", "2026-03-31")]
                .map(|(from, to)| Asked::of(from, to, zone))
        })
        .collect();
    let one = all[2].clone();
    all.push(Asked { chatbot: Some(scene.chatbot.id.to_string()), ..one });
    all
}

/// A run that an operator comes into, closes, and says something in before.
async fn served(scene: &Scene, browser: u8, script: &str, after: &str) {
    let omar = scene.omar;
    scene.arrives(omar).await;
    let mut tab = scene.tab(browser);
    tab.play(script).await;
    let id = tab.id();
    scene.act(move |tx| operators::accept(tx, &omar, id)).await;
    scene.act(move |tx| operators::reply(tx, &omar, id, "On its way.", None)).await;
    tab.play(after).await;
    scene.act(move |tx| operators::close(tx, &omar, id)).await;
    scene.act(move |tx| departments::leave(tx, &omar)).await;
}

/// Figures of the bot, then executions and starts of each marker.
fn summary(answer: &Value) -> String {
    let total = &answer["bot"]["total"];
    let figures = ["conversations", "engaged", "contacts_captured", "handovers"]
        .map(|name| total[name].to_string())
        .join(" ");
    let markers = answer["markers"]["items"].as_array().expect("a list").iter();
    let markers = markers.map(|it| {
        format!(", {} {}/{}", it["marker"].as_str().expect("a name"), it["executions"], it["starts"])
    });
    figures + &markers.collect::<String>()
}

const TRIP: &str = "# book\n> Lisbon\n> 2026-11-05\n> 2\n# lt500";

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_the_travel_desk_are_counted_as_a_second_program_counts_them() {
    for store in stores().await {
        let scene = Scene::start(store, "travel-desk").await;
        let details = "> Nuala O'Brien\n> nuala at example\n> nuala@example.ie\n> 020 7946 0018\n# yes\n# no";
        for (browser, script) in [
            (1, format!("{TRIP}\n{details}")),
            (2, "# book\n> Lisbon\n> 2026-11-05".to_owned()),
            (3, format!("{TRIP}\n> Nuala\n> nuala@example.ie\nskip\n# no\n# no")),
            (4, format!("{TRIP}\n> Ana\n> ana@example.com\nskip\n# yes\n# yes\n{TRIP}\n{details}")),
            (6, "# human\n> Ng\n> ng@example.com\nskip\n# yes\n# no".to_owned()),
            (7, format!("{TRIP}\n> Ana\n> ana@example.com\nskip")),
        ] {
            scene.tab(browser).play(&script).await;
            scene.app.clock.advance(super::seconds(7));
        }
        served(&scene, 5, "# status\n> AB12\n> ab123456", "> Thanks\n> Bye").await;
        let answers = agree(&scene.app, &asked(&scene)).await;
        let expected = "7 7 3 1, Book Trip 3/6, Contact Details 4/6, Trip Status 1/1";
        assert_eq!(summary(&answers[0]), expected, "on {}", scene.app.engine);
        assert_eq!(summary(&answers[1]), "0 0 0 0");
        // Those who left are idle, on the next day in the one zone and not in the other.
        scene.after(minutes(13 * 60)).await;
        scene.after(minutes(16)).await;
        let answers = agree(&scene.app, &asked(&scene)).await;
        assert_eq!(answers[0]["markers"]["items"][0]["not_completed"], 3);
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_the_car_quote_are_counted_as_a_second_program_counts_them() {
    const CAR: &str = "# yes\n# new\n> 2026\n> Fiat 500\n# tp\n# 0\n> Ana";
    for store in stores().await {
        let scene = Scene::start(store, "car-quote").await;
        let used = "# yes\n# used\n> 2019\n> Volvo V60\n# comp\n# 0\n> John Carter\n> call me\n> 12345";
        for (browser, script) in [
            (1, format!("{used}\n> 020 7946 0018\n# yes\nskip")),
            (2, "# yes\n# used\n> 1949\n> 1962\n> 020 7946 0018".to_owned()),
            (3, format!("{CAR}\n> call me\n> call me maybe\n> 12345\n> ana@example.com")),
            (4, format!("{CAR}\n> no\n> nope\n> never\nskip")),
            (5, "# no".to_owned()),
            (6, format!("{CAR}\n> 020 7946 0018\n# no\n> +1 202 555 0143\n# yes\n> ana@example.com")),
            (7, format!("{CAR}\n> 020 7946 0018\n# yes")),
            (8, "# yes\n# used\n> 1962\n> never\n> no\n> none".to_owned()),
        ] {
            scene.tab(browser).play(&script).await;
            scene.app.clock.advance(super::seconds(7));
        }
        served(&scene, 9, "# yes\n# used\n> 1962", "> Thanks").await;
        served(&scene, 10, "# yes\n# used\n> 2019\n> Volvo V60\n# comp\n# 2plus", "> Thanks").await;
        let answers = agree(&scene.app, &asked(&scene)).await;
        let expected = "10 10 4 2, Quote 3/9, Specialist Referral 1/4";
        assert_eq!(summary(&answers[0]), expected, "on {}", scene.app.engine);
        scene.after(minutes(15)).await;
        scene.after(minutes(1)).await;
        let answers = agree(&scene.app, &asked(&scene)).await;
        let late = &answers[0]["bot"]["total"];
        assert_eq!((&late["contacts_captured"], &late["closed"]["idle_bot"]), (&5.into(), &1.into()));
        scene.app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_the_saas_demo_are_counted_as_a_second_program_counts_them() {
    const DEMO: &str = "# demo\n> ana@loomwork.example\n> Ana\n> Acme";
    for store in stores().await {
        let scene = Scene::start(store, "saas-demo").await;
        for (browser, script) in [
            (1, "# price\n# yes\n> ana@loomwork.example\n> Ana\n> Acme\n# 1-10\n> 2026-03-05\nskip\n# yes\n# no".to_owned()),
            (3, "# demo\n> ana@gmail.com\n# change\n> ana@loomwork.example\n> Ana\n> Acme\n# 51-250\nskip\nskip\n# yes\n# no".to_owned()),
            (4, format!("{DEMO}\n# 11-50\nskip\nskip\n# yes\n# no")),
            (7, "# support\n> ana@example.com\n# yes\n# no".to_owned()),
            (8, "# price\n# no\n# yes\n# price\n# no\n# no".to_owned()),
        ] {
            scene.tab(browser).play(&script).await;
            scene.app.clock.advance(super::seconds(7));
        }
        served(&scene, 2, &format!("{DEMO}\n# 250plus\nskip\nskip\n> sure"), "> Thanks").await;
        let mut one = scene.tab(5);
        one.play(DEMO).await;
        one.end().await;
        let answers = agree(&scene.app, &asked(&scene)).await;
        let expected = "7 7 5 1, Demo Request 4/5, Pricing Viewed 3/3";
        assert_eq!(summary(&answers[0]), expected, "on {}", scene.app.engine);
        scene.app.finish().await;
    }
}
