//! Whoever is shut out, or may do less than before, from that moment on: no way that they prepared leads back in.

use app::{AppError, Tx, members, sessions};
use domain::{Actor, Role, SessionToken};
use suite::{Answer, Browser, TestApp, stores};

use crate::sign_in::{HERE, PASSWORD, carry_out, is_in, joined, sign_in};

/// The secret of the link that a page shows.
fn shown(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let start = answer.body.find("lpl_").expect("a link is shown");
    let secret = |it: &char| it.is_ascii_alphanumeric() || "-_".contains(*it);
    answer.body[start..].chars().take_while(secret).collect()
}

async fn invite(browser: &mut Browser<'_>, email: &str, role: Role) -> String {
    shown(&browser.post("/account/members", &[("email", email), ("role", role.as_str())]).await)
}

#[tokio::test]
async fn who_is_shut_out_or_may_less_leaves_no_way_in_behind() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let mut omar = joined(&app, "omar@example.com", Role::Owner).await;
        let mut olga = joined(&app, "olga@example.com", Role::Owner).await;
        let mut maya = joined(&app, "maya@example.com", Role::Admin).await;
        joined(&app, "devi@example.com", Role::Viewer).await;
        let id = async |email: &'static str| {
            let found = carry_out(&app, move |tx| members::find_by_email(tx, email)).await;
            found.expect("a member").id
        };
        let (olgas, mayas, devis) =
            (id("olga@example.com").await, id("maya@example.com").await, id("devi@example.com").await);
        let works = async |page: &str, secret: &str| match Browser::at(&app, HERE)
            .get(&format!("{page}?token={secret}"))
            .await
            .status
            .as_u16()
        {
            200 => true,
            410 => false,
            other => panic!("{other}"),
        };
        let omars = invite(&mut omar, "a@example.com", Role::Viewer).await;
        let to_owner = invite(&mut olga, "b@example.com", Role::Owner).await;
        let to_admin = invite(&mut olga, "c@example.com", Role::Admin).await;
        let role = format!("/account/members/{olgas}/role");
        assert_eq!(omar.post(&role, &[("role", "admin")]).await.status, 303);
        assert!(!works("/join", &to_owner).await, "an admin makes no owners");
        assert!(works("/join", &to_admin).await);
        assert_eq!(omar.post(&role, &[("role", "operator")]).await.status, 303);
        assert!(!works("/join", &to_admin).await);

        let to_promoted = shown(&maya.post(&format!("/account/members/{olgas}/password"), &[]).await);
        assert!(works("/new-password", &to_promoted).await);
        assert_eq!(omar.post(&role, &[("role", "owner")]).await.status, 303);
        assert!(!works("/new-password", &to_promoted).await, "an admin gets no owner's password");

        let to_operator = invite(&mut maya, "d@example.com", Role::Operator).await;
        let to_password = shown(&maya.post(&format!("/account/members/{devis}/password"), &[]).await);
        assert!(works("/new-password", &to_password).await);
        assert_eq!(omar.post(&format!("/account/members/{mayas}/disable"), &[]).await.status, 303);
        assert!(!works("/join", &to_operator).await && !works("/new-password", &to_password).await);
        assert!(works("/join", &omars).await, "others' stay");
        let record = omar.get("/account/audit?action=invitation.withdrawn").await.body;
        assert_eq!(record.matches("<th scope=\"row\"").count(), 3, "{record}");

        // A request that began when she was still an admin.
        let before = Actor::Member { account: app.acme.0, member: mayas, role: Role::Admin };
        let late = move |tx: &mut Tx<'_>| members::invite(tx, &before, "e@example.com", Role::Viewer);
        assert!(matches!(app.db.write(late).await, Err(AppError::NotFound)), "{}", app.engine);
        let late = move |tx: &mut Tx<'_>| members::reset_link(tx, &before, devis);
        assert!(matches!(app.db.write(late).await, Err(AppError::NotFound)), "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test]
async fn who_is_shut_out_or_demoted_meanwhile_does_not_come_back_by_another_name() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        joined(&app, "olga@example.com", Role::Owner).await;
        let browser = joined(&app, "maya@example.com", Role::Admin).await;
        let token = SessionToken::parse(&browser.cookies["leadpost"]).expect("a session's token");
        let recognise = move |tx: &mut Tx<'_>| Ok(sessions::recognise(tx, &token)?.expect("signed in"));
        let before = carry_out(&app, recognise).await;
        let (actor, id) = (Actor::Console { account: app.acme.0 }, before.member.id);
        carry_out(&app, move |tx| members::change_role(tx, &actor, id, Role::Viewer)).await;
        let stale = before.clone();
        carry_out(&app, move |tx| members::rename(tx, &stale, "Maja")).await;
        let now = carry_out(&app, move |tx| members::get(tx, &actor, id)).await;
        assert_eq!((now.name.as_str(), now.role), ("Maja", Role::Viewer), "{}", app.engine);

        carry_out(&app, move |tx| members::disable(tx, &actor, id)).await;
        let renamed = app.db.write(move |tx| members::rename(tx, &before, "Maya")).await;
        assert!(matches!(renamed, Err(AppError::NotFound)), "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test]
async fn who_is_shut_out_meanwhile_changes_no_password() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let browser = joined(&app, "maya@example.com", Role::Admin).await;
        let token = SessionToken::parse(&browser.cookies["leadpost"]).expect("a session's token");
        let begin = move |tx: &mut Tx<'_>| {
            let signed = sessions::recognise(tx, &token)?.expect("signed in");
            let candidate = members::confirm_candidate(tx, &signed)?;
            Ok((signed, candidate))
        };
        let (signed, candidate) = carry_out(&app, begin).await;
        let (actor, id) = (Actor::Console { account: app.acme.0 }, signed.member.id);
        carry_out(&app, move |tx| members::disable(tx, &actor, id)).await;
        let change = move |tx: &mut Tx<'_>| members::change_password(tx, &signed, &candidate, "new");
        assert!(matches!(app.db.write(change).await, Err(AppError::NotFound)), "{}", app.engine);
        carry_out(&app, move |tx| members::enable(tx, &actor, id)).await;
        assert!(is_in(&sign_in(&mut Browser::at(&app, HERE), "maya@example.com", PASSWORD).await));
        app.finish().await;
    }
}
