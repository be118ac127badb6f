//! A member in front of the dashboard, who acts by what things are called: with the mouse, or with keys alone.
//!
//! Must not know any page.

use browser::Person;
use serde_json::{Value, json};
use thirtyfour::{Key, WebElement};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    house::House,
    names::{FIND, SHOWS_FOCUS},
};

/// So long something that should happen may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everybody's.
pub const PASSWORD: &str = "four plain words together";

/// Further than this nobody tabs.
const FAR: usize = 400;

/// What somebody acts with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hands {
    /// Mouse and keys.
    Mouse,
    /// Keys alone: what has the focus is seen, and gets it by Tab.
    Keys,
}

/// Somebody with a browser.
pub struct Member {
    /// Their browser.
    pub person: Person,
    /// The server's address.
    pub url: String,
    hands: Hands,
}

impl Member {
    /// Somebody who is not signed in.
    pub async fn stranger(house: &House, hands: Hands) -> Self {
        Self { person: Person::start_watched().await, url: house.server.url.clone(), hands }
    }

    /// Somebody who was invited with that role, and has come.
    pub async fn arrive(house: &House, role: &str, hands: Hands) -> Self {
        let member = Self::stranger(house, hands).await;
        member.joins(house, role).await;
        member
    }

    /// Follows an invitation, which signs one in.
    pub async fn joins(&self, house: &House, role: &str) {
        self.goes(&house.invite(role).await).await;
        self.fills("Your name", &format!("Priya the {role}")).await;
        self.fills("Password", PASSWORD).await;
        self.presses("Join").await;
        self.until("!location.pathname.startsWith('/join') && document.readyState === 'complete'").await;
    }

    /// Types an address of the server.
    pub async fn goes(&self, path: &str) {
        let url = format!("{}{path}", self.url);
        self.person.driver.goto(&url).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// What an expression is, with [`FIND`] at hand.
    pub async fn see(&self, expression: &str) -> Value {
        self.ask(&format!("return ({expression});"), vec![]).await
    }

    async fn ask(&self, statements: &str, arguments: Vec<Value>) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.person.driver.execute(format!("{FIND} {statements}"), arguments.clone()).await;
            match answer {
                Ok(answer) => return answer.json().clone(),
                // The page changed meanwhile.
                Err(error) => assert!(Instant::now() < end, "{statements}: {error}"),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.see(expression).await != json!(true) {
            if Instant::now() > end {
                self.person.photograph("never").await;
                let shown = self.see("[location.href, document.body.innerText]").await;
                panic!("never true: {expression}\n{}\n{}", shown[0], shown[1].as_str().unwrap_or_default());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for the page or window with that heading.
    pub async fn arrives(&self, heading: &str) {
        self.until(&format!("document.readyState === 'complete' && heading() === {}", json!(heading))).await;
    }

    /// Waits until the page, or the window over it, says that.
    pub async fn reads(&self, words: &str) {
        self.until(&format!("text().includes({})", json!(words))).await;
    }

    /// Waits until it is said what was just done.
    pub async fn is_told(&self, words: &str) {
        let said = "[...document.querySelectorAll('[role=status], [role=alert]')].map((it) => plain(it.textContent)).join(' ')";
        self.until(&format!("{said}.includes({})", json!(words))).await;
    }

    /// Fills a field in, whatever stood in it.
    pub async fn fills(&self, label: &str, text: &str) {
        let field = self.reach("field", label).await;
        if self.hands == Hands::Mouse {
            field.click().await.unwrap_or_else(|error| panic!("{label}: {error}"));
        }
        self.person.press_with(Key::Control, "a").await;
        self.person.press(Key::Delete + text).await;
    }

    /// Ticks a box, or chooses the one of several, unless it is already.
    pub async fn ticks(&self, label: &str) {
        let element = self.reach("box", label).await;
        if self.see(&format!("find('box', {}).checked", json!(label))).await == json!(true) {
            return;
        }
        let kind = self.see(&format!("find('box', {}).type", json!(label))).await;
        match self.hands {
            Hands::Mouse => element.click().await.unwrap_or_else(|error| panic!("{label}: {error}")),
            Hands::Keys if kind == "radio" => {
                for _ in 0..30 {
                    if self.see(&format!("find('box', {}).checked", json!(label))).await == json!(true) {
                        return;
                    }
                    self.person.press(Key::Down).await;
                }
            }
            Hands::Keys => self.person.press(" ").await,
        }
    }

    /// Presses a button.
    pub async fn presses(&self, button: &str) {
        self.acts("button", button).await;
    }

    /// Follows a link.
    pub async fn follows(&self, link: &str) {
        self.acts("link", link).await;
    }

    async fn acts(&self, kind: &str, name: &str) {
        let element = self.reach(kind, name).await;
        match self.hands {
            Hands::Mouse => element.click().await.unwrap_or_else(|error| panic!("{kind} {name}: {error}")),
            Hands::Keys => self.person.press(Key::Enter + "").await,
        }
    }

    /// The thing of that kind and name; who has only keys stands on it then, and sees that.
    async fn reach(&self, kind: &str, name: &str) -> WebElement {
        let found = format!("find({}, {})", json!(kind), json!(name));
        self.until(&format!("!!{found}")).await;
        if self.hands == Hands::Keys {
            self.tab_to(kind, name, &found).await;
        }
        let script = format!("{FIND} return {found};");
        let element = self.person.driver.execute(script, vec![]).await;
        element
            .and_then(thirtyfour::session::scriptret::ScriptRet::element)
            .unwrap_or_else(|error| panic!("{kind} {name}: {error}"))
    }

    async fn tab_to(&self, kind: &str, name: &str, found: &str) {
        let there = format!(
            "(() => {{ const it = {found}, now = document.activeElement; \
                return now === it || now?.type === 'radio' && it?.type === 'radio' && now.name === it.name; }})()"
        );
        for _ in 0..FAR {
            if self.see(&there).await == json!(true) {
                let hidden = self.see(&format!("{SHOWS_FOCUS}(document.activeElement)")).await;
                // The focus that a click or a window's opening gave shows with the next key.
                assert!(hidden == json!(""), "{kind} {name}: {hidden}");
                return;
            }
            self.person.press(Key::Tab + "").await;
        }
        panic!("no Tab leads to {kind} {name}");
    }

    /// Becomes a phone.
    pub async fn takes_a_phone(&self) {
        self.person.hold_a_phone().await;
    }
}
