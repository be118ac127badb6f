//! A page with all pictures, to be looked at: `LEADPOST_SHOTS=DIR cargo test -p web shots` writes it into DIR.

use std::path::Path;

use super::*;

/// More than the samples: much, little, and ill-named.
fn gallery() -> Vec<String> {
    let mut many = Dice::new(7).flow(60);
    for (number, node) in many.nodes.iter_mut().enumerate() {
        (node.kind, node.title) = ("question".to_owned(), format!("Step number {number}"));
        node.next.iter_mut().enumerate().for_each(|(place, next)| next.0 = format!("answer {place}"));
    }
    let mut hostile = funnel();
    hostile.rows.extend(HOSTILE.map(|word| Share { name: word.to_owned(), count: 77, look: Look::Other }));
    let zero = |slot: Slot| Slot { counts: Some(vec![0, 0, 0]), ..slot };
    let huge = |slot: Slot| Slot { counts: Some(vec![u64::MAX, 1, 0]), ..slot };
    let mut short = health();
    short.buckets.drain(24..);
    short.buckets.iter_mut().for_each(|bucket| (bucket.p50_ms, bucket.p95_ms) = (None, None));
    short.bands = vec![Band { from: 4, to: 5, kind: BandKind::Held, title: "Held for an hour".to_owned() }];
    vec![
        bars().to_string(),
        Bars { key: "zero".to_owned(), slots: bars().slots.into_iter().map(zero).collect(), ..bars() }
            .to_string(),
        Bars { key: "one".to_owned(), slots: bars().slots.into_iter().take(1).map(huge).collect(), ..bars() }
            .to_string(),
        Bars { slots: Vec::new(), ..bars() }.to_string(),
        spark().to_string(),
        Spark { key: "ill".to_owned(), slots: (0..24).map(|n| (n % 3, n % 4)).collect(), ..spark() }
            .to_string(),
        health().to_string(),
        Health { key: "short".to_owned(), ..short }.to_string(),
        Funnel { key: "ill".to_owned(), ..hostile }.to_string(),
        phases().to_string(),
        kept().to_string(),
        refused().to_string(),
        steps().to_string(),
        Steps { key: "paused".to_owned(), pace: Pace::Paused, ..steps() }.to_string(),
        Steps { key: "done".to_owned(), done: 31_000, pace: Pace::Ended, ..steps() }.to_string(),
        outline().to_string(),
        Outline { key: "many".to_owned(), start: Some("n 0".to_owned()), ..many }.to_string(),
    ]
}

#[test]
#[expect(clippy::disallowed_methods, reason = "where to put pictures is for whoever looks at them to say")]
fn shots_of_all_pictures_can_be_taken() {
    let gallery = gallery();
    gallery.iter().for_each(|html| check(html));
    let Ok(folder) = std::env::var("LEADPOST_SHOTS") else { return };
    for (name, scheme) in [("light", ""), ("dark", "(prefers-color-scheme: dark)")] {
        let css = [
            include_str!("../../../assets/pages/base.css"),
            include_str!("../../../assets/pages/charts.css"),
        ]
        .join("\n");
        // Instead of asking the browser for the scheme: what stands under the question holds always.
        let css = if scheme.is_empty() { css } else { css.replace(scheme, "all") };
        let page = format!(
            "<!doctype html><meta charset=utf-8><style>{css} main {{ display: grid; gap: 24px; padding: 16px; \
             background: var(--card); }} main > * {{ min-width: 0; }}</style><main>{}</main>",
            gallery.join("\n")
        );
        std::fs::write(Path::new(&folder).join(format!("{name}.html")), page).unwrap();
    }
}
