//! The pages of chatbots, as browsers without scripts use them.

use domain::{Role, Scope};
use http::{StatusCode, header};

use super::*;
use crate::kit::{Answer, Kit};

/// A kit with somebody of that role signed in.
async fn with(role: Role) -> (Kit, String) {
    let kit = Kit::start().await;
    kit.key(Scope::Manage).await;
    let cookie = kit.member(role).await;
    (kit, cookie)
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

/// Makes a chatbot by its form; the path of its pages.
async fn made(kit: &Kit, cookie: &str, name: &str, template: &str) -> String {
    let form = [("name", name), ("template", template)];
    let at = location(&kit.submit(cookie, "/chatbots/new", &form).await);
    at.split('?').next().unwrap().to_owned()
}

async fn shown(kit: &Kit, cookie: &str, path: &str) -> String {
    let answer = kit.page(cookie, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

async fn public_key(kit: &Kit, cookie: &str, bot: &str) -> String {
    let page = shown(kit, cookie, bot).await;
    page.split("<code>pk_").nth(1).map(|rest| format!("pk_{}", rest.split('<').next().unwrap())).unwrap()
}

#[tokio::test]
async fn a_chatbot_goes_from_nothing_to_published_and_deleted() {
    let (kit, admin) = with(Role::Admin).await;
    assert!(shown(&kit, &admin, "/chatbots").await.contains("No chatbot yet"));
    let new = shown(&kit, &admin, "/chatbots/new").await;
    for template in templates() {
        assert!(new.contains(template.name) && new.contains(&format!("value=\"{}\"", template.key)));
    }
    assert!(new.contains("class=\"chart chart-outline\""));

    let bot = made(&kit, &admin, "Mia", "saas-demo").await;
    let page = shown(&kit, &admin, &format!("{bot}?done=created")).await;
    assert!(page.contains("not published") && page.contains("The chatbot is made."));
    assert!(shown(&kit, &admin, &format!("{bot}/publish")).await.contains("This is the first version"));
    let answer = kit.submit(&admin, &format!("{bot}/publish"), &[]).await;
    assert_eq!(location(&answer), format!("{bot}?done=published"));
    let page = shown(&kit, &admin, &bot).await;
    assert!(page.contains("published · version 1") && !page.contains("draft is newer"));
    assert!(shown(&kit, &admin, &format!("{bot}/publish")).await.contains("is published already"));

    let renamed = kit.submit(&admin, &format!("{bot}/name"), &[("name", "Zoë <b>")]).await;
    assert_eq!(location(&renamed), format!("{bot}?done=renamed"));
    let empty = kit.submit(&admin, &format!("{bot}/name"), &[("name", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("aria-describedby=\"name-problem\""));
    let list = shown(&kit, &admin, "/chatbots").await;
    assert!(list.contains("Zoë &#60;b&#62;") && list.contains("not seen on a page yet"));

    assert!(shown(&kit, &admin, &format!("{bot}/delete")).await.contains("cannot be brought back"));
    assert_eq!(location(&kit.submit(&admin, &format!("{bot}/delete"), &[]).await), "/chatbots?done=deleted");
    assert_eq!(kit.page(&admin, &bot).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_name_is_told_beside_its_field_and_what_was_typed_stays() {
    let (kit, admin) = with(Role::Admin).await;
    let long = "x".repeat(201);
    let answer = kit.submit(&admin, "/chatbots/new", &[("name", &long), ("template", "car-quote")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains(&long) && answer.body.contains("id=\"name-problem\""));
    assert!(answer.body.contains("value=\"car-quote\" checked"));
}

#[tokio::test]
async fn a_step_is_added_filled_in_moved_copied_and_taken_out() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let flow = format!("{bot}/flow");
    let form = [("kind", "ask"), ("after", "hello")];
    let step = location(&kit.submit(&admin, &format!("{flow}/new"), &form).await);
    assert_eq!(step, format!("{flow}/step/ask"));

    // A draft may be wrong, and says where: in the list, in words, and beside the field.
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.contains("What is wrong") && page.contains("href=\"#node-ask\""), "{page}");
    let page = shown(&kit, &admin, &step).await;
    assert!(page.contains("id=\"var-problem\"") && page.contains("data-when=\"type=number date\""));

    let filled = [
        ("id", "mail"),
        ("type", "email"),
        ("text", "Your e-mail?"),
        ("var", "email"),
        ("next", "bye"),
        ("attempts", "2"),
        ("errors", "No.\nStill no."),
        ("optional", "true"),
        // What belongs to another type is left out.
        ("pattern", "x"),
    ];
    let saved = location(&kit.submit(&admin, &step, &filled).await);
    assert_eq!(saved, format!("{flow}?done=saved&at=mail#node-mail"));
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.contains("The draft makes sense") && page.contains("Your e-mail?"));
    assert!(page.contains("id=\"node-mail\"") && !page.contains("id=\"node-ask\""), "the way to it follows");
    let json = shown(&kit, &admin, &format!("{flow}/export")).await;
    assert!(json.contains("\"errors\":[\"No.\",\"Still no.\"],\"attempts\":2,\"optional\":true"), "{json}");
    assert!(!json.contains("pattern"));

    let step = format!("{flow}/step/mail");
    let wrong = kit.submit(&admin, &step, &[("id", "mail"), ("attempts", "few"), ("text", "kept")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("must be a whole number") && wrong.body.contains("kept"));
    let taken = kit.submit(&admin, &step, &[("id", "bye"), ("type", "email")]).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.body.contains("id=\"id-problem\">another step is called bye"), "{}", taken.body);

    assert!(location(&kit.submit(&admin, &format!("{step}/move"), &[("by", "up")]).await).contains("moved"));
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.find("id=\"node-mail\"") < page.find("id=\"node-hello\""));
    let copied = location(&kit.submit(&admin, &format!("{step}/duplicate"), &[]).await);
    assert!(copied.contains("at=mail-copy"), "{copied}");
    assert!(
        shown(&kit, &admin, &format!("{flow}/step/mail-copy/delete")).await.contains("Nothing leads to it")
    );

    let asked = shown(&kit, &admin, &format!("{step}/delete")).await;
    assert!(asked.contains("<code>hello</code>") && asked.contains("value=\"bye\" selected"));
    location(&kit.submit(&admin, &format!("{step}/delete"), &[("instead", "bye")]).await);
    location(&kit.submit(&admin, &format!("{flow}/step/mail-copy/delete"), &[]).await);
    assert!(shown(&kit, &admin, &flow).await.contains("The draft makes sense"));
    assert_eq!(kit.page(&admin, &step).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_step_of_every_template_has_a_form_and_saving_it_changes_nothing() {
    let (kit, admin) = with(Role::Admin).await;
    for template in templates() {
        let bot = made(&kit, &admin, "Mia", template.key).await;
        location(&kit.submit(&admin, &format!("{bot}/publish"), &[]).await);
        let draft = domain::flow::draft::Draft::read(template.text).unwrap();
        for step in draft.steps() {
            let id = domain::flow::draft::text_of(step, "id");
            let page = shown(&kit, &admin, &format!("{bot}/flow/step/{id}")).await;
            assert!(page.contains("data-check="), "{id}");
        }
        assert!(!shown(&kit, &admin, &bot).await.contains("draft is newer"));
    }
}

#[tokio::test]
async fn what_is_typed_is_checked_and_nothing_is_saved_by_it() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let check = format!("{bot}/flow/check");
    let before = shown(&kit, &admin, &format!("{bot}/flow/export")).await;
    let form = [("id", "hello"), ("text", ""), ("next", "gone")];
    let answer = kit.submit(&admin, &format!("{check}?step=hello"), &form).await.json();
    let pointers: Vec<&str> =
        answer["problems"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    assert!(pointers.contains(&"text") && pointers.contains(&"next"), "{answer}");
    assert_eq!(shown(&kit, &admin, &format!("{bot}/flow/export")).await, before);

    let broken = kit.submit(&admin, &check, &[("flow", "{\n\"schema\": 1,\n oops")]).await.json();
    assert!(broken["problems"][0]["message"].as_str().unwrap().contains("line 3"), "{broken}");
    let text = "{\"schema\":1,\"start\":\"a\",\"nodes\":[\n{\"id\":\"a\",\"kind\":\"end\",\"then\":\"close\"},\n{\"id\":\"b\",\"kind\":\"end\",\"then\":\"close\"}]}";
    let lost = kit.submit(&admin, &check, &[("flow", text)]).await.json();
    assert_eq!(lost["problems"][0]["line"], 3, "{lost}");
}

#[tokio::test]
async fn a_draft_that_is_wrong_is_kept_and_publishing_says_what_is_wrong() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let json = format!("{bot}/flow/json");
    let refused = kit.submit(&admin, &json, &[("flow", "[1]")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("must be a JSON object") && refused.body.contains("[1]"));

    location(&kit.submit(&admin, &json, &[("flow", r#"{"schema":1,"nodes":"none"}"#)]).await);
    let page = shown(&kit, &admin, &format!("{bot}/flow")).await;
    assert!(page.contains("no list of steps") && page.contains("/flow/json"));
    let publish = format!("{bot}/publish");
    assert!(shown(&kit, &admin, &publish).await.contains("cannot be published yet"));
    let answer = kit.submit(&admin, &publish, &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);

    let unknown = r#"{"schema":1,"start":"h","nodes":[{"id":"h","kind":"handover","department":"Nobody","offline":"e"},
        {"id":"e","kind":"end","then":"close"}]}"#;
    location(&kit.submit(&admin, &json, &[("flow", unknown)]).await);
    let page = shown(&kit, &admin, &format!("{bot}/flow")).await;
    assert!(page.contains("there is no department"), "departments count, too");
    assert!(shown(&kit, &admin, &format!("{bot}/flow/step/h")).await.contains("id=\"department-problem\""));
}

#[tokio::test]
async fn versions_say_what_changed_and_come_back_as_the_draft() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let first = shown(&kit, &admin, &format!("{bot}/flow/export")).await;
    location(&kit.submit(&admin, &format!("{bot}/publish"), &[]).await);
    let said = [("id", "hello"), ("text", "Welcome back"), ("next", "bye")];
    location(&kit.submit(&admin, &format!("{bot}/flow/step/hello"), &said).await);
    assert!(shown(&kit, &admin, &bot).await.contains("draft is newer"));
    assert!(shown(&kit, &admin, &format!("{bot}/publish")).await.contains("Changed: hello"));
    location(&kit.submit(&admin, &format!("{bot}/publish"), &[]).await);
    let list = shown(&kit, &admin, &format!("{bot}/versions")).await;
    assert!(list.contains("Changed: hello") && list.contains("The first version"));
    let old = shown(&kit, &admin, &format!("{bot}/versions/1")).await;
    assert!(old.contains("Changed: hello") && old.contains("Restore version 1"));
    location(&kit.submit(&admin, &format!("{bot}/versions/1/restore"), &[]).await);
    assert_eq!(shown(&kit, &admin, &format!("{bot}/flow/export")).await, first);
    assert_eq!(kit.page(&admin, &format!("{bot}/versions/9")).await.status, StatusCode::NOT_FOUND);
}

/// What the widget on a page of that origin gets for opening.
async fn open(kit: &Kit, key: &str, origin: &str) -> Answer {
    let request = http::Request::post(format!("/w/{key}/open"))
        .header(header::CONTENT_TYPE, "text/plain")
        .header(header::ORIGIN, origin);
    kit.call(request.body(axum::body::Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn pages_that_call_are_seen_and_those_kept_out_can_be_let_in() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    location(&kit.submit(&admin, &format!("{bot}/publish"), &[]).await);
    let install = format!("{bot}/install");
    let settings = [
        ("allowed_origins", "https://www.example.com\n\n"),
        ("time_zone", "Asia/Kolkata"),
        ("color", "#767676"),
    ];
    location(&kit.submit(&admin, &install, &settings).await);
    let key = public_key(&kit, &admin, &bot).await;
    let page = shown(&kit, &admin, &install).await;
    assert!(
        page.contains(&format!("data-bot=&#34;{key}&#34;")) || page.contains(&format!("data-bot=\"{key}\""))
    );
    assert!(page.contains("Not seen on a page yet") && page.contains("4.5 to 1, which is enough"));

    assert_eq!(open(&kit, &key, "https://www.example.com").await.status, StatusCode::OK);
    assert_eq!(open(&kit, &key, "https://evil.example").await.status, StatusCode::FORBIDDEN);
    let page = shown(&kit, &admin, &install).await;
    assert!(page.contains("on <b class=\"wide\">https://www.example.com</b>"), "{page}");
    assert!(page.contains("https://evil.example</b> tried") && page.contains("Kept out"));
    assert!(
        shown(&kit, &admin, "/chatbots")
            .await
            .contains("seen on <span class=\"wide\">https://www.example.com")
    );

    let allow = [("origin", "https://evil.example")];
    location(&kit.submit(&admin, &format!("{install}/allow"), &allow).await);
    assert!(!shown(&kit, &admin, &install).await.contains("Kept out"));
    assert_eq!(open(&kit, &key, "https://evil.example").await.status, StatusCode::OK);
}

#[tokio::test]
async fn so_many_pages_are_remembered_and_no_more() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let key = public_key(&kit, &admin, &bot).await;
    for number in 0..30 {
        kit.clock.advance_millis(1_000);
        let (key, origin) = (key.clone(), format!("https://{number}.example"));
        let seen = move |tx: &mut Tx<'_>| sightings::record(tx, &key, &origin);
        kit.db.write(seen).await.unwrap();
    }
    let page = shown(&kit, &admin, &format!("{bot}/install")).await;
    assert_eq!(page.matches("not allowed</span>").count(), 20);
    assert!(page.contains("https://29.example") && !page.contains("https://9.example"));
}

#[tokio::test]
async fn wrong_settings_are_all_told_and_what_was_typed_stays() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let install = format!("{bot}/install");
    let form = [("allowed_origins", "https://ok.example\nexample.com\nhttps://a/b"), ("color", "red")];
    let answer = kit.submit(&admin, &install, &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("example.com: must be an origin")
            && answer.body.contains("https://a/b: must be")
    );
    let form = [("allowed_origins", ""), ("color", "red"), ("region", "XX"), ("time_zone", "Mars")];
    let answer = kit.submit(&admin, &install, &form).await;
    for problem in ["color-problem", "region-problem", "time_zone-problem"] {
        assert!(answer.body.contains(&format!("id=\"{problem}\"")), "{problem}");
    }
    assert!(answer.body.contains("value=\"Mars\""));
}

#[tokio::test]
async fn viewers_look_and_change_nothing() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "travel-desk").await;
    let viewer = kit.member(Role::Viewer).await;
    for path in [
        "/chatbots",
        &bot,
        &format!("{bot}/flow"),
        &format!("{bot}/flow/json"),
        &format!("{bot}/versions"),
        &format!("{bot}/install"),
    ] {
        let page = shown(&kit, &viewer, path).await;
        assert!(
            !page.contains("New chatbot") && !page.contains("Publish…") && !page.contains("data-check"),
            "{path}"
        );
        assert!(!page.contains("/delete\"") && !page.contains(">Save<"), "{path}");
    }
    for path in [
        "/chatbots/new",
        &format!("{bot}/publish"),
        &format!("{bot}/delete"),
        &format!("{bot}/flow/step/t01"),
    ] {
        assert_eq!(kit.page(&viewer, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in [
        "/name",
        "/publish",
        "/delete",
        "/install",
        "/install/allow",
        "/flow",
        "/flow/json",
        "/flow/check",
        "/flow/new",
        "/flow/step/t01",
        "/flow/step/t01/move",
        "/flow/step/t01/duplicate",
        "/flow/step/t01/delete",
        "/versions/1/restore",
    ] {
        let answer = kit.submit(&viewer, &format!("{bot}{path}"), &[("name", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_new_chatbot_goes_by_the_clock_of_its_account() {
    let (kit, admin) = with(Role::Admin).await;
    let form = [("name", "Acme"), ("time_zone", "Asia/Kolkata")];
    location(&kit.submit(&admin, "/account/settings", &form).await);
    let bot = made(&kit, &admin, "Mia", "saas-demo").await;
    assert!(shown(&kit, &admin, &format!("{bot}/install")).await.contains("value=\"Asia/Kolkata\""));
}

#[tokio::test]
async fn another_accounts_chatbot_is_not_there() {
    let (kit, _) = with(Role::Admin).await;
    let make = |tx: &mut Tx<'_>| {
        let other = app::accounts::create(tx, "Other")?;
        let actor = Actor::Console { account: other.id };
        let new = NewChatbot { name: "Theirs".to_owned(), ..NewChatbot::default() };
        Ok::<_, AppError>(chatbots::create(tx, &actor, &new)?.id)
    };
    let admin = kit.member(Role::Admin).await;
    let id = kit.db.write(make).await.unwrap();
    assert!(!shown(&kit, &admin, "/chatbots").await.contains("Theirs"));
    for rest in [
        "",
        "/flow",
        "/flow/json",
        "/flow/export",
        "/versions",
        "/install",
        "/publish",
        "/delete",
        "/flow/new",
    ] {
        let answer = kit.page(&admin, &format!("/chatbots/{id}{rest}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}");
    }
    for rest in [
        "/name",
        "/publish",
        "/delete",
        "/install",
        "/install/allow",
        "/flow",
        "/flow/json",
        "/flow/new",
        "/versions/1/restore",
    ] {
        let form = [("name", "x"), ("flow", "{}"), ("kind", "message"), ("origin", "https://a.example")];
        let answer = kit.submit(&admin, &format!("/chatbots/{id}{rest}"), &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}: {}", answer.body);
    }
    assert_eq!(kit.page(&admin, "/chatbots/bot_nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_live_preview_is_the_real_widget_with_the_draft_and_says_so_if_that_makes_no_sense() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let (flow, key) = (format!("{bot}/flow?preview"), public_key(&kit, &admin, &bot).await);
    let tag = |kind: &str| {
        format!(
            "<script src=\"/widget.js\" data-bot=\"{key}\" data-preview{kind} data-open data-position=\"right\" async>"
        )
    };
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.contains(&tag(" data-draft")) && page.contains("members of this account alone"));
    let published = shown(&kit, &admin, &format!("{flow}=published")).await;
    assert!(published.contains(&tag(" data-draft")), "nothing is published yet");
    location(&kit.submit(&admin, &format!("{bot}/publish"), &[]).await);
    assert!(shown(&kit, &admin, &flow).await.contains("talks as the draft, which is what is published"));

    let gone = [("start", "gone")];
    location(&kit.submit(&admin, &format!("{bot}/flow"), &gone).await);
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.contains("The draft cannot be tried") && !page.contains("/widget.js"));
    assert!(page.contains(&format!("{flow}=published")), "the published one is offered");
    let published = shown(&kit, &admin, &format!("{flow}=published")).await;
    assert!(published.contains(&tag("")) && published.contains("talks as version 1"));
    location(&kit.submit(&admin, &format!("{bot}/flow/json"), &[("flow", r#"{"nodes":0}"#)]).await);
    let page = shown(&kit, &admin, &flow).await;
    assert!(page.contains("The draft cannot be tried") && !page.contains("/widget.js"));
}

#[tokio::test]
async fn a_step_that_is_not_there_is_named_and_nothing_else_is_done_in_its_place() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let before = shown(&kit, &admin, &format!("{bot}/flow/export")).await;
    let page = shown(&kit, &admin, &format!("{bot}/flow?at=g%3Cb%3E")).await;
    assert!(page.contains("There is no step <code>g&#60;b&#62;</code>"), "{page}");
    for here in ["?at=hello", "?at=", ""] {
        assert!(!shown(&kit, &admin, &format!("{bot}/flow{here}")).await.contains("There is no step"));
    }
    let check = format!("{bot}/flow/check?step=gone");
    let answer = kit.submit(&admin, &check, &[("id", "gone"), ("text", "x")]).await.json();
    assert_eq!(answer["problems"][0]["message"], "this step was deleted meanwhile", "{answer}");

    let added = kit.submit(&admin, &format!("{bot}/flow/new"), &[("kind", "jump"), ("after", "gone")]).await;
    assert_eq!(added.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(added.body.contains("there is no step &#34;gone&#34; any more"), "{}", added.body);
    for rest in ["move", "delete", "duplicate"] {
        let path = format!("{bot}/flow/step/gone/{rest}");
        let answer = kit.submit(&admin, &path, &[("by", "up"), ("instead", "bye")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{rest}");
    }
    let saved = kit.submit(&admin, &format!("{bot}/flow/step/gone"), &[("id", "gone")]).await;
    assert_eq!(saved.status, StatusCode::NOT_FOUND);
    for path in ["/flow/step/gone", "/flow/step/gone/delete", "/flow/step/%00"] {
        assert_eq!(kit.page(&admin, &format!("{bot}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(shown(&kit, &admin, &format!("{bot}/flow/export")).await, before);
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_words_of_the_pages() {
    let (kit, admin) = with(Role::Admin).await;
    let bot = made(&kit, &admin, "Mia", "empty").await;
    let text = r#"{"schema":1,"start":"a","prefill":["1x","who","who"],"nodes":[
        {"id":"a","kind":"message","text":"Hello {{node}} and {{ Ann }}","next":""},
        {"id":"a","kind":"end","then":"close"},
        {"id":"q","kind":"ask","type":"text","text":"?","var":"x"},
        {"id":"y","kind":"ask","type":"confirm","text":"?"},
        {"id":"c","kind":"choice","text":"?","options":[{"value":"A"}]},
        {"id":"b","kind":"condition","branches":[{"all":[],"next":"gone"}],"default":"b"},
        {"id":"h","kind":"handover","department":"node","offline":"a"},
        {"id":"r","kind":"message","text":"Again","next":"r"}]}"#;
    location(&kit.submit(&admin, &format!("{bot}/flow/json"), &[("flow", text)]).await);
    let main = |page: &str| page.split_once("<main").unwrap().1.to_owned();
    let flow = main(&shown(&kit, &admin, &format!("{bot}/flow")).await);
    let publish = main(&shown(&kit, &admin, &format!("{bot}/publish")).await);
    let form = [("id", "a"), ("text", "Hello {{node}}"), ("next", "gone")];
    let check = format!("{bot}/flow/check?step=a");
    let checked = kit.submit(&admin, &check, &form).await.body;
    let step = main(&shown(&kit, &admin, &format!("{bot}/flow/step/a")).await);
    for (page, said) in [(&flow, "choose a step"), (&step, "choose a step"), (&checked, "no step “gone”")]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    for page in [&flow, &publish, &step, &checked] {
        assert!(page.contains("no step gives a value to “node”"), "{page}");
        assert!(!page.contains('`') && !page.contains("no node"), "{page}");
    }
    assert!(flow.contains("another step has the id “a” too"), "{flow}");
}
