//! Hostile text wherever text can come from: members, visitors, receivers, callers of the API, and whoever sends one a
//! link. Nothing of it runs, breaks the page's policy, or brings a request elsewhere.
//!
//! Every page that shows it is read into a document that runs nothing, where it must have left no trace; of each kind
//! some are opened for good.

mod corpus;
mod fields;
mod places;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    crawl::{
        WEBHOOKS,
        ways::{LINKS, Ways},
    },
    house::House,
    member::{Hands, Member},
    watch,
};

/// What is wrong with a document of ours: nothing in it may run by itself, lead elsewhere, or be of a kind that we do not
/// write. The pages themselves have links to elsewhere only where somebody gave a whole address.
pub const JUDGE: &str = r#"
    const judge = (page) => {
        const wrong = [];
        const addresses = ["href", "src", "action", "formaction", "data", "xlink:href", "srcset", "poster", "background", "srcdoc", "ping"];
        for (const node of page.querySelectorAll("*")) {
            const say = (what) => wrong.push(what + ": " + node.outerHTML.slice(0, 200));
            const kind = node.localName;
            if (/^(iframe|object|embed|base|frame|applet|style|template|math|portal|audio|video|marquee|noscript)$/.test(kind)) say("an element");
            if (kind === "meta" && node.httpEquiv) say("a meta element");
            if (kind === "script" && !(node.getAttribute("src") ?? "").startsWith("/pages/")) say("a script");
            if (kind === "link" && !/^(\/pages\/|data:image\/svg)/.test(node.getAttribute("href"))) say("a link element");
            if (/^(img|image|use|animate|set)$/.test(kind) && !(node.getAttribute("src") ?? "").startsWith("/")) say("an element");
            for (const { name, value } of node.attributes) {
                if (/^on/i.test(name) || name === "style") say("an attribute");
                if (!addresses.includes(name) || kind === "link") continue;
                let url;
                try { url = new URL(value, location.href); } catch { continue; }
                if (!/^(https?|mailto|tel):$/.test(url.protocol)) say("an address");
                if (url.origin !== location.origin && kind !== "a") say("an address elsewhere");
            }
        }
        return wrong;
    };
    const load = (path, body) => new Promise((done) => {
        const request = new XMLHttpRequest();
        request.open(body ? "POST" : "GET", path);
        request.responseType = "document";
        request.onload = () => done([request.status, request.responseURL, request.response ? judge(request.response) : [], request.response]);
        request.onerror = () => done([0, path, [], null]);
        if (body) request.setRequestHeader("content-type", "application/x-www-form-urlencoded");
        request.send(body);
    });
"#;

/// As many pages are read at once.
const AT_ONCE: usize = 25;

/// Somebody who reads pages and opens some of them.
struct Reader<'a> {
    member: &'a Member,
    wrong: Vec<String>,
    read: usize,
    /// How many of them show such a text.
    showing: usize,
    opened: usize,
}

impl<'a> Reader<'a> {
    async fn arrive(member: &'a Member) -> Self {
        watch::begin(member).await;
        member.goes(WEBHOOKS).await;
        let reader = Self { member, wrong: Vec::new(), read: 0, showing: 0, opened: 0 };
        reader.proves_to_notice().await;
        reader
    }

    /// What is looked for would be found.
    async fn proves_to_notice(&self) {
        let found = self
            .ask(
                "const page = document.implementation.createHTMLDocument(); \
                 for (const [kind, name, value] of [['a', 'href', 'javascript:1'], ['iframe', 'src', '/'], \
                 ['img', 'src', 'https://elsewhere.test/'], ['p', 'style', 'x'], ['form', 'action', '//elsewhere.test']]) { \
                 const node = page.createElement(kind); node.setAttribute(name, value); page.body.append(node); } \
                 const own = document.createElement('p'); try { own.setAttribute('onclick', 'xss(2)'); } catch { xss(1); } \
                 document.body.append(own); own.remove(); done(judge(page).length)",
            )
            .await;
        assert!(found.as_u64() >= Some(5), "{found}");
        let heard = watch::heard(self.member).await.join("\n");
        assert!(heard.contains("fired: ") && heard.contains("violations: "), "{heard}");
        self.member.goes(WEBHOOKS).await;
    }

    /// Runs statements that end with `done(…)`, with [`JUDGE`] at hand.
    async fn ask(&self, statements: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; {JUDGE} (async () => {{ {statements} }})().catch((error) => done(String(error)));"
        );
        let answer = self.member.person.driver.execute_async(script, vec![]).await;
        answer.unwrap_or_else(|error| panic!("{error}")).json().clone()
    }

    /// Reads pages without running them; where their links lead.
    async fn read(&mut self, paths: &[String]) -> Vec<String> {
        let mut links = Vec::new();
        for paths in paths.chunks(AT_ONCE) {
            let statements = format!(
                "const links = {}; done(await Promise.all({}.map(async (path) => {{ \
                 const [status, , wrong, page] = await load(path); \
                 return [path, status, wrong, links(page), !!page?.documentElement?.outerHTML.includes('onerror')]; }})))",
                LINKS_OF,
                json!(paths)
            );
            let pages = self.ask(&statements).await;
            for page in pages.as_array().unwrap_or_else(|| panic!("{pages}")) {
                let status = page[1].as_u64().unwrap_or_default();
                if status == 0 || status >= 500 {
                    self.wrong.push(format!("{}: {status}", page[0]));
                }
                self.note(&page[0], &page[2]);
                links.extend(texts(&page[3]));
                self.read += 1;
                self.showing += usize::from(page[4] == json!(true));
            }
        }
        links
    }

    /// Opens a page as one does; where its links lead.
    async fn open(&mut self, path: &str) -> Vec<String> {
        self.member.goes(path).await;
        self.opened += 1;
        self.listen(path).await;
        texts(&self.member.see(LINKS).await)
    }

    async fn listen(&mut self, path: &str) {
        let expected = |line: &String| {
            !line.contains("console: ") || line.contains("Refused") || line.contains("violat")
        };
        let heard = watch::heard(self.member).await.into_iter().filter(expected);
        self.wrong.extend(heard.map(|it| format!("{path}: {it}")));
    }

    fn note(&mut self, path: &Value, wrong: &Value) {
        self.wrong.extend(texts(wrong).into_iter().map(|it| format!("{path}: {it}")));
    }

    fn finish(self, what: &str) {
        let (read, showing, opened) = (self.read, self.showing, self.opened);
        let strings = corpus::all().len();
        println!(
            "{what}: {strings} strings; {read} pages read, of which {showing} show some; {opened} opened"
        );
        let wrong: BTreeSet<_> = self.wrong.into_iter().collect();
        let shown: Vec<_> = wrong.iter().take(40).cloned().collect();
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), shown.join("\n"));
    }
}

/// [`LINKS`] of another document.
const LINKS_OF: &str = r#"(page) => [...(page?.links ?? [])].map((it) => new URL(it.getAttribute("href"), location.href))
    .filter((it) => it.origin === location.origin).map((it) => it.pathname + it.search)"#;

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_shown_as_text_wherever_it_is_stored() {
    let house = House::open().await;
    places::fill(&house).await;
    let member = Member::arrive(&house, "owner", Hands::Mouse).await;
    places::call_browsers(&house);
    let mut reader = Reader::arrive(&member).await;
    // Many of each kind are read, and some of those opened.
    let begin = ["/", WEBHOOKS];
    let (mut reading, mut opening) = (Ways::new(&begin, 40, 2_000), Ways::new(&begin, 3, 150));
    reading.add(&places::pages(&house).await);
    loop {
        let paths: Vec<String> = std::iter::from_fn(|| reading.next()).take(AT_ONCE).collect();
        if paths.is_empty() {
            break;
        }
        reading.add(&reader.read(&paths).await);
        opening.add(&paths);
    }
    while let Some(path) = opening.next() {
        reader.open(&path).await;
    }
    assert!(reader.showing >= 50, "only {} pages show what was stored", reader.showing);
    reader.finish("stored");
}

/// A store with something of everything, somebody in front of it, and a page of each kind.
async fn begin(house: &House) -> (Member, Vec<String>) {
    let member = Member::arrive(house, "owner", Hands::Mouse).await;
    let mut reader = Reader::arrive(&member).await;
    let mut ways = Ways::new(&["/", WEBHOOKS, "/sign-in"], 1, 150);
    let mut paths = Vec::new();
    while let Some(path) = ways.next() {
        ways.add(&reader.read(std::slice::from_ref(&path)).await);
        paths.push(path);
    }
    (member, paths)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_in_addresses_is_given_back_as_text() {
    let house = crate::seed::full().await;
    let (member, paths) = begin(&house).await;
    let mut reader = Reader::arrive(&member).await;
    fields::ask(&mut reader, &paths).await;
    assert!(reader.showing >= 20, "only {} pages give back what they were asked with", reader.showing);
    reader.finish("asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_in_forms_is_given_back_as_text() {
    let house = crate::seed::full().await;
    let (member, paths) = begin(&house).await;
    let mut reader = Reader::arrive(&member).await;
    fields::fill(&mut reader, &house, &paths).await;
    reader.finish("filled in");
}
