//! Pictures of sound, odd and hostile figures: well-formed, within their frame, and the same as before.

mod dice;
mod markup;
mod shots;

use super::{
    Band, BandKind, Bars, Bucket, Funnel, Health, Look, Outline, OutlineNode, Pace, Phases, Series, Share,
    Slot, Spark, Steps,
    axis::Scale,
    text::{compact, per_cent, short, thousands, width},
};
use dice::Dice;
use markup::check;

/// What people, and those who mean ill, call things.
const HOSTILE: [&str; 11] = [
    "",
    "</title></svg><script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "' style='x' x='",
    "<!-- ]]> &amp; &#0; {{ x }} {% y %}",
    "\u{0}\u{1b}\u{202e}\u{2066}\u{ffff}",
    "יום שישי הכי ארוך שיש בעברית עם 3 מילים",
    "عنوان طويل جدا لاختبار الاتجاه",
    "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
    "長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前長い名前",
    "a very long name of a reason for which a conversation was closed, which nobody should ever have written down in \
     full, but which somebody did write down all the same, as people do when a field takes two hundred letters",
];

fn bars() -> Bars {
    let slot = |day: u64| Slot {
        label: format!("{day} Nov"),
        title: format!("{day} November 2026"),
        counts: (day != 9).then(|| vec![day * 137 % 1301, day % 7 * 11, day % 3 * 40]),
    };
    let names = [("delivered", Look::Good), ("failed", Look::Bad), ("held", Look::Quiet)];
    Bars {
        key: "days".to_owned(),
        title: "Deliveries per day".to_owned(),
        of: "Day".to_owned(),
        series: names.map(|(name, look)| Series { name: name.to_owned(), look }).into(),
        slots: (1..=30).map(slot).collect(),
    }
}

fn spark() -> Spark {
    let slots = (0..24).map(|hour| (hour * 7 % 90, if hour == 5 { 3 } else { 0 })).collect();
    Spark { key: "row 1".to_owned(), over: "last 24 hours".to_owned(), slots }
}

fn health() -> Health {
    let bucket = |hour: u64| {
        let silent = (30..40).contains(&hour) || (50..54).contains(&hour);
        Bucket {
            label: format!("{:02}:00", hour % 24),
            title: format!("day {}, {:02}:00", hour / 24 + 1, hour % 24),
            delivered: if silent { 0 } else { 120 + hour },
            failed: if silent { 0 } else { hour % 6 * hour / 3 },
            p50_ms: (!silent).then_some(80 + hour % 5 * 10),
            p95_ms: (!silent).then_some(300 + hour % 7 * 60),
        }
    };
    let band = |from, to, kind, title: &str| Band { from, to, kind, title: title.to_owned() };
    Health {
        key: "health".to_owned(),
        title: "Health of the last three days".to_owned(),
        of: "Hour".to_owned(),
        buckets: (0..72).map(bucket).collect(),
        bands: vec![
            band(30, 40, BandKind::Held, "Held from 06:00 to 16:00 after ten failures"),
            band(50, 54, BandKind::Paused, "Paused by Ada from 02:00 to 06:00"),
        ],
    }
}

fn funnel() -> Funnel {
    let rows = [("Resolved", 1204, Look::Good), ("Visitor left", 530, Look::Quiet), ("Error", 3, Look::Bad)];
    Funnel {
        key: "reasons".to_owned(),
        title: "Why conversations closed".to_owned(),
        of: "Reason".to_owned(),
        rows: rows.map(|(name, count, look)| Share { name: name.to_owned(), count, look }).into(),
    }
}

fn phases() -> Phases {
    Phases {
        key: "attempt".to_owned(),
        title: "Where the time went".to_owned(),
        dns_ms: Some(3.2),
        connect_ms: Some(21.0),
        tls_ms: Some(44.5),
        first_byte_ms: Some(310.0),
        total_ms: 391.0,
        without: "The address was refused.".to_owned(),
    }
}

fn kept() -> Phases {
    Phases { key: "kept".to_owned(), dns_ms: None, connect_ms: None, tls_ms: None, ..phases() }
}

fn refused() -> Phases {
    Phases { first_byte_ms: None, total_ms: 0.0, ..kept() }
}

fn steps() -> Steps {
    Steps {
        key: "recovery".to_owned(),
        title: "Recovery of last night".to_owned(),
        unit: "deliveries".to_owned(),
        done: 12_400,
        total: 31_000,
        pace: Pace::Running,
    }
}

fn node(id: &str, kind: &str, title: &str, next: &[(&str, &str)]) -> OutlineNode {
    let next = next.iter().map(|(label, to)| ((*label).to_owned(), (*to).to_owned())).collect();
    let (id, kind, title) = (id.to_owned(), kind.to_owned(), title.to_owned());
    OutlineNode { id, kind, title, next, problem: false }
}

fn outline() -> Outline {
    let mut nodes = vec![
        node("hi", "message", "Hello! What brings you here?", &[("", "menu")]),
        node(
            "menu",
            "choice",
            "Pick one",
            &[("Prices", "size"), ("Support", "hand"), ("Just looking", "bye")],
        ),
        node("size", "question", "How many people are you?", &[("1 to 10", "mail"), ("more", "call")]),
        node("call", "question", "Your phone number", &[("valid", "mail"), ("invalid", "call")]),
        node("mail", "question", "Your e-mail", &[("valid", "hand"), ("invalid", "mail"), ("none", "menu")]),
        node("hand", "handover", "An operator takes over", &[("nobody there", "gone")]),
        node("bye", "close", "Goodbye", &[]),
        node("old", "message", "The summer offer", &[("go on", "menu")]),
    ];
    nodes[5].problem = true;
    Outline { key: "flow".to_owned(), title: "The flow".to_owned(), start: Some("hi".to_owned()), nodes }
}

#[test]
fn one_of_each_looks_as_it_did() {
    let all = [
        bars().to_string(),
        spark().to_string(),
        health().to_string(),
        funnel().to_string(),
        phases().to_string(),
        kept().to_string(),
        steps().to_string(),
        outline().to_string(),
    ];
    all.iter().for_each(|html| check(html));
    let lines = all.join("\n\n").replace("><", ">\n<");
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("one_of_each", lines) });
}

#[test]
fn whatever_is_counted_stays_within_the_frame() {
    for seed in 0..400 {
        for html in Dice::new(seed).charts() {
            check(&html);
        }
    }
}

#[test]
fn nothing_to_draw_is_a_sentence() {
    let empty = [
        Bars { slots: Vec::new(), ..bars() }.to_string(),
        Health { buckets: Vec::new(), ..health() }.to_string(),
        Funnel { rows: Vec::new(), ..funnel() }.to_string(),
        refused().to_string(),
        Steps { total: 0, ..steps() }.to_string(),
        Outline { nodes: Vec::new(), ..outline() }.to_string(),
    ];
    for html in empty {
        check(&html);
        assert!(html.starts_with("<p class=\"chart-empty\">") && !html.contains("<svg"), "{html}");
    }
    assert!(refused().to_string().contains("The address was refused."));
    let silent = Spark { slots: vec![(0, 0); 24], ..spark() }.to_string();
    assert!(silent.contains("last 24 hours: nothing sent") && !silent.contains("<rect"), "{silent}");
}

#[test]
fn hostile_words_stay_words() {
    for word in HOSTILE {
        for html in dice::named(word) {
            check(&html);
        }
    }
}

#[test]
fn two_keys_never_give_one_id() {
    let id = |key: &str| super::figure::Key::of(key).to_string();
    let keys = ["a b", "a-b", "a_b", "a_20_b", "a", "b", "", "é", "a\"b"];
    let ids: std::collections::BTreeSet<String> = keys.map(id).into();
    assert_eq!(ids.len(), keys.len());
}

#[test]
fn axes_have_few_round_numbers_that_reach_the_largest_value() {
    for largest in [0.0, 1.0, 3.0, 7.0, 10.0, 99.0, 1001.0, 123_456.0, u64::MAX as f64, u64::MAX as f64 * 3e8]
    {
        let top = Scale::to(largest, 5).top();
        assert!(top >= largest && top <= (largest * 2.5).max(1.0), "{largest}: {top}");
    }
    assert_eq!(Scale::to(1301.0, 5).top(), 1500.0);
}

#[test]
fn numbers_and_names_are_written_for_people() {
    assert_eq!([0_u32, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!([5.0, 2500.0, 20e6, 18e18].map(compact), ["5", "2.5K", "20M", "18E"]);
    let shares = [(0, 9), (1, 9_999), (9_999, 10_000), (9, 9), (1, 3), (1, 0)];
    let told = shares.map(|(part, whole)| per_cent(part, whole));
    assert_eq!(told, ["0%", "<0.1%", ">99.9%", "100%", "33.3%", "–"]);
    for word in HOSTILE {
        assert!(width(&short(word, 8.0)) <= 8.0, "{word}");
    }
    assert_eq!(short("Prices", 8.0), "Prices");
}

#[test]
fn lines_that_lead_back_are_drawn_apart_and_what_is_not_reached_is_marked() {
    let html = outline().to_string();
    for picture in pictures(&html) {
        // menu again, the phone number again, the e-mail again.
        assert!(picture.matches("class=\"line back\"").count() >= 3);
        assert_eq!(picture.matches("class=\"node unreached\"").count(), 1);
        assert_eq!(picture.matches("class=\"node problem\"").count(), 1);
        assert_eq!(picture.matches("class=\"bang\"").count(), 1);
        // "nobody there" leads to a step that does not exist.
        assert_eq!(picture.matches("branch lost").count(), 1);
        assert!(picture.contains("href=\"#node-menu\""));
    }
}

/// An outline for wide places, and for narrow ones.
fn pictures(html: &str) -> [&str; 2] {
    let (wide, narrow) = html.split_at(html.find("<div class=\"chart-scroll narrow\"").unwrap());
    [wide, narrow]
}

#[test]
fn boxes_of_an_outline_do_not_cover_each_other() {
    for seed in 0..200 {
        let html = Dice::new(seed).outline().to_string();
        if html.contains("chart-empty") {
            continue;
        }
        for boxes in pictures(&html).map(markup::boxes) {
            for (place, a) in boxes.iter().enumerate() {
                for b in &boxes[place + 1..] {
                    let apart = a.0 + a.2 <= b.0 || b.0 + b.2 <= a.0 || a.1 + a.3 <= b.1 || b.1 + b.3 <= a.1;
                    assert!(apart, "seed {seed}: {a:?} and {b:?}");
                }
            }
        }
    }
}

#[test]
fn an_outline_is_as_wide_as_a_desk_or_a_phone_however_long_the_flow_is() {
    let width = |html: &str| -> f64 {
        let of = html.split(" width=\"").nth(1).unwrap();
        of.split('"').next().unwrap().parse().unwrap()
    };
    for steps in [1, 8, 60, 200] {
        let next = |number: usize| vec![(String::new(), format!("n {}", number + 1))];
        let step =
            |number| OutlineNode { next: next(number), ..node(&format!("n {number}"), "say", "Hi", &[]) };
        let long = Outline { nodes: (0..steps).map(step).collect(), start: Some("n 0".into()), ..outline() };
        let html = long.to_string();
        check(&html);
        let [wide, narrow] = pictures(&html).map(width);
        assert!(wide <= 904.0 && narrow <= 300.0, "{steps} steps: {wide} and {narrow}");
    }
}
