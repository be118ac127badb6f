//! The pages of Account: what each role is shown and may do, what strangers' pages cannot, and the record of it all.

use app::{AppError, Tx, members};
use axum::body::Body;
use domain::{Actor, Role};
use http::{Method, Request, header};
use suite::{Browser, TestApp, stores};

use crate::sign_in::{PASSWORD, joined};

/// Every page of Account, and the role that may least of those who may see it.
const PAGES: [(&str, Role); 9] = [
    ("/account", Role::Viewer),
    ("/account/sessions", Role::Viewer),
    ("/account/members", Role::Admin),
    ("/account/members/new", Role::Admin),
    ("/account/keys", Role::Admin),
    ("/account/keys/new", Role::Admin),
    ("/account/settings", Role::Admin),
    ("/account/audit", Role::Admin),
    ("/account/audit?action=key.created", Role::Admin),
];

/// Where a form goes, what is filled in, and the role that may least of those who may send it.
type Sent = (String, Vec<(&'static str, &'static str)>, Role);

/// Every form there is, with what would do something.
fn forms(member: &str, invitation: &str, key: &str) -> Vec<Sent> {
    let to = |path: &str| path.replace("{m}", member).replace("{i}", invitation).replace("{k}", key);
    vec![
        (to("/account"), vec![("name", "Changed")], Role::Viewer),
        (
            to("/account/password"),
            vec![("current", PASSWORD), ("new", "nine purple dinosaurs")],
            Role::Viewer,
        ),
        (to("/account/sessions/others"), vec![], Role::Viewer),
        (to("/account/members"), vec![("email", "x@example.com"), ("role", "viewer")], Role::Admin),
        (to("/account/members/{m}/role"), vec![("role", "operator")], Role::Admin),
        (to("/account/members/{m}/disable"), vec![], Role::Admin),
        (to("/account/members/{m}/enable"), vec![], Role::Admin),
        (to("/account/members/{m}/password"), vec![], Role::Admin),
        (to("/account/invitations/{i}/withdraw"), vec![], Role::Admin),
        (to("/account/keys"), vec![("name", "K"), ("scope", "read"), ("days", "")], Role::Admin),
        (to("/account/keys/{k}/revoke"), vec![], Role::Admin),
        (to("/account/settings"), vec![("name", "Acme 2"), ("time_zone", "UTC")], Role::Admin),
        (to("/confirm"), vec![("password", PASSWORD), ("next", "/")], Role::Viewer),
        (to("/sign-out"), vec![], Role::Viewer),
    ]
}

/// A member to be touched, an invitation and a key of the first account.
async fn targets(app: &TestApp) -> (String, String, String) {
    let actor = Actor::Console { account: app.acme.0 };
    let make = move |tx: &mut Tx<'_>| {
        let (invitation, token) = members::invite(tx, &actor, "target@example.com", Role::Viewer)?;
        let member = members::accept(tx, &token, "Target", "no hash", &Default::default())?.member;
        let (open, _) = members::invite(tx, &actor, "invited@example.com", Role::Viewer)?;
        let (key, _) = app::accounts::create_key(tx, &actor, "target", domain::Scope::Read, None)?;
        assert_ne!(invitation.id, open.id);
        Ok::<_, AppError>((member.id.to_string(), open.id.to_string(), key.id.to_string()))
    };
    app.db.write(make).await.expect("all of it can be made")
}

#[tokio::test]
async fn each_role_sees_its_pages_and_no_other() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for role in Role::ALL {
            let mut browser = joined(&app, &format!("{}@example.com", role.as_str()), role).await;
            for (path, least) in PAGES {
                let answer = browser.get(path).await;
                let expected = if role >= least { 200 } else { 403 };
                assert_eq!(answer.status, expected, "{role:?} {path}: {}", answer.body);
                assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
            }
            let shown = browser.get("/account").await.body.contains("/account/audit");
            assert_eq!(shown, role >= Role::Admin, "the navigation shows what one may see");
        }
        let mut nobody = Browser::at(&app, "192.0.2.1");
        for (path, _) in PAGES {
            assert!(Browser::target(&nobody.get(path).await).starts_with("/sign-in?next="), "{path}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn each_role_may_send_its_forms_and_no_other() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (member, invitation, key) = targets(&app).await;
        for role in [Role::Viewer, Role::Operator] {
            let mut browser = joined(&app, &format!("{}@example.com", role.as_str()), role).await;
            let before = app.dump().await;
            for (path, form, least) in forms(&member, &invitation, &key) {
                if role < least {
                    let answer = browser.post(&path, &form).await;
                    assert_eq!(answer.status, 403, "{role:?} {path}: {}", answer.body);
                }
            }
            assert_eq!(app.dump().await, before, "what is refused leaves no trace");
        }
        let mut admin = joined(&app, "admin@example.com", Role::Admin).await;
        for (path, form, least) in forms(&member, &invitation, &key) {
            if least == Role::Admin {
                let answer = admin.post(&path, &form).await;
                assert!(
                    matches!(answer.status.as_u16(), 200 | 303),
                    "{path}: {} {}",
                    answer.status,
                    answer.body
                );
            }
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn an_admin_touches_no_owner_and_makes_none() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut owner = joined(&app, "owner@example.com", Role::Owner).await;
        let mut admin = joined(&app, "admin@example.com", Role::Admin).await;
        let list = admin.get("/account/members").await.body;
        let owners = |list: &str| list.matches("<option value=\"owner\"").count();
        assert_eq!(owners(&list), 0, "{list}");
        let find = |email: &'static str| app.db.read(move |tx| members::find_by_email(tx, email));
        let id = |found: Result<Option<domain::Member>, AppError>| found.unwrap().unwrap().id;
        let (owner_id, admin_id) = (id(find("owner@example.com").await), id(find("admin@example.com").await));
        let (of_owner, of_admin) =
            (format!("/account/members/{owner_id}"), format!("/account/members/{admin_id}"));
        for (path, form) in [
            (format!("{of_owner}/role"), vec![("role", "viewer")]),
            (format!("{of_owner}/disable"), vec![]),
            (format!("{of_owner}/enable"), vec![]),
            (format!("{of_owner}/password"), vec![]),
            (format!("{of_admin}/role"), vec![("role", "owner")]),
            ("/account/members".to_owned(), vec![("email", "x@example.com"), ("role", "owner")]),
        ] {
            assert_eq!(admin.post(&path, &form).await.status, 403, "{path} {form:?}");
        }
        assert_eq!(admin.post(&format!("{of_admin}/disable"), &[]).await.status, 409, "not oneself");
        let last = owner.post(&format!("{of_owner}/role"), &[("role", "admin")]).await;
        assert!(last.status == 409 && last.body.contains("last owner"), "{}", last.body);
        assert_eq!(owner.post(&format!("{of_admin}/role"), &[("role", "owner")]).await.status, 303);
        assert!(owners(&admin.get("/account/members").await.body) > 0, "the new role holds at once");
        assert_eq!(owner.post(&format!("{of_owner}/role"), &[("role", "viewer")]).await.status, 303);
        assert_eq!(owner.get("/account/members").await.status, 403);
        app.finish().await;
    }
}

#[tokio::test]
async fn no_page_of_a_stranger_can_send_a_form() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (member, invitation, key) = targets(&app).await;
        let mut owner = joined(&app, "owner@example.com", Role::Owner).await;
        let before = app.dump().await;
        let mut all = forms(&member, &invitation, &key);
        for page in ["/sign-in", "/set-up", "/join", "/new-password"] {
            all.push((
                page.to_owned(),
                vec![("email", "owner@example.com"), ("password", PASSWORD)],
                Role::Viewer,
            ));
        }
        let urlencoded = Some("application/x-www-form-urlencoded");
        for (path, form, _) in &all {
            let body: Vec<String> =
                form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
            for (kind, headers) in [
                (urlencoded, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")][..]),
                (urlencoded, &[("sec-fetch-site", "same-site"), ("origin", "https://other.example.com")]),
                (urlencoded, &[("sec-fetch-site", "cross-site"), ("origin", suite::OWN_ORIGIN)]),
                (urlencoded, &[("origin", "https://evil.test")]),
                (urlencoded, &[("origin", "null")]),
                (urlencoded, &[("origin", "null"), ("host", "leads.example.com")]),
                (urlencoded, &[]),
                (Some("text/plain"), &[("origin", "https://evil.test")]),
                (Some("multipart/form-data; boundary=x"), &[("origin", "https://evil.test")]),
                (Some("application/json"), &[("origin", "https://evil.test")]),
                (None, &[("origin", "https://evil.test")]),
            ] {
                let mut request = Request::post(path);
                if let Some(kind) = kind {
                    request = request.header(header::CONTENT_TYPE, kind);
                }
                let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
                let answer = owner.send(request.body(Body::from(body.join("&"))).unwrap()).await;
                assert_eq!(answer.status, 403, "{path} {kind:?} {headers:?}: {}", answer.body);
                assert!(!answer.headers.contains_key(header::SET_COOKIE));
            }
        }
        assert_eq!(app.dump().await, before);
        app.finish().await;
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (member, invitation, key) = targets(&app).await;
        let mut owner = joined(&app, "owner@example.com", Role::Owner).await;
        let actor = Actor::Console { account: app.acme.0 };
        let invite = move |tx: &mut Tx<'_>| members::invite(tx, &actor, "new@example.com", Role::Viewer);
        let (_, token) = app.db.write(invite).await.unwrap();
        let before = app.dump().await;
        let forms = forms(&member, &invitation, &key).into_iter().map(|(path, ..)| path);
        let pages = PAGES.iter().map(|(path, _)| (*path).to_owned());
        let link = format!("/join?token={}", token.reveal());
        for path in forms.chain(pages).chain([link, "/sign-in".to_owned(), "/confirm".to_owned()]) {
            for method in [Method::GET, Method::HEAD] {
                let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
                let answer = owner.send(request).await;
                assert!(matches!(answer.status.as_u16(), 200 | 303 | 404 | 405), "{path}: {}", answer.status);
            }
        }
        assert_eq!(app.dump().await, before);
        assert_eq!(owner.get("/account").await.status, 200, "and signs nobody out");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_foreign_accounts_members_keys_and_record_are_not_there() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (member, invitation, key) = targets(&app).await;
        let actor = Actor::Console { account: app.globex.0 };
        let invite = move |tx: &mut Tx<'_>| members::invite(tx, &actor, "eve@example.com", Role::Owner);
        let (_, token) = app.db.write(invite).await.unwrap();
        let mut eve = Browser::at(&app, "203.0.113.5");
        let form = [("token", token.reveal()), ("name", "Eve"), ("password", PASSWORD)];
        assert_eq!(eve.post("/join", &form).await.status, 303);
        for (path, form, _) in forms(&member, &invitation, &key) {
            if [&member, &invitation, &key].iter().any(|id| path.contains(id.as_str())) {
                assert_eq!(eve.post(&path, &form).await.status, 404, "{path}");
            }
        }
        for path in ["/account/members", "/account/keys", "/account/audit"] {
            let page = eve.get(path).await;
            assert!(
                page.status == 200 && !page.body.to_lowercase().contains("target"),
                "{path}: {}",
                page.body
            );
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_key_is_shown_once_works_is_seen_in_use_and_is_revoked() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut admin = joined(&app, "admin@example.com", Role::Admin).await;
        let wrong = admin.post("/account/keys", &[("name", ""), ("scope", "all"), ("days", "x")]).await;
        assert_eq!(wrong.status, 422);
        let made =
            admin.post("/account/keys", &[("name", "CI <b>"), ("scope", "read"), ("days", "30")]).await;
        let start = made.body.find("lpk_").expect("the key is shown");
        let text: String = made.body[start..]
            .chars()
            .take_while(|it| it.is_ascii_alphanumeric() || "-_".contains(*it))
            .collect();
        assert!(made.body.contains("CI &#60;b&#62;") && !made.body.contains("CI <b>"));
        let list = admin.get("/account/keys").await.body;
        assert!(!list.contains(&text));
        let row =
            |list: &str| list.split("<tr>").find(|it| it.contains("CI &#60;b&#62;")).unwrap().to_owned();
        assert!(row(&list).contains(">never<"), "{}", row(&list));
        assert_eq!(app.send_as(&text, "GET", "/webhooks", "").await.status, 200);
        // The use is noted behind everything else.
        let mut tries = 0;
        while row(&admin.get("/account/keys").await.body).contains(">never<") {
            tries += 1;
            assert!(tries < 1_000, "the use was never noted");
            tokio::task::yield_now().await;
        }
        app.clock.advance(std::time::Duration::from_secs(30 * 24 * 3_600));
        assert_eq!(app.send_as(&text, "GET", "/webhooks", "").await.status, 401, "it has expired");
        app.finish().await;
    }
}

#[tokio::test]
async fn what_was_done_is_in_the_record_with_who_and_from_where() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut admin = joined(&app, "admin@example.com", Role::Admin).await;
        admin.post("/account/settings", &[("name", "Acme & Sons"), ("time_zone", "Asia/Kolkata")]).await;
        let webhook = app.webhook("https://crm.example.com/in", serde_json::json!({})).await;
        let id = webhook["id"].as_str().unwrap();
        app.send("PATCH", &format!("/webhooks/{id}"), r#"{"name":"New","max_in_flight":3}"#)
            .await
            .expect(200);
        app.post(&format!("/webhooks/{id}/rotate-secret"), serde_json::Value::Null, 200).await;
        let record = admin.get("/account/audit").await.body;
        for expected in [
            "member.joined",
            "session.began",
            "198.51.100.7",
            "account.changed",
            "name, time zone",
            "webhook.created",
            "webhook.changed",
            "name, max_in_flight",
            "webhook.secret_rotated",
            id,
            "Maya",
            "key.created",
        ] {
            assert!(record.contains(expected), "{expected}: {record}");
        }
        let only = admin.get("/account/audit?action=webhook.changed").await.body;
        assert_eq!(only.matches("<th scope=\"row\"").count(), 1, "{only}");
        assert!(admin.get("/account").await.body.contains("Acme &#38; Sons"));
        app.finish().await;
    }
}
