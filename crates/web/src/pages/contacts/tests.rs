//! The pages of contacts: who sees them, correcting, merging, exporting, erasing.

use domain::{Role, Scope};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::kit::{Answer, Kit};

/// A kit with a key that pushes chats.
async fn kit() -> (Kit, String) {
    let kit = Kit::start().await;
    let key = kit.key(Scope::Admin).await;
    (kit, key)
}

/// A contact that was captured in a chat of that name; its id.
async fn captured(kit: &Kit, key: &str, chat: &str, contact: Value) -> String {
    let send = async |path: String, body: Value| {
        let answer = kit.send(key, "POST", &path, body.to_string()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer
    };
    let made = send("/api/v1/conversations".into(), json!({"external_id": chat})).await.json();
    let id = made["id"].as_str().unwrap();
    send(format!("/api/v1/conversations/{id}/messages"), json!({"author": "visitor", "text": "Hello"})).await;
    send(format!("/api/v1/conversations/{id}/contact"), contact).await;
    let shown = kit.send(key, "GET", &format!("/api/v1/conversations/{id}"), "").await.json();
    shown["contact_id"].as_str().unwrap().to_owned()
}

fn ann() -> Value {
    json!({"name": "Ann Lee", "email": "ann@example.com", "phone": "+919811123456", "custom": {"pax": 2, "to": "Rome"}})
}

fn went_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn contacts_are_listed_and_found() {
    let (kit, key) = kit().await;
    let operator = kit.member(Role::Operator).await;
    let empty = kit.page(&operator, "/contacts").await;
    assert!(empty.status == StatusCode::OK && empty.body.contains("No contact yet"), "{}", empty.body);
    let id = captured(&kit, &key, "a", ann()).await;
    captured(&kit, &key, "b", json!({"name": "<b>نرگس</b>", "email": "n@example.com", "phone": null})).await;
    let all = kit.page(&operator, "/contacts").await.body;
    assert!(all.contains(&id) && all.contains("&#60;b&#62;نرگس&#60;/b&#62;") && all.contains("not asked"));
    // A search is long, and is not made again by itself.
    let live = "id=\"contacts\" data-live";
    assert!(all.contains(live) && empty.body.contains(live));
    for q in ["lee", "ann%40exa", "98111"] {
        let found = kit.page(&operator, &format!("/contacts?q={q}")).await.body;
        assert!(!found.contains(live), "{found}");
        assert!(found.contains(&id) && !found.contains("نرگس"), "{q}: {found}");
    }
    assert!(kit.page(&operator, "/contacts?q=zebra").await.body.contains("Nobody found"));
    let wrong = kit.page(&operator, &format!("/contacts?q={}", "x".repeat(201))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let viewer = kit.member(Role::Viewer).await;
    for path in ["/contacts", "/contacts/export", &format!("/contacts/{id}")] {
        assert_eq!(kit.page(&viewer, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_contact_is_shown_and_put_right() {
    let (kit, key) = kit().await;
    let (operator, id) = (kit.member(Role::Operator).await, captured(&kit, &key, "a", ann()).await);
    captured(&kit, &key, "b", json!({"name": "Bob", "email": "bob@example.com", "phone": null})).await;
    let path = format!("/contacts/{id}");
    let page = kit.page(&operator, &path).await.body;
    assert!(
        page.contains("Ann Lee") && page.contains("Rome") && page.contains("Contact Information"),
        "{page}"
    );
    assert!(page.contains("Change</a>") && !page.contains("Erase…"), "an operator erases nobody");
    let form = kit.page(&operator, &format!("{path}/edit")).await.body;
    assert!(form.contains("name=\"custom_name\" value=\"to\"><input id=\"custom1\" name=\"custom\" dir=\"auto\" value=\"Rome\""), "{form}");

    let wrong = [("name", "Anna"), ("email", "bob@example.com"), ("custom_name", "to"), ("custom", "Oslo")];
    let refused = kit.submit(&operator, &format!("{path}/edit"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("is the address of another contact") && refused.body.contains("Oslo"));
    let refused = kit.submit(&operator, &format!("{path}/edit"), &[("name", "Anna"), ("phone", "12")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let right = [
        ("name", "Anna"),
        ("email", "anna@example.com"),
        ("phone", ""),
        ("custom_name", "pax"),
        ("custom", "3"),
        ("custom_name", "to"),
        ("custom", ""),
        ("new_name", "from"),
        ("new_value", "Delhi"),
    ];
    let saved = kit.submit(&operator, &format!("{path}/edit"), &right).await;
    assert_eq!(went_to(&saved), format!("{path}?done=changed"));
    let stored = kit.send(&key, "GET", &format!("/api/v1/contacts/{id}"), "").await.json();
    assert_eq!(stored["email"], "anna@example.com");
    assert_eq!((&stored["phone"], &stored["custom"]), (&Value::Null, &json!({"pax": 3, "from": "Delhi"})));
    // What the form did not know of stays.
    let late = [("name", "Anna"), ("email", "anna@example.com"), ("custom_name", "pax"), ("custom", "4")];
    kit.submit(&operator, &format!("{path}/edit"), &late).await;
    let stored = kit.send(&key, "GET", &format!("/api/v1/contacts/{id}"), "").await.json();
    assert_eq!(stored["custom"], json!({"pax": 4, "from": "Delhi"}));
    let viewer = kit.member(Role::Viewer).await;
    assert_eq!(kit.submit(&viewer, &format!("{path}/edit"), &right).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn two_contacts_are_compared_and_become_one() {
    let (kit, key) = kit().await;
    let (operator, kept) = (kit.member(Role::Operator).await, captured(&kit, &key, "a", ann()).await);
    let other = json!({"name": "A. Lee", "email": "lee@example.com", "phone": "+919811123456", "custom": {"vip": true}});
    let gone = captured(&kit, &key, "b", other).await;
    let page = kit.page(&operator, &format!("/contacts/{gone}")).await.body;
    assert!(page.contains("This may be the same person as"), "{page}");
    let path = format!("/contacts/{kept}/merge");
    let found = kit.page(&operator, &format!("{path}?q=lee")).await.body;
    assert!(found.contains(&format!("?from={gone}")) && !found.contains(&format!("?from={kept}")), "{found}");
    let both = kit.page(&operator, &format!("{path}?from={gone}")).await.body;
    assert!(
        both.contains("lee@example.com") && both.contains("vip") && both.contains("Merge the two"),
        "{both}"
    );
    assert_eq!(
        kit.page(&operator, &format!("/contacts/{gone}")).await.status,
        StatusCode::OK,
        "nothing is done yet"
    );
    let merged = kit.submit(&operator, &path, &[("from", &gone)]).await;
    assert_eq!(went_to(&merged), format!("/contacts/{kept}?done=merged"));
    assert_eq!(kit.page(&operator, &format!("/contacts/{gone}")).await.status, StatusCode::NOT_FOUND);
    let page = kit.page(&operator, &format!("/contacts/{kept}")).await.body;
    assert_eq!(page.matches("href=\"/conversations/conv_").count(), 2, "{page}");
    let itself = kit.submit(&operator, &path, &[("from", &kept)]).await;
    assert_eq!(itself.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn erasing_says_what_it_removes_asks_for_the_name_and_leaves_a_receipt() {
    let (kit, key) = kit().await;
    let webhook =
        json!({"name": "CRM", "url": "https://crm.example.com/in", "event_types": ["Contact Information"]});
    kit.send(&key, "POST", "/api/v1/webhooks", webhook.to_string()).await;
    let (admin, id) = (kit.member(Role::Admin).await, captured(&kit, &key, "a", ann()).await);
    let path = format!("/contacts/{id}/erase");
    let question = kit.page(&admin, &path).await.body;
    for words in ["1 conversation,", "1 message<", "1 event,", "1 delivery "] {
        assert!(question.contains(words), "{words}: {question}");
    }
    let operator = kit.member(Role::Operator).await;
    assert_eq!(kit.page(&operator, &path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(kit.submit(&operator, &path, &[("name", "Ann Lee")]).await.status, StatusCode::FORBIDDEN);
    let wrong = kit.submit(&admin, &path, &[("name", "Ann")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("is not what the contact is called") && wrong.body.contains("value=\"Ann\""));
    let erased = kit.submit(&admin, &path, &[("name", " Ann Lee ")]).await;
    let receipt = format!("/contacts/erased/{id}");
    assert_eq!(went_to(&erased), receipt);
    let page = kit.page(&admin, &receipt).await.body;
    assert!(
        page.contains(&id) && page.contains("1 conversation<") && page.contains("1 delivery not made"),
        "{page}"
    );
    assert!(!page.contains("Ann") && !page.contains("ann@"), "it says nothing of the person: {page}");
    assert_eq!(kit.page(&admin, &format!("/contacts/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.page(&operator, &receipt).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_export_takes_all_or_those_of_a_search() {
    let (kit, key) = kit().await;
    let operator = kit.member(Role::Operator).await;
    captured(&kit, &key, "a", ann()).await;
    captured(&kit, &key, "b", json!({"name": "Bob", "email": "bob@example.com", "phone": null})).await;
    let page = kit.page(&operator, "/contacts/export?q=bob").await.body;
    assert!(page.contains("There are 2 contacts.") && page.contains("value=\"bob\""), "{page}");
    let file = kit.page(&operator, "/api/v1/contacts/export?q=bob&format=csv").await;
    assert_eq!((file.status, file.body.lines().count()), (StatusCode::OK, 2), "{}", file.body);
    assert_eq!(kit.page(&operator, "/api/v1/contacts/export?q=&format=csv").await.body.lines().count(), 3);
    let none = kit.page(&operator, "/api/v1/contacts/export?q=zebra&format=json").await;
    assert_eq!(none.body, "[]");
    let all = kit.page(&operator, "/api/v1/contacts/export?format=json").await.json();
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn contacts_of_another_account_are_not_there() {
    let (kit, key) = kit().await;
    let id = captured(&kit, &key, "a", ann()).await;
    let make = |tx: &mut app::Tx<'_>| {
        let other = app::accounts::create(tx, "Globex")?;
        app::members::sample(tx, other.id, Role::Owner)
    };
    let made: Result<_, app::AppError> = kit.db.write(make).await;
    let stranger = format!("leadpost={}", made.unwrap().1.reveal());
    for below in ["", "/edit", "/merge", "/erase"] {
        let answer = kit.page(&stranger, &format!("/contacts/{id}{below}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{below}");
    }
    let erase = kit.submit(&stranger, &format!("/contacts/{id}/erase"), &[("name", "Ann Lee")]).await;
    assert_eq!(erase.status, StatusCode::NOT_FOUND);
    assert!(kit.page(&stranger, "/contacts").await.body.contains("No contact yet"));
}
