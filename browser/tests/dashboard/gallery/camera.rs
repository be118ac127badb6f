//! Whoever visits pages and takes their pictures: on a screen in light and in the dark, and on a phone.
//!
//! Must not know any page.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::sheet;
use crate::{crawl::SIDEWAYS, member::Member};

/// In what light, and on what, a page is looked at.
struct Light {
    name: &'static str,
    width: u32,
    height: u32,
    scheme: &'static str,
    phone: bool,
}

/// The narrowest window beside whose page the navigation still stands: of this no picture is taken.
const NARROW: Light = Light { name: "narrow", width: 900, height: 900, scheme: "light", phone: false };

const LIGHTS: [Light; 3] = [
    Light { name: "light", width: 1280, height: 900, scheme: "light", phone: false },
    Light { name: "dark", width: 1280, height: 900, scheme: "dark", phone: false },
    Light { name: "phone", width: 390, height: 844, scheme: "light", phone: true },
];

/// No picture is taller.
const TALLEST: u64 = 5_000;

/// The status of the page that is open.
const STATUS: &str = "performance.getEntriesByType('navigation')[0]?.responseStatus";

/// A page to be visited.
pub struct Shot {
    /// What its pictures are called.
    pub page: String,
    /// Its address.
    pub path: String,
    /// What it answers.
    pub status: u16,
    /// What stands on it in that state; empty if nothing is special.
    pub says: &'static str,
}

/// A page that answers 200.
pub fn shot(page: &str, path: impl Into<String>) -> Shot {
    Shot { page: page.to_owned(), path: path.into(), status: 200, says: "" }
}

impl Shot {
    /// The same, where this must stand.
    pub fn saying(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// The same, with another answer.
    pub fn answering(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// A form that is sent as nobody should.
pub struct Wrong {
    /// What its pictures are called.
    pub page: &'static str,
    /// Where it is.
    pub path: String,
    /// What its action ends with; empty if it is the only one.
    pub action: &'static str,
    /// What each of its fields gets.
    pub text: String,
}

/// Fills in the form whose action ends so with the text and sends it past what the browser would say.
const SEND: &str = r#"(() => {
    const form = [...document.forms].find((it) => it.closest("main") && (it.getAttribute("action") ?? location.pathname).endsWith(ACTION) && it.method === "post");
    for (const it of form.elements) {
        if (it.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=hidden], [type=file], [readonly]), textarea")) { it.value = TEXT; }
        if (it.matches("[type=checkbox]")) it.checked = false;
    }
    HTMLFormElement.prototype.submit.call(form);
})()"#;

/// The camera.
pub struct Camera<'a> {
    member: &'a Member,
    state: &'static str,
    folder: Option<PathBuf>,
    wrong: Vec<String>,
    taken: usize,
}

impl<'a> Camera<'a> {
    /// For pages in that state, as this member sees them.
    pub fn new(member: &'a Member, state: &'static str) -> Self {
        let folder = browser::shots().map(|folder| folder.join("gallery"));
        folder.iter().for_each(|folder| fs::create_dir_all(folder).expect("a folder can be made"));
        Self { member, state, folder, wrong: Vec::new(), taken: 0 }
    }

    /// Visits each and takes its pictures.
    pub async fn visit_all(&mut self, shots: &[Shot]) {
        for shot in shots {
            self.visit(&shot.page, &shot.path, shot.status).await;
            if !self.member.see("document.body.innerText").await.to_string().contains(shot.says) {
                self.wrong.push(format!("{} does not say {}", shot.path, shot.says));
            }
        }
    }

    /// Visits a page that answers so.
    pub async fn visit(&mut self, page: &str, path: &str, status: u16) {
        self.member.goes(path).await;
        self.expect(path, status).await;
        self.take(page).await;
    }

    /// Opens a window from a page.
    pub async fn open(&mut self, page: &str, path: &str, link: &str) {
        self.member.goes(path).await;
        self.member.follows(link).await;
        self.member.until("!!document.querySelector('dialog[open] h1')").await;
        self.take(page).await;
    }

    /// Sends a form that is refused, and takes the pictures of how.
    pub async fn send_wrong(&mut self, form: &Wrong) {
        self.send(form).await;
        self.expect(&form.path, 422).await;
        self.take(form.page).await;
    }

    /// Sends the same form until nobody wants to hear of it any more.
    pub async fn send_too_often(&mut self, form: &Wrong) {
        for _ in 0..20 {
            self.send(form).await;
            if self.member.see(STATUS).await == json!(429) {
                break;
            }
        }
        self.expect(&form.path, 429).await;
        self.take(form.page).await;
    }

    async fn send(&self, form: &Wrong) {
        self.member.goes(&form.path).await;
        let before = self.member.see("performance.timeOrigin").await;
        let send = SEND.replace("ACTION", &json!(form.action).to_string());
        self.member.see(&send.replace("TEXT", &json!(form.text).to_string())).await;
        let loaded = format!("performance.timeOrigin !== {before} && document.readyState === 'complete'");
        self.member.until(&loaded).await;
    }

    async fn expect(&mut self, path: &str, status: u16) {
        let answered = self.member.see(STATUS).await;
        if answered != json!(status) {
            self.wrong.push(format!("{path} answers {answered}, not {status}"));
        }
    }

    /// Takes the pictures of what is open.
    pub async fn take(&mut self, page: &str) {
        for light in &LIGHTS {
            if self.folder.is_some() || light.phone {
                self.stand(light, light.height).await;
                self.look(page, light).await;
            }
        }
        self.stand(&NARROW, NARROW.height).await;
        self.measure(page, &NARROW).await;
        self.member.person.tool("Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.taken += 1;
    }

    async fn measure(&mut self, page: &str, light: &Light) {
        let sideways = self.member.see(SIDEWAYS).await;
        for it in sideways.as_array().into_iter().flatten() {
            self.wrong.push(format!("{page} scrolls sideways, {}: {it}", light.name));
        }
    }

    async fn look(&mut self, page: &str, light: &Light) {
        self.measure(page, light).await;
        let Some(folder) = self.folder.clone() else { return };
        let height = self.member.see("document.documentElement.scrollHeight").await;
        let height = height.as_u64().unwrap_or_default().min(TALLEST);
        let height = u32::try_from(height).expect("it is small").max(light.height);
        self.stand(light, height).await;
        self.member.until("document.getAnimations().every((it) => it.playState !== 'running')").await;
        self.photograph(&folder.join(format!("{}.{page}.{}.png", self.state, light.name))).await;
    }

    async fn stand(&self, light: &Light, height: u32) {
        let person = &self.member.person;
        let screen =
            json!({"width": light.width, "height": height, "deviceScaleFactor": 1, "mobile": light.phone});
        person.tool("Emulation.setDeviceMetricsOverride", screen).await;
        if self.folder.is_some() {
            person.prefer("prefers-color-scheme", light.scheme).await;
        }
    }

    async fn photograph(&self, path: &Path) {
        let taken = self.member.person.driver.screenshot(path).await;
        taken.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Says what was wrong, and renews the sheet.
    pub async fn finish(self) {
        self.folder.iter().for_each(|folder| sheet::write(folder));
        println!("{}: {} pages", self.state, self.taken);
        let count = self.wrong.len();
        assert!(count == 0, "{count} things are wrong:\n{}", self.wrong.join("\n"));
    }
}

/// What a page's script may send as a form; the status of the answer.
pub async fn submit(member: &Member, path: &str, fields: Value) {
    let script = "const done = arguments[arguments.length - 1]; \
        fetch(arguments[0], {method: 'POST', body: new URLSearchParams(arguments[1])}) \
        .then((answer) => done(answer.status), (error) => done(String(error)));";
    let answer = member.person.driver.execute_async(script, vec![json!(path), fields.clone()]).await;
    let status = answer.unwrap_or_else(|error| panic!("{path}: {error}")).json().clone();
    assert_eq!(status, json!(200), "{path} {fields}");
}
