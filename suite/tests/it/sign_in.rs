//! Coming in: setting up, being invited, signing in and out, passwords, and what keeps guesses off.

use std::time::Duration;

use app::{AppError, Tx, members};
use axum::body::Body;
use domain::{Actor, LinkToken, Role};
use http::Request;
use suite::{Answer, Browser, TestApp, stores};

pub const PASSWORD: &str = "seven green lanterns";
pub const HERE: &str = "198.51.100.7";

/// The path with the token of a link.
fn path(page: &str, token: &LinkToken) -> String {
    format!("{page}?token={}", token.reveal())
}

pub async fn carry_out<T: Send + 'static>(
    app: &TestApp,
    body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
) -> T {
    app.db.write(body).await.expect("the use case succeeds")
}

/// A browser in which a new member of the first account has just joined by invitation.
pub async fn joined<'a>(app: &'a TestApp, email: &str, role: Role) -> Browser<'a> {
    let (actor, address) = (Actor::Console { account: app.acme.0 }, email.to_owned());
    let (_, token) = carry_out(app, move |tx| members::invite(tx, &actor, &address, role)).await;
    let mut browser = Browser::at(app, HERE);
    let form = [("token", token.reveal()), ("name", "Maya"), ("password", PASSWORD)];
    let answer = browser.post("/join", &form).await;
    assert_eq!(Browser::target(&answer), "/");
    browser
}

pub async fn sign_in(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    browser.post("/sign-in", &[("email", email), ("password", password), ("next", "/account")]).await
}

pub fn is_in(answer: &Answer) -> bool {
    answer.status == 303 && Browser::target(answer) == "/account"
}

#[tokio::test]
async fn the_first_owner_comes_by_a_link_that_works_once() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let link = carry_out(&app, members::set_up_link).await.expect("nobody can sign in yet");
        let mut browser = Browser::at(&app, HERE);
        let page = browser.get(&path("/set-up", &link)).await;
        assert!(page.status == 200 && page.body.contains("Set up Leadpost"), "{}", page.body);
        let account = app.acme.0.to_string();
        let form = |password: &'static str, account: &str| {
            let account = account.to_owned();
            let token = link.reveal().to_owned();
            move |name: &str| {
                vec![
                    ("token".to_owned(), token.clone()),
                    ("name".to_owned(), name.to_owned()),
                    ("email".to_owned(), "Omar@Example.com".to_owned()),
                    ("account".to_owned(), account.clone()),
                    ("password".to_owned(), password.to_owned()),
                ]
            }
        };
        for (fields, problem) in [
            (form("password", &account)("Omar"), "tried first"),
            (form("omar12", &account)("Omar"), "at least 8"),
            (form(PASSWORD, &account)(" "), "must not be empty"),
            (form("Omar@Example.com", &account)("Omar"), "too close to your name"),
        ] {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let answer = browser.post("/set-up", &fields).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            assert!(answer.body.contains(problem), "{problem}: {}", answer.body);
        }
        let fields = form(PASSWORD, &account)("Omar");
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(Browser::target(&browser.post("/set-up", &fields).await), "/");
        let profile = browser.get("/account").await;
        assert!(
            profile.body.contains("Omar@example.com") && profile.body.contains("owner"),
            "{}",
            profile.body
        );
        let again = browser.post("/set-up", &fields).await;
        assert_eq!(again.status, 410);
        assert_eq!(browser.get(&path("/set-up", &link)).await.status, 410);
        assert!(carry_out(&app, members::set_up_link).await.is_none());
        app.finish().await;
    }
}

#[tokio::test]
async fn an_invitation_works_once_for_a_week_and_not_when_taken_back() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let actor = Actor::Console { account: app.acme.0 };
        let invite = move |tx: &mut Tx<'_>| members::invite(tx, &actor, "devi@example.com", Role::Viewer);
        let (first, first_token) = carry_out(&app, invite).await;
        let (second, second_token) = carry_out(&app, invite).await;
        let mut browser = Browser::at(&app, HERE);
        assert_ne!(first.id, second.id);
        assert_eq!(browser.get(&path("/join", &first_token)).await.status, 410, "the later one holds");
        let page = browser.get(&path("/join", &second_token)).await;
        assert!(page.body.contains("devi@example.com") && page.body.contains("viewer"), "{}", page.body);
        carry_out(&app, move |tx| members::withdraw_invitation(tx, &actor, second.id)).await;
        assert_eq!(browser.get(&path("/join", &second_token)).await.status, 410);
        let (_, third) = carry_out(&app, invite).await;
        app.clock.advance(Duration::from_secs(7 * 24 * 3_600));
        assert_eq!(browser.get(&path("/join", &third)).await.status, 410);
        for wrong in ["", "x", "lpl_AAAA", third.reveal().replace("lpl_", "lps_").as_str()] {
            assert_eq!(browser.get(&format!("/join?token={wrong}")).await.status, 410, "{wrong}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn signing_in_takes_any_spelling_of_the_address_and_out_ends_the_session() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let first = joined(&app, "Maya@Example.com", Role::Operator).await;
        let mut browser = Browser::at(&app, HERE);
        let asked = browser.get("/account/sessions").await;
        assert_eq!(Browser::target(&asked), "/sign-in?next=%2Faccount%2Fsessions");
        assert!(is_in(&sign_in(&mut browser, " maya@EXAMPLE.com ", PASSWORD).await));
        let sessions = browser.get("/account/sessions").await;
        assert_eq!(sessions.body.matches("this one").count(), 1);
        assert_eq!(sessions.body.matches("<time").count(), 4, "two sessions: {}", sessions.body);
        let token = browser.cookies["leadpost"].clone();
        assert_eq!(Browser::target(&browser.post("/sign-out", &[]).await), "/sign-in?done=out");
        assert!(!browser.cookies.contains_key("leadpost"));
        browser.cookies.insert("leadpost".into(), token);
        assert_eq!(browser.get("/account").await.status, 303, "the old token opens nothing");
        drop(first);
        for next in ["//evil.test", "https://evil.test/", "/\\evil.test", "javascript:alert(1)"] {
            let form = [("email", "maya@example.com"), ("password", PASSWORD), ("next", next)];
            let answer = Browser::at(&app, HERE).post("/sign-in", &form).await;
            assert_eq!(Browser::target(&answer), "/", "{next}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn who_comes_in_where_somebody_is_signed_in_ends_that_session() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut browser = joined(&app, "maya@example.com", Role::Admin).await;
        let mut elsewhere = Browser::at(&app, "203.0.113.9");
        assert!(is_in(&sign_in(&mut elsewhere, "maya@example.com", PASSWORD).await));
        let opens = async |token: &str| {
            let mut other = Browser::at(&app, HERE);
            other.cookies.insert("leadpost".into(), token.into());
            other.get("/account").await.status == 200
        };
        let first = browser.cookies["leadpost"].clone();
        assert_eq!(sign_in(&mut browser, "maya@example.com", "wrong").await.status, 422);
        assert!(opens(&first).await, "whoever does not come in ends nothing");
        assert!(is_in(&sign_in(&mut browser, "maya@example.com", PASSWORD).await));
        let second = browser.cookies["leadpost"].clone();
        assert!(!opens(&first).await && opens(&second).await);

        let actor = Actor::Console { account: app.acme.0 };
        let invite = move |tx: &mut Tx<'_>| members::invite(tx, &actor, "devi@example.com", Role::Viewer);
        let (_, link) = carry_out(&app, invite).await;
        let form = [("token", link.reveal()), ("name", "Devi"), ("password", PASSWORD)];
        assert_eq!(Browser::target(&browser.post("/join", &form).await), "/");
        let third = browser.cookies["leadpost"].clone();
        assert!(!opens(&second).await && opens(&third).await);

        joined(&app, "omar@example.com", Role::Viewer).await;
        let make = move |tx: &mut Tx<'_>| {
            let member = members::find_by_email(tx, "omar@example.com")?.ok_or(AppError::NotFound)?;
            members::reset_link(tx, &actor, member.id)
        };
        let (_, link) = carry_out(&app, make).await;
        let form = [("token", link.reveal()), ("password", "eight yellow umbrellas")];
        assert_eq!(browser.post("/new-password", &form).await.status, 303);
        assert!(!opens(&third).await);

        let record = elsewhere.get("/account/audit?action=session.ended").await;
        assert_eq!(record.status, 200, "a session elsewhere stays");
        assert_eq!(record.body.matches("<th scope=\"row\"").count(), 3, "{}", record.body);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        joined(&app, "maya@example.com", Role::Operator).await;
        let mut answers = Vec::new();
        for email in ["maya@example.com", "nobody@example.com", "no address"] {
            let answer = sign_in(&mut Browser::at(&app, HERE), email, "not the password").await;
            assert_eq!(answer.status, 422);
            answers.push(answer.body.replace(email, "E"));
        }
        assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_thousand_guesses_get_twenty_looks_and_the_owner_still_comes_in() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut owner = joined(&app, "maya@example.com", Role::Owner).await;
        owner.post("/sign-out", &[]).await;
        let mut looked_at = 0;
        for guess in 0..1_000 {
            // Each from a network of its own, so that only the address counts.
            let mut guesser = Browser::at(&app, &format!("10.{}.{}.1", guess / 250, guess % 250));
            let answer = sign_in(&mut guesser, "maya@example.com", &format!("guess {guess}")).await;
            match answer.status.as_u16() {
                422 => looked_at += 1,
                429 => assert!(
                    answer.headers.contains_key("retry-after") && answer.body.contains("Keep waiting")
                ),
                other => panic!("{other}: {}", answer.body),
            }
            app.clock.advance(Duration::from_secs(3));
        }
        assert!((5..=20).contains(&looked_at), "{looked_at} passwords were looked at");
        let mut elsewhere = Browser::at(&app, "203.0.113.9");
        assert_eq!(sign_in(&mut elsewhere, "maya@example.com", PASSWORD).await.status, 429);
        assert!(
            is_in(&sign_in(&mut owner, "maya@example.com", PASSWORD).await),
            "from the browser that is known"
        );
        assert_eq!(elsewhere.get("/account").await.status, 303);
        app.clock.advance(Duration::from_secs(900));
        assert!(
            is_in(&sign_in(&mut elsewhere, "maya@example.com", PASSWORD).await),
            "nobody is kept out for good"
        );
        app.finish().await;
    }
}

#[tokio::test]
async fn guessing_for_many_addresses_from_one_network_is_slowed_down() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut looked_at = 0;
        for guess in 0..100 {
            let mut guesser = Browser::at(&app, &format!("192.0.2.{}", guess % 250));
            let answer = sign_in(&mut guesser, &format!("m{guess}@example.com"), "Tr0ub4dor&3").await;
            looked_at += usize::from(answer.status == 422);
        }
        assert_eq!(looked_at, 10);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_new_password_needs_the_present_one_and_ends_other_sessions() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut here = joined(&app, "maya@example.com", Role::Operator).await;
        let mut there = Browser::at(&app, "203.0.113.9");
        assert!(is_in(&sign_in(&mut there, "maya@example.com", PASSWORD).await));
        let before = here.cookies["leadpost"].clone();
        let new = "eight yellow umbrellas";
        let wrong = here.post("/account/password", &[("current", "wrong"), ("new", new)]).await;
        assert!(wrong.status == 422 && wrong.body.contains("this is not your password"));
        let weak = here.post("/account/password", &[("current", PASSWORD), ("new", "maya@example")]).await;
        assert!(weak.status == 422 && weak.body.contains("too close"), "{}", weak.body);
        let changed = here.post("/account/password", &[("current", PASSWORD), ("new", new)]).await;
        assert_eq!(Browser::target(&changed), "/account?done=password");
        assert_ne!(here.cookies["leadpost"], before, "the session has a new token");
        assert_eq!(here.get("/account").await.status, 200);
        assert_eq!(there.get("/account").await.status, 303);
        let mut old = Browser::at(&app, HERE);
        old.cookies.insert("leadpost".into(), before);
        assert_eq!(old.get("/account").await.status, 303);
        assert_eq!(sign_in(&mut there, "maya@example.com", PASSWORD).await.status, 422);
        assert!(is_in(&sign_in(&mut there, "maya@example.com", new).await));
        app.finish().await;
    }
}

#[tokio::test]
async fn a_link_to_a_new_password_works_once_for_half_an_hour() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut here = joined(&app, "maya@example.com", Role::Operator).await;
        let actor = Actor::Console { account: app.acme.0 };
        let make = move |tx: &mut Tx<'_>| {
            let member = members::find_by_email(tx, "maya@example.com")?.ok_or(AppError::NotFound)?;
            members::reset_link(tx, &actor, member.id)
        };
        let (_, late) = carry_out(&app, make).await;
        app.clock.advance(Duration::from_secs(1_800));
        assert_eq!(here.get(&path("/new-password", &late)).await.status, 410);
        let (_, link) = carry_out(&app, make).await;
        let mut browser = Browser::at(&app, HERE);
        let page = browser.get(&path("/new-password", &link)).await;
        assert!(page.body.contains("maya@example.com"), "{}", page.body);
        let form = [("token", link.reveal()), ("password", "eight yellow umbrellas")];
        let answer = browser.post("/new-password", &form).await;
        assert_eq!(Browser::target(&answer), "/sign-in?done=password");
        assert_eq!(browser.post("/new-password", &form).await.status, 410);
        assert_eq!(here.get("/account").await.status, 303, "every session has ended");
        assert_eq!(sign_in(&mut here, "maya@example.com", PASSWORD).await.status, 422);
        assert!(is_in(&sign_in(&mut here, "maya@example.com", "eight yellow umbrellas").await));
        app.finish().await;
    }
}

#[tokio::test]
async fn what_opens_something_asks_for_the_password_again_after_ten_minutes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut browser = joined(&app, "maya@example.com", Role::Owner).await;
        assert_eq!(browser.get("/account/keys/new").await.status, 200);
        app.clock.advance(Duration::from_secs(600));
        let asked = browser.get("/account/keys/new").await;
        assert_eq!(Browser::target(&asked), "/confirm?next=%2Faccount%2Fkeys%2Fnew");
        let key = [("name", "CI"), ("scope", "read"), ("days", "")];
        let posted = browser.post("/account/keys", &key).await;
        assert_eq!(Browser::target(&posted), "/confirm?next=%2Faccount%2Fkeys%2Fnew");
        let before = browser.cookies["leadpost"].clone();
        let form = |password: &'static str| [("password", password), ("next", "/account/keys/new")];
        assert_eq!(browser.post("/confirm", &form("wrong")).await.status, 422);
        let confirmed = browser.post("/confirm", &form(PASSWORD)).await;
        assert_eq!(Browser::target(&confirmed), "/account/keys/new");
        let mut old = Browser::at(&app, HERE);
        old.cookies.insert("leadpost".into(), before);
        assert_eq!(old.get("/account").await.status, 303, "the token before opens nothing");
        assert_eq!(browser.post("/account/keys", &key).await.status, 200);
        app.finish().await;
    }
}

#[tokio::test]
async fn sessions_end_by_idling_by_age_and_at_once_when_a_member_is_shut_out() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut idle = joined(&app, "maya@example.com", Role::Viewer).await;
        app.clock.advance(Duration::from_secs(12 * 3_600));
        assert_eq!(idle.get("/account").await.status, 303);
        assert!(is_in(&sign_in(&mut idle, "maya@example.com", PASSWORD).await));
        for _ in 0..16 {
            assert_eq!(idle.get("/account").await.status, 200);
            app.clock.advance(Duration::from_secs(11 * 3_600));
        }
        assert_eq!(idle.get("/account").await.status, 303, "a week is the most");
        assert!(is_in(&sign_in(&mut idle, "maya@example.com", PASSWORD).await));
        let actor = Actor::Console { account: app.acme.0 };
        let shut_out = move |tx: &mut Tx<'_>| {
            let member = members::find_by_email(tx, "maya@example.com")?.ok_or(AppError::NotFound)?;
            members::disable(tx, &actor, member.id)
        };
        carry_out(&app, shut_out).await;
        assert_eq!(idle.get("/account").await.status, 303);
        assert_eq!(sign_in(&mut idle, "maya@example.com", PASSWORD).await.status, 422);
        app.finish().await;
    }
}

#[tokio::test]
async fn a_session_alone_gets_no_secret_from_the_api() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let browser = joined(&app, "maya@example.com", Role::Owner).await;
        let cookie = format!("leadpost={}", browser.cookies["leadpost"]);
        let webhook = app.webhook("https://example.com/in", serde_json::json!({})).await;
        let id = webhook["id"].as_str().expect("an id");
        for (method, path, status) in [
            ("GET", "/api/v1/conversations".to_owned(), 200),
            ("POST", format!("/api/v1/webhooks/{id}/rotate-secret"), 401),
            ("DELETE", format!("/api/v1/webhooks/{id}"), 401),
        ] {
            let request = Request::builder().method(method).uri(&path).header("cookie", &cookie);
            let request = request.header("sec-fetch-site", "same-origin").body(Body::empty());
            let answer = app.call(request.expect("a request")).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn a_wrong_password_within_a_session_is_in_the_record() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut browser = joined(&app, "maya@example.com", Role::Admin).await;
        let wrong = browser.post("/confirm", &[("password", "wrong"), ("next", "/")]).await;
        assert_eq!(wrong.status, 422);
        let form = [("current", "wrong"), ("new", "eight yellow umbrellas")];
        assert_eq!(browser.post("/account/password", &form).await.status, 422);
        // Written down behind everything else.
        let (mut tries, mut record) = (0, String::new());
        while record.matches("<th scope=\"row\"").count() < 2 {
            tries += 1;
            assert!(tries < 1_000, "it was never written down: {record}");
            tokio::task::yield_now().await;
            record = browser.get("/account/audit?action=session.refused").await.body;
        }
        assert_eq!((record.matches(HERE).count(), record.matches("ses_").count()), (2, 2), "{record}");
        app.finish().await;
    }
}
