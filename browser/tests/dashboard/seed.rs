//! A store in which there is something of everything, in every state, with names of all lengths and directions.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::house::{House, id, webhook};

/// As long as a name may be.
pub fn long_name() -> String {
    "Überlandlinienverkehrsgesellschaftsbüro ".repeat(5)[..].chars().take(199).collect::<String>() + "!"
}

const ARABIC: &str = "شركة السفر «الأفق» 2026";

/// Everything.
pub async fn full() -> House {
    let mut house = House::open().await;
    webhooks(&house).await;
    let bots = chatbots(&house).await;
    conversations(&house, &bots).await;
    pushed(&house).await;
    events(&house).await;
    house.server.make_key(&long_name(), "read").await;
    house.server.make_key(ARABIC, "manage").await;
    for role in ["viewer", "operator", "admin"] {
        house.invite(role).await;
    }
    age(&mut house).await;
    house
}

async fn webhooks(house: &House) {
    let url = house.receiver.url();
    for name in [
        "CRM".to_owned(),
        ARABIC.to_owned(),
        long_name(),
        "Paused 🛠".to_owned(),
        "Disabled".to_owned(),
        "Held".to_owned(),
        "Deleted".to_owned(),
    ] {
        let mut wanted = webhook(&name, &url);
        wanted["headers"] = json!({"X-Tenant": "acme"});
        let made = house.post("/webhooks", wanted).await;
        let verb = name.split(' ').next().unwrap_or_default();
        match verb {
            "Paused" => house.post(&format!("/webhooks/{}/pause", id(&made)), Value::Null).await,
            "Disabled" => house.post(&format!("/webhooks/{}/disable", id(&made)), Value::Null).await,
            "Deleted" => house.call(Method::DELETE, &format!("/webhooks/{}", id(&made)), Value::Null).await,
            "CRM" => house.post(&format!("/webhooks/{}/test", id(&made)), json!({})).await,
            _ => Value::Null,
        };
    }
}

/// The public keys of those that talk.
async fn chatbots(house: &House) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, template) in
        [("Meridian Travel Desk", "travel-desk"), (ARABIC, "car-quote"), (&long_name(), "saas-demo")]
    {
        let wanted = json!({"name": name, "template": template, "settings": {"allowed_origins": [ORIGIN]}});
        let bot = house.post("/chatbots", wanted).await;
        house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
        keys.push(bot["public_key"].as_str().expect("a chatbot has a public key").to_owned());
    }
    house.post("/chatbots", json!({"name": "Never published"})).await;
    for name in [ARABIC, &long_name()] {
        house.post("/departments", json!({"name": name})).await;
    }
    keys
}

/// The origin of pages with the widget.
pub const ORIGIN: &str = "https://www.example.com";

/// A visitor of a page.
pub struct Visitor<'a> {
    house: &'a House,
    path: String,
    token: Value,
    said: usize,
}

impl<'a> Visitor<'a> {
    /// Opens the widget of that bot, on a page of that address.
    pub async fn arrive(house: &'a House, bot: &str, page: &str) -> Self {
        let mut visitor = Self { house, path: format!("/w/{bot}"), token: Value::Null, said: 0 };
        let opened = visitor.call("open", json!({"page_url": page})).await;
        visitor.token = opened["token"].clone();
        visitor
    }

    /// Says something; the conversation.
    pub async fn says(&mut self, text: &str, page: &str, variables: Value) -> Value {
        self.said += 1;
        let token = self.token.clone();
        let name = format!("{}-{}", token.as_str().map_or("", |it| &it[4..20]), self.said);
        let call =
            json!({"token": token, "id": name, "text": text, "page_url": page, "variables": variables});
        self.call("messages", call).await["conversation"].clone()
    }

    async fn call(&self, verb: &str, body: Value) -> Value {
        let url = self.house.server.at(&format!("{}/{verb}", self.path));
        let request = Client::new().post(url).header("origin", ORIGIN).header("content-type", "text/plain");
        let answer = request.body(body.to_string()).send().await.expect("the server answers");
        let (status, text) = (answer.status(), answer.text().await.expect("an answer has a text"));
        assert!(status.is_success(), "{verb} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// Chats with a bot, waiting, with an operator, and over.
async fn conversations(house: &House, bots: &[String]) {
    let page = format!("{ORIGIN}/journeys?from=lisbon");
    house.call(Method::PUT, "/operators/me", json!({})).await;
    for (number, bot) in bots.iter().enumerate() {
        let mut visitor = Visitor::arrive(house, bot, &page).await;
        visitor.says("Hello, is anybody there?", &page, json!({"campaign": "spring"})).await;
        visitor.says(&"A very long question, with words. ".repeat(40), &page, json!({})).await;
        visitor.says(ARABIC, &page, json!({})).await;
        if number == 0 {
            let mut second = Visitor::arrive(house, bot, &page).await;
            let chat = second.says("Talk to someone", &page, json!({})).await;
            let chat = chat.as_str().expect("it began").to_owned();
            let mut third = Visitor::arrive(house, bot, &page).await;
            third.says("Talk to someone", &page, json!({})).await;
            house.post(&format!("/conversations/{chat}/accept"), Value::Null).await;
            house.post(&format!("/conversations/{chat}/reply"), json!({"text": "Good morning!"})).await;
        }
    }
}

/// Chats that another tool pushes, with people in them.
async fn pushed(house: &House) {
    let people = [
        json!({"name": "Marta Lindqvist", "email": "marta@example.org", "phone": "+919811123456"}),
        json!({"name": ARABIC, "email": "rtl@example.org"}),
        json!({"name": long_name(), "email": "long@example.org", "custom": {"company": long_name(), "seats": 12}}),
        json!({"phone": "+4915228817386"}),
        json!({"name": "Nuala O'Brien", "email": "nuala@example.org", "consent": "May we keep your details?"}),
    ];
    for (number, person) in people.into_iter().enumerate() {
        let chat = house.post("/conversations", json!({"page_url": format!("{ORIGIN}/{number}")})).await;
        let path = |what: &str| format!("/conversations/{}/{what}", id(&chat));
        for edge in ["start", "end"] {
            house.post(&path("markers"), json!({"name": "Quote", "edge": edge})).await;
        }
        for (author, text) in
            [("bot", "May we quote?"), ("visitor", "Yes\nplease"), ("operator", "👋 Thank you")]
        {
            house.post(&path("messages"), json!({"author": author, "text": text})).await;
        }
        house.post(&path("contact"), person).await;
        if number != 3 {
            house.post(&path("close"), json!({"reason": "visitor_ended"})).await;
        }
    }
}

async fn events(house: &House) {
    let contact = |number: usize| {
        json!({"type": "Contact Information", "conversation_id": format!("order-{}", number % 7),
            "data": {"name": format!("Person {number}"), "email": format!("p{number}@example.org"), "phone": null}})
    };
    let events: Vec<Value> = (0..60).map(contact).collect();
    house.post("/events/batch", json!({"events": events})).await;
    let abort = [("webhook-delivery".to_owned(), "abort-message".to_owned())].to_vec();
    let answer =
        browser::Answer { status: 500, headers: abort, body: "<h1>It does not work</h1>".to_owned() };
    house.receiver.answer(answer);
    house.post("/events", contact(60)).await;
    house.post("/events", contact(61)).await;
    let failed = async || {
        let list = house.get("/deliveries?state=exhausted").await;
        list["items"].as_array().map_or(0, Vec::len) >= 2
    };
    for _ in 0..500 {
        if failed().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    house.receiver.answer(browser::Answer::of(200));
    let webhook = house.get("/webhooks").await["items"][0].clone();
    let wanted = json!({"webhook_id": id(&webhook), "since": "2020-01-01T00:00:00Z"});
    house.post("/recoveries", wanted).await;
}

/// What takes days: a webhook that is held.
async fn age(house: &mut House) {
    house.server.stop().await;
    let held =
        "update webhook set state = 'held', failures = 10, probe_at = 4102444800000000 where name = 'Held'";
    assert_eq!(house.store().execute(held, []).expect("it is SQL"), 1);
    house.server.start().await;
}
