//! How long the server takes for each page of the dashboard over a store with a million deliveries, and how much a browser
//! that comes for the first time has to load.
//!
//! The pages are found by following their links, so that a new one is measured without a word here.

mod full;
mod ways;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use self::{
    full::{Full, Size},
    ways::{Ways, kind, tags},
};
use crate::{
    child::{Server, about, run, serve},
    figures::widgets::usage,
    form,
    wire::{Answer, Client},
};

/// How long a page may take for all but one in a hundred.
const GOAL: Duration = Duration::from_millis(50);
/// What anybody would notice. The short form, on a machine that does other things too, looks for that only.
const NOTICED: Duration = Duration::from_millis(500);
/// The most that a page may weigh with all that it loads, as compressed as it travels.
const LIGHT: usize = 60 * 1024;
/// A page that takes so long in all is asked for no more often.
const ENOUGH: Duration = Duration::from_secs(20);
/// Nothing is removed while it is measured.
const KEEPING: [(&str, &str); 2] =
    [("LEADPOST_RETENTION__PAYLOAD_DAYS", "3650"), ("LEADPOST_RETENTION__RECORD_DAYS", "3650")];

/// What was measured of a page.
struct Measured {
    /// Sorted.
    times: Vec<Duration>,
    /// What the server worked for each, of all cores: other programs take nothing of that.
    work: Duration,
    bytes: usize,
    /// With all that it loads, each file compressed.
    weight: usize,
}

impl Measured {
    fn percentile(&self, percent: usize) -> Duration {
        self.times[(self.times.len() * percent / 100).min(self.times.len() - 1)]
    }
}

async fn get(client: &mut Client, path: &str) -> Answer {
    client.call("GET", &format!("/{path}"), None, "").await.expect("the server answers")
}

fn compressed(bytes: &str) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes.as_bytes()).expect("memory can be written");
    gzip.finish().expect("memory can be written").len()
}

/// What the pages load, each file read once.
#[derive(Default)]
struct Files(BTreeMap<String, String>);

impl Files {
    /// The weight of a page with all that it loads, and that loads in turn.
    async fn weigh(&mut self, client: &mut Client, html: &str) -> usize {
        let mut waiting: Vec<String> = tags(html)
            .iter()
            .filter_map(|tag| match tag.name.as_str() {
                "script" | "img" => tag.get("src"),
                "link" => tag.get("href"),
                _ => None,
            })
            .filter(|path| path.starts_with('/'))
            .map(str::to_owned)
            .collect();
        let (mut loaded, mut weight) = (BTreeSet::new(), compressed(html));
        while let Some(path) = waiting.pop() {
            if loaded.insert(path.clone()) {
                if !self.0.contains_key(&path) {
                    let answer = get(client, &path).await;
                    assert_eq!(answer.status, 200, "{path}");
                    self.0.insert(path.clone(), answer.text());
                }
                let text = &self.0[&path];
                weight += compressed(text);
                // What a module imports from beside it.
                let imported = text.split("\"./").skip(1).filter_map(|it| it.split('"').next());
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                waiting.extend(imported.filter(|it| it.ends_with(".js")).map(|it| format!("{folder}/{it}")));
            }
        }
        weight
    }
}

/// All kinds of pages that can be reached from the first, each with what it weighs; and the links that lead nowhere.
async fn crawl(client: &mut Client) -> (Vec<(String, Measured)>, Vec<String>) {
    let (mut ways, mut files) = (Ways::from("/"), Files::default());
    let (mut pages, mut missing) = (Vec::new(), Vec::new());
    while let Some(path) = ways.next() {
        let answer = get(client, &path).await;
        if let (300..400, Some(there)) = (answer.status, answer.header("location")) {
            ways.add(&path, there);
            continue;
        }
        // What was typed may be nothing that can be looked for; that is said on the same page.
        if ![200, 422].contains(&answer.status) {
            missing.push(format!("{path}: {}", answer.status));
            continue;
        }
        let html = answer.text();
        ways.add_all(&path, &html);
        let weight = files.weigh(client, &html).await;
        pages.push((path, Measured { times: Vec::new(), work: Duration::ZERO, bytes: html.len(), weight }));
    }
    (pages, missing)
}

/// Asks for a page again and again.
async fn measure(client: &mut Client, server: u32, path: &str, page: &mut Measured) {
    let before = usage(server).1;
    let (most, begin) = (form::times(5, 200), Instant::now());
    while page.times.len() < most && (page.times.len() < 20 || begin.elapsed() < ENOUGH) {
        let began = Instant::now();
        let answer = get(client, path).await;
        page.times.push(began.elapsed());
        assert!([200, 422].contains(&answer.status), "{path}: {}", answer.status);
    }
    page.work = (usage(server).1 - before) / page.times.len() as u32;
    page.times.sort();
}

fn table(pages: &[(String, Measured)]) -> String {
    let mut text = String::from("      p50      p99  longest      CPU  bytes  all gz  page\n");
    for (path, page) in pages {
        let [half, most, worst] = [50, 99, 100].map(|it| page.percentile(it).as_secs_f64() * 1_000.0);
        let work = page.work.as_secs_f64() * 1_000.0;
        let (bytes, weight, kind) = (page.bytes, page.weight, kind(path));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{half:9.2}{most:9.2}{worst:9.2}{work:9.2}{bytes:7}{weight:8}  {kind}");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_comes_at_once_and_is_light_over_a_store_that_is_full() {
    let size = Size {
        deliveries: form::times(10_000, 1_000_000) as u32,
        contacts: form::times(1_000, 100_000) as u32,
        conversations: form::times(1_000, 100_000) as u32,
    };
    let began = Instant::now();
    let full = Full::make(size).await;
    println!("filled in {:.1?}", began.elapsed());
    run(about(&full.place, &["ledger", "--verify"])).await;
    let cookie = full.sign_in("owner");
    let (server, address) = Server::start(serve(&full.place, &KEEPING)).await;
    let mut client = Client::of_member(address, &cookie);

    let (mut pages, missing) = crawl(&mut client).await;
    for (path, page) in &mut pages {
        measure(&mut client, server.id(), path, page).await;
    }
    pages.sort_by_key(|(_, page)| std::cmp::Reverse(page.percentile(99)));
    let load = fs::read_to_string("/proc/loadavg").expect("the kernel tells");
    println!("{} pages, in milliseconds, at a load of {}:\n{}", pages.len(), load.trim(), table(&pages));
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    let slow = |page: &Measured| match form::is_long() {
        true => page.percentile(99) > GOAL,
        false => page.percentile(50) > NOTICED,
    };
    let wrong: Vec<_> = pages.iter().filter(|(_, page)| slow(page) || page.weight > LIGHT).collect();
    assert!(
        wrong.is_empty(),
        "too slow or too heavy: {:?}",
        wrong.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
    server.kill().await;
}
