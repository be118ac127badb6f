//! Every page that links lead to, and what must hold for each: who cannot see or cannot use a mouse can use it (WCAG 2.2
//! AA, as axe-core judges it), nothing is loaded from elsewhere, no rule of its policy is broken, a phone shows it
//! without scrolling sideways, and it is light.

mod axe;
pub mod ways;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::ways::Ways;
use crate::{
    house::House,
    member::{Hands, Member},
    seed, watch,
};

/// Where the path of the manual leads.
pub const WEBHOOKS: &str = "/analytics/settings/conversation-configuration/webhooks";

/// The most bytes, compressed, that the first page of a visit may bring with all that it loads.
const HEAVIEST: u64 = 60 * 1024;

/// What is true of every page, as a list of what is not.
const SHAPE: &str = r#"(() => {
    const wrong = [];
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) wrong.push(`${headings} headings of the first order`);
    if (!document.title.endsWith("Leadpost")) wrong.push(`the title is ${document.title}`);
    if (!document.documentElement.lang) wrong.push("no language is named");
    if (document.querySelector("[style], [onclick], [onsubmit], script:not([src])")) wrong.push("style or script within");
    return wrong;
})()"#;

/// Where the body scrolls sideways, and because of what.
pub const SIDEWAYS: &str = r#"(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room && document.body.scrollWidth <= room) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((it) => it.getBoundingClientRect().right > room + 1);
    return [`${document.documentElement.scrollWidth} wide: ` + wide.slice(-3).map((it) => it.outerHTML.slice(0, 120)).join(" | ")];
})()"#;

/// How many bytes came, and how many they are compressed.
const WEIGHT: &str = r#"
    const done = arguments[arguments.length - 1];
    const names = [location.href, ...performance.getEntriesByType("resource")
        .filter((it) => it.initiatorType !== "fetch" && it.name.startsWith(location.origin)).map((it) => it.name)];
    const sent = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .reduce((sum, it) => sum + it.transferSize, 0);
    const weigh = async (name) => {
        const body = (await fetch(name)).body.pipeThrough(new CompressionStream("gzip"));
        return (await new Response(body).arrayBuffer()).byteLength;
    };
    Promise.all([...new Set(names)].map(weigh)).then((all) => done([sent, all.reduce((a, b) => a + b, 0)]), () => done([sent, 0]));
"#;

/// A walk through all pages.
struct Crawl<'a> {
    member: &'a Member,
    /// For pictures: `DASHBOARD` and this begin their names.
    name: &'a str,
    /// What is wrong, and where.
    wrong: BTreeMap<String, BTreeSet<String>>,
    weights: BTreeMap<u64, String>,
    sent: u64,
    windows: usize,
}

impl Crawl<'_> {
    /// Visits what there is, and says what was found.
    async fn walk(mut self, begin: &[&str]) {
        watch::begin(self.member).await;
        let mut ways = Ways::new(begin, 3, 150);
        while let Some(path) = ways.next() {
            self.member.goes(&path).await;
            let links = self.look(&path).await;
            ways.add(&links);
        }
        let (heaviest, page) = self.weights.last_key_value().expect("there is a page");
        println!(
            "{}: {} pages of {} kinds and {} windows; the heaviest is {page} with {heaviest} bytes compressed; \
             the most that was sent are {} bytes",
            self.name,
            ways.visited(),
            ways.kinds(),
            self.windows,
            self.sent
        );
        let wrong: Vec<String> = self
            .wrong
            .iter()
            .map(|(what, pages)| {
                let (count, first) = (pages.len(), pages.first().map_or("", String::as_str));
                format!("{what}\n    on {count} pages, such as {first}")
            })
            .collect();
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Looks at a page in light, in the dark and on a phone; the links that it has.
    async fn look(&mut self, path: &str) -> Vec<String> {
        let member = self.member;
        let links = member.see(ways::LINKS).await;
        self.note(path, "shape", &member.see(SHAPE).await);
        self.weigh(path).await;
        self.judge(path, "light").await;
        self.open_windows(path).await;
        member.person.prefer("prefers-color-scheme", "dark").await;
        self.judge(path, "dark").await;
        member.takes_a_phone().await;
        self.judge(path, "phone").await;
        self.note(path, "phone", &member.see(SIDEWAYS).await);
        member.person.tool("Emulation.clearDeviceMetricsOverride", json!({})).await;
        member.person.tool("Emulation.setTouchEmulationEnabled", json!({"enabled": false})).await;
        member.person.prefer("prefers-color-scheme", "light").await;
        self.note(path, "heard", &json!(watch::heard(member).await));
        links.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    /// What axe-core and the eye say to it. In the dark and on a phone, only what can be different there is judged.
    async fn judge(&mut self, path: &str, light: &str) {
        let picture = format!("{}{}-{light}", self.name, path.replace(['/', '?', '&', '='], "-"));
        self.member.until("document.getAnimations().every((it) => it.playState !== 'running')").await;
        self.member.person.photograph(&picture.chars().take(120).collect::<String>()).await;
        let found = axe::judge(self.member, light != "light").await;
        self.note(path, light, &found);
    }

    /// Opens each window that can be opened from here, once, and judges it.
    async fn open_windows(&mut self, path: &str) {
        let fresh = self.member.see(ways::WINDOWS).await;
        for name in fresh.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.member.follows(name).await;
            self.member.until("!!document.querySelector('dialog[open] h1') || !window.windows").await;
            if self.member.see("!window.windows").await == json!(true) {
                self.note(path, "window", &json!([format!("{name} opens none")]));
                self.member.goes(path).await;
                continue;
            }
            self.judge(&format!("{path}#{name}"), "light").await;
            self.member.person.press(thirtyfour::Key::Escape + "").await;
            self.member.until("!document.querySelector('dialog[open]')").await;
            self.windows += 1;
        }
    }

    async fn weigh(&mut self, path: &str) {
        let weight = self.member.person.driver.execute_async(WEIGHT, vec![]).await;
        let weight = weight.unwrap_or_else(|error| panic!("{path}: {error}")).json().clone();
        let (sent, compressed) =
            (weight[0].as_u64().unwrap_or_default(), weight[1].as_u64().unwrap_or_default());
        if compressed > HEAVIEST {
            self.note(path, "weight", &json!([format!("more than {HEAVIEST} bytes compressed")]));
        }
        self.sent = self.sent.max(sent);
        self.weights.insert(compressed, path.to_owned());
    }

    fn note(&mut self, path: &str, what: &str, found: &Value) {
        for it in found.as_array().into_iter().flatten() {
            self.wrong.entry(format!("{what}: {it}")).or_default().insert(path.to_owned());
        }
    }
}

impl<'a> Crawl<'a> {
    fn new(member: &'a Member, name: &'a str) -> Self {
        Self { member, name, wrong: BTreeMap::new(), weights: BTreeMap::new(), sent: 0, windows: 0 }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_full_store_can_be_used_by_everybody_and_is_light() {
    let house = seed::full().await;
    let member = Member::arrive(&house, "owner", Hands::Mouse).await;
    Crawl::new(&member, "full").walk(&["/", "/no-such-page"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_an_empty_store_can_be_used_by_everybody() {
    let house = House::open().await;
    let member = Member::arrive(&house, "owner", Hands::Mouse).await;
    Crawl::new(&member, "empty").walk(&["/"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_who_is_not_signed_in_can_be_used_by_everybody() {
    let house = House::open().await;
    let member = Member::stranger(&house, Hands::Mouse).await;
    let set_up = house.set_up_link();
    let join = house.invite("viewer").await;
    let wrong = join.replace("lpl_", "lpl_x");
    Crawl::new(&member, "stranger").walk(&["/sign-in?next=%2Fcontacts", &set_up, &join, &wrong]).await;
}
