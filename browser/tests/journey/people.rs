//! The visitor and the operator, who act with keys and clicks alone and look at what their windows show. When the
//! server is away they do what people do: the visitor waits, and the operator clicks again when told that it failed.
//!
//! Must not know what is sent or stored.

use browser::Person;
use serde_json::{Value, json};
use thirtyfour::{By, Key};

use crate::office::Office;

/// Who a visitor says to be.
pub struct Lead {
    pub name: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
}

/// A visitor of the page with the widget.
pub struct Visitor {
    person: Person,
    name: String,
}

impl Visitor {
    /// Comes to the page and opens the chat. `name` is what its pictures are called by.
    pub async fn arrive(office: &mut Office, name: &str) -> Self {
        let person = Person::start().await;
        office.pause().await;
        person.visit(&office.page).await;
        office.step(async || person.click(".launch").await).await;
        person.until("texts()[0]?.endsWith('! This is the Meridian travel desk.')").await;
        let visitor = Self { person, name: name.to_owned() };
        visitor.hears("What can I do for you?").await;
        visitor
    }

    /// Waits until this was said last, and everything before it is sent.
    pub async fn hears(&self, text: &str) {
        let sent = "$$('.note').every((note) => note.textContent === '')";
        self.person.until(&format!("texts().at(-1) === {} && {sent}", json!(text))).await;
    }

    /// Types something and sends it; `answer` comes.
    pub async fn says(&self, office: &mut Office, text: &str, answer: &str) {
        self.writes(office, text).await;
        self.hears(answer).await;
    }

    /// Types something and sends it.
    pub async fn writes(&self, office: &mut Office, text: &str) {
        office
            .step(async || {
                self.person.click("textarea").await;
                self.person.press(text.to_owned() + Key::Enter).await;
            })
            .await;
    }

    /// Presses the button with that label; `answer` comes.
    pub async fn chooses(&self, office: &mut Office, label: &str, answer: &str) {
        self.presses(office, label).await;
        self.hears(answer).await;
    }

    async fn presses(&self, office: &mut Office, label: &str) {
        let place = format!("$$('.tray .chip').findIndex((chip) => chip.textContent === {})", json!(label));
        self.person.until(&format!("{place} >= 0")).await;
        let place = self.person.see(&place).await.as_u64().expect("a place is a number") + 1;
        office.step(async || self.person.click(&format!(".tray .chip:nth-child({place})")).await).await;
    }

    /// Books a trip and leaves an address, which is at first none.
    pub async fn books(&self, office: &mut Office, lead: &Lead) {
        self.photograph("1-opened").await;
        self.chooses(office, "Book a trip", "Where would you like to go?").await;
        self.says(office, "Lisbon", "When do you leave? (e.g. 2026-11-05)").await;
        self.says(office, "2031-05-14", "How many travellers?").await;
        self.says(office, "2", "Budget per person?").await;
        self.chooses(office, "500 to 1500", "Whom may I address?").await;
        self.says(office, lead.name, "Which e-mail for the offer?").await;
        self.says(office, WRONG_EMAIL, NOT_AN_EMAIL).await;
        self.photograph("2-wrong-email").await;
        self.says(office, lead.email, "A number in case of questions?").await;
        self.says(office, lead.phone, "May we keep these details to prepare your offer?").await;
        self.photograph("3-consent").await;
        self.chooses(office, "Yes", "Anything else?").await;
    }

    /// Asks for a person, and is told to wait.
    pub async fn wants_a_person(&self, office: &mut Office) {
        self.chooses(office, "Yes", "What can I do for you?").await;
        self.presses(office, "Talk to someone").await;
        self.hears("Talk to someone").await;
        self.person.until("$('.status').textContent === 'Finding someone for you…'").await;
        self.photograph("4-waiting").await;
    }

    /// Sees who has come.
    pub async fn meets(&self, name: &str) {
        self.person.until(&format!("$('h2').textContent === {}", json!(name))).await;
    }

    /// Sees that the chat is over.
    pub async fn sees_the_end(&self) {
        self.person.until("$('.end span')?.textContent === 'Chat ended'").await;
        self.person.until("$('.banner').textContent === ''").await;
    }

    /// All that the widget shows of what was said by people and bot.
    pub async fn shown(&self) -> Value {
        self.person.see("texts()").await
    }

    pub async fn photograph(&self, moment: &str) {
        self.person.photograph(&format!("{}-{moment}", self.name)).await;
    }
}

/// What is typed in the place of an address.
pub const WRONG_EMAIL: &str = "it is on my card";
/// What the bot says to it.
pub const NOT_AN_EMAIL: &str = "That does not look like an e-mail address. Could you type it again?";

/// Somebody at the operators' console.
pub struct Operator {
    person: Person,
    name: String,
}

impl Operator {
    /// Joins by the link of an invitation, and is there. `name` is what the pictures are called by.
    pub async fn arrive(office: &mut Office, name: &str) -> Self {
        let person = Person::start().await;
        office.pause().await;
        person.driver.goto(&office.invitation).await.expect("the page is there");
        let operator = Self { person, name: name.to_owned() };
        operator.types("#name", "Priya").await;
        operator.types("#password", "four plain words together").await;
        operator.click("main button[type=submit]").await;
        operator.person.until("document.querySelector('form.who b')?.textContent === 'Priya'").await;
        let console = format!("{}/conversations", office.server.url);
        operator.person.driver.goto(console).await.expect("the console is there");
        operator.sees("here", "checked").await;
        operator.photograph("1-signed-in").await;
        operator
    }

    /// Finds the one who waits, and takes the chat.
    pub async fn accepts(&self, office: &mut Office) {
        self.person.until("document.querySelectorAll('#pending .item').length === 1").await;
        self.click("#pending .item").await;
        self.sees("accept", "checkVisibility()").await;
        self.photograph("2-pending").await;
        office.step(async || self.click("#accept").await).await;
        self.insist(&["#accept"], "document.getElementById('composer').checkVisibility()").await;
    }

    /// Writes to the visitor; back when it is sent.
    pub async fn replies(&self, office: &mut Office, text: &str) {
        office
            .step(async || {
                self.click("#field").await;
                self.person.press(text.to_owned() + Key::Enter).await;
            })
            .await;
        self.reads(text).await;
    }

    /// Waits until this was said last, and nothing waits to be sent.
    pub async fn reads(&self, text: &str) {
        let last = "[...document.querySelectorAll('#log .text')].at(-1)?.textContent";
        self.person
            .until(&format!("!document.querySelector('#log .pending') && {last} === {}", json!(text)))
            .await;
    }

    /// Sees who it is.
    pub async fn meets(&self, name: &str) {
        self.sees("who", &format!("textContent === {}", json!(name))).await;
    }

    /// Sees that nobody is typing any more.
    pub async fn sees_nobody_typing(&self) {
        let typing = self.person.see("document.getElementById('typing').textContent").await;
        assert_eq!(typing, "", "what was typed has been said");
    }

    /// Ends the chat.
    pub async fn closes(&self, office: &mut Office) {
        self.photograph("3-talked").await;
        self.click("#close").await;
        self.photograph("4-closing").await;
        office.step(async || self.click("#close-dialog .danger").await).await;
        let over = "document.getElementById('facts').textContent.startsWith('Over: Closed by the operator')";
        self.insist(&["#close", "#close-dialog .danger"], over).await;
        self.photograph("5-closed").await;
    }

    /// Waits until something is done, and does it again whenever the page says that it failed.
    async fn insist(&self, clicks: &[&str], done: &str) {
        loop {
            let failed = "document.getElementById('notice').checkVisibility()";
            self.person.until(&format!("{done} || {failed}")).await;
            if self.person.see(done).await == json!(true) {
                return;
            }
            self.photograph("failed").await;
            self.click("#dismiss").await;
            self.person
                .until(&format!("{done} || document.querySelector('{}').checkVisibility()", clicks[0]))
                .await;
            if self.person.see(done).await == json!(true) {
                return;
            }
            for selector in clicks {
                self.click(selector).await;
            }
        }
    }

    /// Waits until something is true of an element.
    async fn sees(&self, id: &str, what: &str) {
        self.person.until(&format!("(document.getElementById('{id}').{what}) === true")).await;
    }

    async fn types(&self, selector: &str, text: &str) {
        self.click(selector).await;
        self.person.press(text.to_owned()).await;
    }

    async fn click(&self, selector: &str) {
        let element = self.person.driver.find(By::Css(selector)).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    async fn photograph(&self, moment: &str) {
        self.person.photograph(&format!("{}-{moment}", self.name)).await;
    }
}
