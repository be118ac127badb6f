//! Somebody with a browser: a Chromium of their own, with a new profile, that ends with them.
//!
//! Must not know what a journey is about.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    CapabilitiesHelper, ChromiumLikeCapabilities, DesiredCapabilities, Key, TypingData, WebDriver,
};
use tokio::time::{Instant, sleep};

/// So long something that should happen may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What every script begins with: ways into the widget.
const PRELUDE: &str = "
    const host = document.querySelector('leadpost-chat');
    const $ = (selector) => host?.shadowRoot.querySelector(selector);
    const $$ = (selector) => [...(host?.shadowRoot.querySelectorAll(selector) || [])];
    const texts = () => $$('.m .text').map((node) => node.textContent);
    const focus = () => host?.shadowRoot.activeElement;
    const css = (selector, name) => getComputedStyle($(selector))[name];
";

/// A person in front of a browser.
pub struct Person {
    /// The browser.
    pub driver: WebDriver,
    chromedriver: Chromedriver,
    _profile: TempDir,
}

/// The program that drives a browser; both end with this.
struct Chromedriver {
    process: Child,
    port: u16,
}

impl Person {
    /// Starts a browser of 1,100 by 800 pixels.
    pub async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// The same, with a note of all that pages do; [`Person::noted`] reads it.
    pub async fn start_watched() -> Self {
        Self::start_with(json!({"browser": "ALL", "performance": "ALL"})).await
    }

    async fn start_with(notes: Value) -> Self {
        let chromedriver = Chromedriver::start();
        let profile = tempfile::tempdir().expect("a folder can be made");
        let mut wishes = DesiredCapabilities::chrome();
        let folder = format!("--user-data-dir={}", profile.path().display());
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1100,800",
            "--lang=en-GB",
            &folder,
        ] {
            wishes.add_arg(argument).expect("an argument is a text");
        }
        wishes.set("goog:loggingPrefs", notes).expect("it is JSON");
        let driver = WebDriver::new(format!("http://127.0.0.1:{}", chromedriver.port), wishes)
            .await
            .expect("chromium starts");
        Self { driver, chromedriver, _profile: profile }
    }

    /// Goes to a page and waits until the widget's button is there.
    pub async fn visit(&self, url: &str) {
        self.driver.goto(url).await.expect("the page is there");
        self.until("!!$('.launch')").await;
    }

    /// What the browser noted since this was asked last: `browser` is the console, `performance` what the developer
    /// tools' protocol tells of network and page.
    pub async fn noted(&self, what: &str) -> Vec<Value> {
        let url = format!(
            "http://127.0.0.1:{}/session/{}/se/log",
            self.chromedriver.port,
            self.driver.session_id()
        );
        let answer = reqwest::Client::new().post(url).json(&json!({"type": what})).send().await;
        let answer: Value = answer.expect("the driver answers").json().await.expect("it answers in JSON");
        answer["value"].as_array().unwrap_or_else(|| panic!("{what} is not noted: {answer}")).clone()
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.driver.refresh().await.expect("the page is there");
        self.until("!!$('.launch')").await;
    }

    /// The value of a JavaScript expression; `$`, `$$`, `texts`, `focus` and `css` look into the widget.
    pub async fn see(&self, expression: &str) -> Value {
        let script = format!("{PRELUDE} return ({expression});");
        let answer = self.driver.execute(script, vec![]).await;
        answer.unwrap_or_else(|error| panic!("{expression}: {error}")).json().clone()
    }

    /// Does something in JavaScript.
    pub async fn run(&self, statements: &str) {
        self.see(&format!("(() => {{ {statements} }})()")).await;
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.see(expression).await != json!(true) {
            if Instant::now() > end {
                let shown = self.see("($('.lp') ?? document.body)?.innerText").await;
                panic!("never true: {expression}\nThere is to see: {shown}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the widget shows a message with exactly this text.
    pub async fn reads(&self, text: &str) {
        self.until(&format!("texts().includes({})", json!(text))).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.expect("keys can be pressed");
    }

    /// Presses keys while Shift or another is held.
    pub async fn press_with(&self, held: Key, keys: impl Into<TypingData>) {
        let keys = self.driver.action_chain().key_down(held.clone()).send_keys(keys).key_up(held);
        keys.perform().await.expect("keys can be pressed");
    }

    /// Clicks an element of the widget.
    pub async fn click(&self, selector: &str) {
        let script = format!("{PRELUDE} return $({});", json!(selector));
        let found = self
            .driver
            .execute(script, vec![])
            .await
            .and_then(thirtyfour::session::scriptret::ScriptRet::element);
        let element = found.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// A command of the developer tools' protocol.
    pub async fn tool(&self, method: &str, parameters: Value) -> Value {
        self.driver
            .cdp()
            .send_raw(method, parameters)
            .await
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Pulls the network's plug, or puts it back.
    pub async fn set_offline(&self, offline: bool) {
        self.tool("Network.enable", json!({})).await;
        let conditions =
            json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.tool("Network.emulateNetworkConditions", conditions).await;
    }

    /// Sets features of the medium, such as `prefers-color-scheme`.
    pub async fn prefer(&self, feature: &str, value: &str) {
        self.tool("Emulation.setEmulatedMedia", json!({"features": [{"name": feature, "value": value}]}))
            .await;
    }

    /// Becomes a phone.
    pub async fn hold_a_phone(&self) {
        let screen = json!({"width": 390, "height": 780, "deviceScaleFactor": 2, "mobile": true});
        self.tool("Emulation.setDeviceMetricsOverride", screen).await;
        self.tool("Emulation.setTouchEmulationEnabled", json!({"enabled": true})).await;
    }

    /// Keeps a picture in the folder that `LEADPOST_SHOTS` names, if it names one.
    pub async fn photograph(&self, name: &str) {
        let Some(folder) = shots() else { return };
        // What rises has risen by then.
        sleep(Duration::from_millis(400)).await;
        let path = folder.join(format!("{name}.png"));
        self.driver.screenshot(&path).await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // The session ends with its driver, also after a failed assertion.
        let _ = self.driver.clone().leak();
    }
}

impl Chromedriver {
    fn start() -> Self {
        // It takes a free port of IPv4 and then the same of IPv6, which may be somebody's; then it ends.
        (0..5).find_map(|_| Self::try_start()).expect("chromedriver ended five times before it took a port")
    }

    fn try_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed (Debian: chromium-driver)");
        match port_of(&mut process) {
            Some(port) => Some(Self { process, port }),
            None => process.wait().ok().and(None),
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Told to end it ends its browser first; killed it would leave it behind.
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = connection
                .write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = connection.set_read_timeout(Some(PATIENCE));
            let _ = connection.read(&mut [0; 64]);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder for pictures, if there are to be any.
#[expect(clippy::disallowed_methods, reason = "tests alone; no setting of the product")]
pub fn shots() -> Option<PathBuf> {
    std::env::var_os("LEADPOST_SHOTS").map(PathBuf::from)
}

/// The port that a driver says it took; None if it ended first.
fn port_of(chromedriver: &mut Child) -> Option<u16> {
    let mut output = BufReader::new(chromedriver.stdout.take().expect("its output is a pipe"));
    let mut line = String::new();
    loop {
        line.clear();
        let read = output.read_line(&mut line).expect("its output can be read");
        if read == 0 {
            return None;
        }
        if let Some((_, port)) = line.trim().trim_end_matches('.').rsplit_once("successfully on port ") {
            // What it says later must not fill the pipe.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            return Some(port.parse().expect("a port is a number"));
        }
    }
}
