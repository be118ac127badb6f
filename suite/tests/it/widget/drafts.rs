//! Drafts over HTTP: what lets one in is the session of a member in the browser, and nothing that a page can say.

use app::{chatbots, members};
use domain::{Actor, Role};
use http::HeaderValue;

use super::*;

/// A session's cookie of a new member.
async fn cookie(app: &TestApp, account: domain::Id<domain::Account>) -> String {
    let token = app
        .db
        .write(move |tx| members::sample(tx, account, Role::Viewer))
        .await
        .expect("a member can be made")
        .1;
    format!("leadpost={}", token.reveal())
}

#[tokio::test]
async fn a_draft_is_for_the_members_session_in_the_browser_and_on_our_own_pages_alone() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let (bot, account) = (chatbot(&app).await, app.acme.0);
        let flow = r#"{"schema":1,"start":"a","nodes":[{"id":"a","kind":"end","text":"Secret plan","then":"close"}]}"#;
        let update = chatbots::ChatbotUpdate { flow: Some(flow.into()), ..Default::default() };
        let edit =
            move |tx: &mut app::Tx<'_>| chatbots::update(tx, &Actor::Console { account }, bot.id, &update);
        app.db.write(edit).await.unwrap();
        let (own, foreign) = (cookie(&app, account).await, cookie(&app, app.globex.0).await);
        let call = async |verb: &str, origin: &str, cookie: Option<&str>, body: Value| {
            let mut request = request(&bot.public_key, verb, Some(origin), &body);
            if let Some(cookie) = cookie {
                request.headers_mut().insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
            }
            app.call(request).await
        };
        let draft = json!({"preview": true, "draft": true});
        let opened = call("open", suite::OWN_ORIGIN, Some(&own), draft.clone()).await.expect(200);
        assert_eq!(texts(&opened), ["Secret plan"], "on {}", app.engine);
        let token = &opened["token"];
        for verb in ["open", "messages", "updates", "stream", "typing", "end"] {
            let mut body = json!({"preview": true, "draft": true, "token": token, "id": "m", "text": "Hi"});
            for stranger in [None, Some(foreign.as_str()), Some("leadpost=x")] {
                let answer = call(verb, suite::OWN_ORIGIN, stranger, body.clone()).await;
                assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found".into()), "{verb}");
            }
            let answer = call(verb, PAGE, Some(&own), body.clone()).await;
            assert_eq!(answer.status, 403, "{verb}: a page elsewhere");
            // The session alone, without saying that a draft is meant, shows what is published.
            body["draft"] = json!(false);
            if verb == "open" {
                let answer = call(verb, suite::OWN_ORIGIN, Some(&own), body).await.expect(200);
                assert!(!texts(&answer).contains(&"Secret plan"), "{answer}");
            }
        }
        app.finish().await;
    }
}
