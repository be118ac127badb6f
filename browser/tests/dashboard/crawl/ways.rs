//! Where to go next: each kind of page some times, none for ever.
//!
//! Must not know any page.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Where the links of a page lead that show another page of this server.
pub const LINKS: &str = r#"[...document.links]
    .filter((it) => it.origin === location.origin && !it.hasAttribute("download") && !it.closest("[hidden]") && it.getAttribute("href")[0] !== "\u0023")
    .map((it) => it.pathname + it.search)"#;

/// The names of links that open windows, each the first of those with its address but for ids, and not met before.
pub const WINDOWS: &str = r#"(() => {
    const kinds = new Set(JSON.parse(sessionStorage.windows ?? "[]"));
    const fresh = [...document.querySelectorAll("a[data-window]")].filter((it) => {
        const kind = it.pathname.replaceAll(/[a-z]+_[0-9A-Za-z]{16,}/g, "*").replace(/\/step\/[^\/]+/, "/step/*");
        return it.checkVisibility() && !kinds.has(kind) && kinds.add(kind);
    });
    window.windows = true;
    sessionStorage.windows = JSON.stringify([...kinds]);
    return fresh.map(named);
})()"#;

/// What is not a page, or only looks like one: the widget's and the operators' have tests of their own.
const NO_PAGES: [&str; 7] = ["/api/", "/openapi.json", "/pages/", "/w/", "/preview/", "/operator", "/demo"];

/// The ways that are known.
pub struct Ways {
    /// As many pages are visited of one kind: lists and things in several states are of one.
    of_a_kind: usize,
    /// And so many of all.
    of_all: usize,
    waiting: VecDeque<String>,
    known: BTreeSet<String>,
    kinds: BTreeMap<String, usize>,
    visited: usize,
}

impl Ways {
    pub fn new(begin: &[&str], of_a_kind: usize, of_all: usize) -> Self {
        let mut ways = Self {
            of_a_kind,
            of_all,
            waiting: VecDeque::new(),
            known: BTreeSet::new(),
            kinds: BTreeMap::new(),
            visited: 0,
        };
        ways.add(&begin.iter().map(|&path| path.to_owned()).collect::<Vec<_>>());
        ways
    }

    /// Adds what is new, unless enough of its kind is known.
    pub fn add(&mut self, paths: &[String]) {
        for path in paths {
            if is_page(path) && self.known.insert(path.clone()) {
                let seen = self.kinds.entry(kind(path)).or_default();
                *seen += 1;
                if *seen <= self.of_a_kind {
                    self.waiting.push_back(path.clone());
                }
            }
        }
    }

    /// Where to go next.
    pub fn next(&mut self) -> Option<String> {
        let next = self.waiting.pop_front().filter(|_| self.visited < self.of_all)?;
        self.visited += 1;
        Some(next)
    }

    pub fn visited(&self) -> usize {
        self.visited
    }

    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }
}

fn is_page(path: &str) -> bool {
    !NO_PAGES.iter().any(|no| path.starts_with(no)) && !is_file(path)
}

fn is_file(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    [".csv", ".json", ".txt", "/export", "/transcript"].iter().any(|end| path.ends_with(end))
}

/// The address without ids, numbers and values of its query.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let anonymous = |step: &str| {
        let id = step.split_once('_').is_some_and(|(_, rest)| rest.len() >= 16);
        if id || (!step.is_empty() && step.chars().all(|c| c.is_ascii_digit())) {
            "*".to_owned()
        } else {
            step.to_owned()
        }
    };
    let mut steps: Vec<String> = path.split('/').map(anonymous).collect();
    // Those of a bot's flow have names of their own.
    if let Some(place) = steps.iter().position(|step| step == "step") {
        steps[place + 1..].iter_mut().take(1).for_each(|name| "*".clone_into(name));
    }
    let names: BTreeSet<&str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| name)
        .collect();
    format!("{}?{}", steps.join("/"), names.into_iter().collect::<Vec<_>>().join("&"))
}

#[test]
fn pages_that_differ_in_ids_and_values_are_of_one_kind() {
    let one = kind("/contacts/con_01hzy3kq8v0000000000000000?after=x&q=&page=2");
    assert_eq!(one, kind("/contacts/con_01hzy3kq8v0000000000000001?page=1&after=z"));
    assert_eq!(one, "/contacts/*?after&page");
}
