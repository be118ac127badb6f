//! One of each thing in a house, called as a state wants it: plainly, at great length, or from right to left.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::camera::submit;
use crate::{
    house::{House, id, webhook},
    member::{Member, PASSWORD},
    seed::{ORIGIN, Visitor},
};

/// How things are called.
pub struct Words {
    /// Of whatever has a name.
    name: String,
    /// Of people.
    person: String,
    /// What is said.
    said: String,
    /// What addresses end with.
    tail: String,
    email: String,
}

impl Words {
    /// As people call things.
    pub fn plain() -> Self {
        Self {
            name: "Spring campaign".to_owned(),
            person: "Marta Lindqvist".to_owned(),
            said: "Do you have a house by the sea in May? We are two grown-ups and a dog.".to_owned(),
            tail: "journeys".to_owned(),
            email: "marta@example.org".to_owned(),
        }
    }

    /// As long as a name may be and without a space, and addresses of a thousand characters.
    pub fn long() -> Self {
        let long = |of: &str, length: usize| of.chars().cycle().take(length).collect::<String>();
        Self {
            name: long("Überlandlinienverkehrsgesellschaftsbüro", 200),
            person: long("Wolfeschlegelsteinhausenbergerdorff", 200),
            said: long("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamter", 1_500),
            tail: long("a-very-long-address/", 980),
            email: format!("{}@{}.example.org", long("somebody", 60), long("subdomain", 60)),
        }
    }

    /// From right to left.
    pub fn arabic() -> Self {
        Self {
            name: "شركة السفر «الأفق» 2026".to_owned(),
            person: "نرگس الهاشمي (Berlin)".to_owned(),
            said: "مرحبا! هل لديكم بيت على البحر في شهر مايو؟ نحن 2 + كلب, call me at 10:30.".to_owned(),
            tail: "رحلات?من=لشبونة".to_owned(),
            email: "narges@example.org".to_owned(),
        }
    }

    fn page(&self) -> String {
        format!("{ORIGIN}/{}", self.tail)
    }

    /// As much of the name as a marker may have.
    fn short(&self) -> String {
        self.name.chars().take(100).collect()
    }

    /// A flow with these words in it.
    fn flow(&self) -> Value {
        let (said, short) = (&self.said, self.short());
        json!({"schema": 1, "start": "a", "nodes": [
            {"id": "a", "kind": "choice", "text": said, "var": "wish", "options": [
                {"value": "talk", "label": short, "next": "e"}, {"value": "leave", "label": "Leave my details", "next": "b"}]},
            {"id": "b", "kind": "marker", "name": short, "edge": "start", "next": "c"},
            {"id": "c", "kind": "ask", "type": "email", "text": said, "var": "email", "next": "d"},
            {"id": "d", "kind": "save_contact", "email": "email", "next": "f"},
            {"id": "e", "kind": "handover", "department": "Sales", "offline": "b", "next": "g"},
            {"id": "f", "kind": "marker", "name": short, "edge": "end", "next": "g"},
            {"id": "g", "kind": "end", "text": said, "then": "close"}]})
    }
}

/// Puts one of each thing in the house, through the doors that it has.
pub async fn furnish(house: &House, owner: &Member, words: &Words) {
    let Words { name, person, said, .. } = words;
    let url = format!("{}?{}", house.receiver.url(), words.tail);
    let mut wanted = webhook(name, &url);
    wanted["headers"] = json!({"X-Tenant": "acme"});
    wanted["body"] = json!("extended");
    let made = house.post("/webhooks", wanted).await;
    house.post(&format!("/webhooks/{}/test", id(&made)), json!({})).await;
    house.post("/departments", json!({"name": name, "email": words.email})).await;
    submit(owner, "/conversations/texts/new", json!({"title": name, "text": said})).await;
    house.server.make_key(name, "read").await;
    join(house, person).await;
    house.invite("viewer").await;
    told(house, words).await;
    chat(house, owner, words).await;
    settle(house).await;
    let since = json!({"webhook_id": id(&made), "since": "2020-01-01T00:00:00Z", "states": ["delivered"]});
    house.post("/recoveries", since).await;
}

/// Waits until nothing is on its way.
pub async fn settle(house: &House) {
    for _ in 0..500 {
        if house.get("/deliveries?state=pending").await["items"] == json!([]) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Somebody of that name becomes a member.
async fn join(house: &House, name: &str) {
    let link = house.invite("operator").await;
    let (path, token) = link.split_once("?token=").expect("a link has a token");
    let form = [("token", token), ("name", name), ("password", PASSWORD)];
    let form: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
    let request = Client::new().post(house.server.at(path)).header("origin", &house.server.url);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form.join("&")).send().await.expect("the server answers");
    assert!(answer.status().is_success(), "{link}: {}", answer.status());
}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A chat that another tool tells of, with somebody in it who is known since, and that is over.
async fn told(house: &House, words: &Words) {
    let chat = house.post("/conversations", json!({"page_url": words.page()})).await;
    let path = |what: &str| format!("/conversations/{}/{what}", id(&chat));
    for edge in ["start", "end"] {
        house.post(&path("markers"), json!({"name": words.short(), "edge": edge})).await;
    }
    for author in ["bot", "visitor", "operator"] {
        let said = json!({"author": author, "text": words.said, "name": words.person});
        house
            .post(
                &path("messages"),
                if author == "operator" { said } else { json!({"author": author, "text": words.said}) },
            )
            .await;
    }
    let person = json!({"name": words.person, "email": words.email, "phone": "+919811123456",
        "custom": {"company": words.name, "seats": 12}, "consent": "May we keep your details?"});
    house.post(&path("contact"), person).await;
    house.post(&path("close"), json!({"reason": "visitor_ended"})).await;
}

/// A chat with the widget that the owner has taken.
async fn chat(house: &House, owner: &Member, words: &Words) {
    let settings = json!({"allowed_origins": [ORIGIN]});
    let bot = json!({"name": words.name, "flow": words.flow(), "settings": settings});
    let bot = house.post("/chatbots", bot).await;
    house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
    house.call(Method::PUT, "/operators/me", json!({})).await;
    let key = bot["public_key"].as_str().expect("a chatbot has a public key");
    let mut visitor = Visitor::arrive(house, key, &words.page()).await;
    visitor.says(&words.said, &words.page(), json!({"campaign": words.short()})).await;
    let chat = visitor.says(&words.short(), &words.page(), json!({})).await;
    let chat = format!("/conversations/{}", chat.as_str().expect("it began"));
    submit(owner, &format!("{chat}/accept"), json!({})).await;
    submit(owner, &format!("{chat}/reply"), json!({"text": words.said})).await;
    visitor.says(&words.said, &words.page(), json!({})).await;
}
