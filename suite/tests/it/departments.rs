//! Departments over the API: those that every account has, and those that it makes.

use serde_json::{Value, json};
use suite::{TestApp, stores};

use crate::webhooks::id;

/// The account's department of that name.
pub async fn named(app: &TestApp, name: &str) -> Value {
    let all = app.get("/departments").await;
    let found = all["items"].as_array().into_iter().flatten().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("no department {name}: {all}")).clone()
}

async fn change(app: &TestApp, department: &Value, body: Value) -> suite::Answer {
    app.send("PATCH", &format!("/departments/{}", id(department)), body.to_string()).await
}

async fn delete(app: &TestApp, department: &Value) -> suite::Answer {
    app.send("DELETE", &format!("/departments/{}", id(department)), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_begins_with_three_that_keep_their_names_and_stay() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for key in [&app.acme.1, &app.globex.1] {
            let all = app.send_as(key, "GET", "/departments", "").await.expect(200);
            let mut names: Vec<_> =
                all["items"].as_array().expect("a list").iter().map(|it| it["name"].as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, [Some("CRM"), Some("Lead Generation"), Some("Sales")]);
            assert!(all["items"].as_array().into_iter().flatten().all(|it| it["built_in"] == true));
        }
        let sales = named(&app, "Sales").await;
        let renamed = change(&app, &sales, json!({"name": "Selling"})).await;
        assert_eq!((renamed.status.as_u16(), renamed.code().as_str()), (422, "invalid"));
        let kept = delete(&app, &sales).await;
        assert_eq!((kept.status.as_u16(), kept.code().as_str()), (409, "built_in"));
        let changed = change(&app, &sales, json!({"disabled": true, "email": "sales@example.com"})).await;
        let changed = changed.expect(200);
        assert_eq!((&changed["disabled"], &changed["email"]), (&json!(true), &json!("sales@example.com")));
        assert_eq!(named(&app, "Sales").await, changed);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_is_made_changed_and_deleted() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let crm = named(&app, "CRM").await;
        let body = json!({"name": " Claims ", "transfer_to": id(&crm), "transfer_after_s": 60});
        let claims = app.post("/departments", body, 201).await;
        assert_eq!((&claims["name"], &claims["built_in"]), (&json!("Claims"), &json!(false)));
        assert_eq!((&claims["transfer_to"], &claims["transfer_after_s"]), (&crm["id"], &json!(60)));

        // What is given is changed, and nothing else.
        let later = change(&app, &claims, json!({"transfer_after_s": 90})).await.expect(200);
        assert_eq!((&later["transfer_to"], &later["transfer_after_s"]), (&crm["id"], &json!(90)));
        let nowhere = change(&app, &claims, json!({"transfer_to": null})).await.expect(200);
        assert_eq!((&nowhere["transfer_to"], &nowhere["transfer_after_s"]), (&Value::Null, &Value::Null));
        for (body, place) in [
            (json!({"transfer_to": id(&crm)}), "/transfer_after_s"),
            (json!({"transfer_after_s": 60}), "/transfer_to"),
            (json!({"transfer_to": id(&claims), "transfer_after_s": 60}), "/transfer_to"),
            (json!({"transfer_to": id(&crm), "transfer_after_s": 9}), "/transfer_after_s"),
        ] {
            let refused = change(&app, &claims, body).await;
            assert_eq!(refused.expect(422)["errors"][0]["pointer"], place);
        }

        // Whoever hands on to it hands on to nobody once it is gone.
        let body = json!({"transfer_to": id(&claims), "transfer_after_s": 60});
        change(&app, &crm, body).await.expect(200);
        assert_eq!(delete(&app, &claims).await.status, 204);
        assert_eq!(delete(&app, &claims).await.status, 404);
        assert_eq!(named(&app, "CRM").await["transfer_to"], Value::Null);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once_however_it_is_written() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let claims = app.post("/departments", json!({"name": "Claims"}), 201).await;
        for taken in ["Sales", " Sales", "Sales\u{3000}"] {
            let body = json!({"name": taken});
            let made = app.send("POST", "/departments", body.to_string()).await;
            let renamed = change(&app, &claims, body).await;
            for refused in [made, renamed] {
                assert_eq!(
                    (refused.status.as_u16(), refused.code().as_str()),
                    (409, "name_taken"),
                    "{taken:?}"
                );
            }
        }
        change(&app, &claims, json!({"name": "Claims "})).await.expect(200);
        assert_eq!(app.get("/departments").await["items"].as_array().map(Vec::len), Some(4));
        app.finish().await;
    }
}
