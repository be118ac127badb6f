//! The pages of webhooks as members of every role get them.

use app::{Tx, accounts, deliveries, webhooks};
use domain::{Actor, AttemptKind, Delivery, Id, Outcome, Phases, Response, Role, Scope, Webhook};
use http::{StatusCode, header};

use crate::{
    kit::{Answer, Kit},
    pages::shell::Place,
};

const BASE: &str = Place::Webhooks.path();
/// A name that turns its direction, hides and would be markup.
const LONG: &str = "שיווק\u{202e}<script>alert(1)</script>👩‍💻 & \"quotes\" ";

fn path(answer: &str) -> String {
    format!("{BASE}{answer}")
}

/// Makes a webhook by the form, and answers its id.
async fn made(kit: &Kit, cookie: &str, name: &str) -> String {
    let form = [
        ("name", name),
        ("url", "https://crm.example.com/hook"),
        ("event_type", "Contact Information"),
        ("event_type", "Chat Transcript"),
        ("body", "documented"),
        ("ordering", "none"),
        ("retry", "3d"),
    ];
    let answer = kit.submit(cookie, &path("/new"), &form).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    assert!(answer.body.contains("whsec_") && answer.body.contains("Send test"));
    id_in(&answer.body)
}

fn id_in(page: &str) -> String {
    let (_, rest) = page.split_once("/webhooks/wh_").unwrap();
    format!("wh_{}", &rest[..32])
}

/// Posts an event and answers the delivery of the only webhook.
async fn delivered(kit: &Kit, cookie: &str, webhook: &str) -> String {
    let key = kit.key(Scope::Ingest).await;
    let event =
        r#"{"type":"Contact Information","data":{"name":"Ann <b>","email":"ann@example.com","phone":null}}"#;
    assert_eq!(kit.send(&key, "POST", "/api/v1/events", event).await.status, StatusCode::ACCEPTED);
    let list = kit.page(cookie, &path(&format!("/{webhook}/deliveries"))).await.body;
    let (_, rest) = list.split_once("/deliveries/dlv_").unwrap();
    format!("dlv_{}", &rest[..32])
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn the_list_is_where_the_path_says_and_asks_for_a_member() {
    let kit = Kit::start().await;
    let answer = kit.page("", BASE).await;
    assert_eq!(location(&answer), format!("/sign-in?next={}", BASE.replace('/', "%2F")));

    let viewer = kit.member(Role::Viewer).await;
    let answer = kit.page(&viewer, BASE).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(
        answer.body.contains(
            "<title>Webhooks · Conversation Configuration · Settings · Analytics · Leadpost</title>"
        )
    );
    assert!(answer.body.contains("No webhook yet") && !answer.body.contains(">NEW WEBHOOK<"));
    let admin = kit.member(Role::Admin).await;
    assert!(kit.page(&admin, BASE).await.body.contains(">NEW WEBHOOK<"));
}

#[tokio::test]
async fn the_window_asks_for_name_url_and_event_in_this_order_and_keeps_what_was_typed() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let page = kit.page(&admin, &path("/new")).await.body;
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not there"));
    let order =
        [">Name<", ">URL<", ">Event<", "Contact Information", "Chat Transcript", ">More<", ">Advanced<"];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{page}");
    assert!(place(">More<") < place("Webhook Notice") && place("Webhook Notice") < place(">Advanced<"));

    let form = [
        ("name", LONG),
        ("url", "https://127.0.0.1/x"),
        ("headers", "no colon"),
        ("max_in_flight", "lots"),
        ("body", "exact"),
        ("ordering", "none"),
        ("retry", "3d"),
    ];
    let answer = kit.submit(&admin, &path("/new"), &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("must be lines such as") && answer.body.contains("must be a whole number"));
    assert!(answer.body.contains("no colon") && answer.body.contains("value=\"lots\""));
    assert!(!answer.body.contains("<script>alert"));
    assert!(answer.body.contains("id=\"advanced\" open"));

    let form = [
        ("name", ""),
        ("url", "https://127.0.0.1/x"),
        ("body", "exact"),
        ("ordering", "none"),
        ("retry", "3d"),
    ];
    let answer = kit.submit(&admin, &path("/new"), &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for id in ["name-problem", "url-problem", "types-problem"] {
        assert!(answer.body.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(kit.page(&admin, BASE).await.body.contains("No webhook yet"));
}

#[tokio::test]
async fn a_url_is_judged_while_it_is_typed() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    for (url, kind, said) in [
        ("https://crm.example.com/", "ok", "may call"),
        ("https://nowhere.example.com/", "warning", "does not resolve"),
        ("http://crm.example.com/", "refused", "egress.allow_http"),
        ("https://10.0.0.1/", "refused", "egress.allow_networks"),
    ] {
        let url: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        let verdict = kit.page(&admin, &path(&format!("/new/verdict?url={url}"))).await.json();
        assert_eq!(verdict["kind"], kind);
        assert!(verdict["text"].as_str().unwrap().contains(said), "{verdict}");
    }
    let viewer = kit.member(Role::Viewer).await;
    assert_eq!(kit.page(&viewer, &path("/new/verdict?url=x")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_webhook_is_shown_edited_paused_resumed_disabled_and_deleted() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, LONG).await;
    let one = path(&format!("/{id}"));
    let list = kit.page(&admin, BASE).await.body;
    assert!(list.contains("⟨U+202E⟩") && !list.contains("<script>alert"), "{list}");
    for (below, said) in
        [("", "Send test"), ("/edit", "Edit webhook"), ("/test", "Send a test"), ("/recover", "Count first")]
    {
        let page = kit.page(&admin, &format!("{one}{below}")).await;
        assert_eq!(page.status, StatusCode::OK, "{below}: {}", page.body);
        assert!(page.body.contains(said), "{below}");
    }

    let key = ("headers", "Authorization: Bearer secret-1");
    let form = [
        ("name", "CRM"),
        ("url", "https://crm.example.com/hook"),
        ("event_type", "Webhook Notice"),
        ("body", "extended"),
        ("ordering", "conversation"),
        ("max_in_flight", "3"),
        ("rate_per_second", "5"),
        ("retry", "10min"),
        key,
    ];
    let answer = kit.submit(&admin, &format!("{one}/edit"), &form).await;
    assert_eq!(location(&answer), format!("{one}?done=saved"));
    let edit = kit.page(&admin, &format!("{one}/edit")).await.body;
    assert!(edit.contains("Authorization: ***") && !edit.contains("secret-1"));
    let form: Vec<_> =
        form.into_iter().filter(|it| it.0 != "headers").chain([("headers", "Authorization: ***")]).collect();
    location(&kit.submit(&admin, &format!("{one}/edit"), &form).await);
    let id: Id<Webhook> = id.parse().unwrap();
    let kept = read(&kit, move |tx, actor| webhooks::get(tx, actor, id)).await;
    assert_eq!(kept.headers, [("Authorization".to_owned(), "Bearer secret-1".to_owned())]);
    assert_eq!((kept.max_in_flight, kept.rate_per_second, kept.name.as_str()), (3, Some(5), "CRM"));

    for (to, done, state) in
        [("pause", "paused", "paused"), ("resume", "resumed", "active"), ("disable", "disabled", "disabled")]
    {
        let answer = kit.submit(&admin, &format!("{one}/{to}"), &[]).await;
        assert_eq!(location(&answer), format!("{one}?done={done}"));
        let page = kit.page(&admin, &format!("{one}?done={done}")).await.body;
        assert!(page.contains(&format!(">{state}</span>")) && page.contains("class=\"said\""), "{page}");
        let listed = kit.page(&admin, &path(&format!("?state={state}"))).await.body;
        assert!(listed.contains(">CRM<"), "{state}");
    }
    assert!(!kit.page(&admin, &path("?state=held")).await.body.contains(">CRM<"));
    assert!(kit.page(&admin, &format!("{one}/delete")).await.body.contains("stays until retention"));
    assert!(kit.page(&admin, &one).await.body.contains("Settings"), "asking deletes nothing");
    assert_eq!(
        location(&kit.submit(&admin, &format!("{one}/delete"), &[]).await),
        format!("{BASE}?done=deleted")
    );
    assert_eq!(location(&kit.page(&admin, &one).await), format!("{one}/deliveries"));
    assert!(kit.page(&admin, &path("?state=deleted")).await.body.contains(">CRM<"));
}

async fn read<T: Send + 'static>(
    kit: &Kit,
    body: impl Fn(&mut Tx<'_>, &Actor) -> Result<T, app::AppError> + Send + 'static,
) -> T {
    let read = move |tx: &mut Tx<'_>| {
        let account = accounts::resolve(tx, None, true)?.id;
        body(tx, &Actor::Console { account })
    };
    kit.db.write(read).await.unwrap()
}

#[tokio::test]
async fn a_test_shows_its_answer_and_a_viewer_sees_no_payload_answer_or_button() {
    let kit = Kit::start().await;
    let (admin, viewer) = (kit.member(Role::Admin).await, kit.member(Role::Viewer).await);
    let id = made(&kit, &admin, "CRM").await;
    let answer = kit.submit(&admin, &path(&format!("/{id}/test")), &[]).await;
    let sent = location(&answer).to_owned();
    let page = kit.page(&admin, &sent).await.body;
    for said in [
        "The receiver took the event (status 200)",
        "thanks",
        "John Carter",
        "Send another test",
        "webhook-id",
    ] {
        assert!(page.contains(said), "{said} is missing: {page}");
    }
    let page = kit.page(&viewer, &sent).await.body;
    assert!(page.contains("The receiver took the event"));
    for hidden in ["thanks", "John Carter", "Send another test", "Resend"] {
        assert!(!page.contains(hidden), "{hidden} is shown to a viewer");
    }
    let one = kit.page(&viewer, &path(&format!("/{id}"))).await.body;
    for hidden in ["Send test", ">Pause<", "Delete…", "Secret and snippets", "Recover<"] {
        assert!(!one.contains(hidden), "{hidden} is shown to a viewer");
    }
    for to in ["pause", "resume", "disable", "delete", "test", "edit", "secret", "secret/rotate", "recover"] {
        let answer = kit.submit(&viewer, &path(&format!("/{id}/{to}")), &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{to}");
    }
}

#[tokio::test]
async fn deliveries_are_listed_filtered_and_sent_again() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, "CRM").await;
    let list = path(&format!("/{id}/deliveries"));
    assert!(kit.page(&admin, &list).await.body.contains("Nothing was planned"));
    let delivery = delivered(&kit, &admin, &id).await;
    let page = kit.page(&admin, &path(&format!("/deliveries/{delivery}"))).await.body;
    assert!(page.contains("Ann &#60;b&#62;") || page.contains("Ann &lt;b&gt;"), "{page}");
    assert!(page.contains("It is pending: it will be tried"), "{page}");

    for (query, there) in [
        ("?state=pending", true),
        ("?state=delivered", false),
        ("?type=Chat+Transcript", false),
        ("?type=Contact+Information&time=1h", true),
    ] {
        let page = kit.page(&admin, &format!("{list}{query}")).await.body;
        assert_eq!(page.contains(&delivery), there, "{query}");
    }
    assert_eq!(
        location(&kit.page(&admin, &format!("{list}?q={delivery}")).await),
        path(&format!("/deliveries/{delivery}"))
    );
    let answer = kit.page(&admin, &format!("{list}?q=%3Cb%3E")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("is neither the id"));

    let resend = path(&format!("/deliveries/{delivery}/resend"));
    let answer = kit.submit(&admin, &resend, &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("delivery is pending already"), "{}", answer.body);
    kit.submit(&admin, &path(&format!("/{id}/disable")), &[]).await;
    kit.submit(&admin, &path(&format!("/{id}/resume")), &[]).await;
    let page = kit.page(&admin, &path(&format!("/deliveries/{delivery}"))).await.body;
    assert!(page.contains(">Resend<") && page.contains("skipped"), "{page}");
    assert!(location(&kit.submit(&admin, &resend, &[]).await).ends_with("?done=resent"));
}

#[tokio::test]
async fn a_recovery_is_counted_first_then_begun_paused_and_cancelled() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, "CRM").await;
    delivered(&kit, &admin, &id).await;
    kit.submit(&admin, &path(&format!("/{id}/disable")), &[]).await;
    kit.submit(&admin, &path(&format!("/{id}/resume")), &[]).await;
    kit.clock.advance_millis(1_000);
    let recover = path(&format!("/{id}/recover"));
    let asked = "since=2020-01-01T00%3A00&states=skipped&rate_per_second=1";
    let page = kit.page(&admin, &format!("{recover}?{asked}")).await;
    assert!(page.body.contains("1 would be sent again"), "{}", page.body);
    let page = kit.page(&admin, &format!("{recover}?count=yes&since=x&rate_per_second=0")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("since-problem"));

    let form = [("since", "2020-01-01T00:00"), ("states", "skipped"), ("rate_per_second", "1")];
    let answer = kit.submit(&admin, &recover, &form).await;
    let recovery = location(&answer).trim_end_matches("?done=begun").to_owned();
    assert!(kit.page(&admin, &recovery).await.body.contains("running"));
    for (to, state) in [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")] {
        let answer = kit.submit(&admin, &format!("{recovery}/{to}"), &[]).await;
        assert_eq!(location(&answer), format!("{recovery}?done=switched"));
        assert!(kit.page(&admin, &recovery).await.body.contains(&format!(">{state}</span>")), "{state}");
    }
    assert_eq!(kit.submit(&admin, &format!("{recovery}/resume"), &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(kit.submit(&admin, &format!("{recovery}/erase"), &[]).await.status, StatusCode::NOT_FOUND);
    let one = kit.page(&admin, &path(&format!("/{id}"))).await.body;
    assert!(one.contains("Recoveries") && one.contains("cancelled"));
}

#[tokio::test]
async fn a_secret_is_shown_on_demand_to_who_has_just_confirmed_and_that_is_written_down() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, "CRM").await;
    let secret = path(&format!("/{id}/secret"));
    let page = kit.page(&admin, &secret).await.body;
    assert!(page.contains("Show the secret") && !page.contains("whsec_A"), "{page}");
    let shown = kit.submit(&admin, &secret, &[]).await;
    let known: Id<Webhook> = id.parse().unwrap();
    let stored = read(&kit, move |tx, actor| webhooks::get(tx, actor, known)).await;
    let text = stored.keys[0].secret.to_text();
    assert!(shown.body.matches(text.reveal()).count() >= 7, "itself and in each of six snippets");
    let written = read(&kit, |tx, actor| {
        let page = app::PageRequest { after: None, limit: 10 };
        Ok(app::audit::list(tx, actor, Some(app::audit::Action::WebhookSecretRevealed), page)?.items)
    });
    assert_eq!(written.await.len(), 1);

    kit.clock.advance_millis(11 * 60 * 1_000);
    assert!(kit.page(&admin, &secret).await.body.contains("Confirm who you are"));
    let answer = kit.submit(&admin, &secret, &[]).await;
    assert!(location(&answer).starts_with("/confirm?next=%2Fanalytics%2Fsettings"));
    let answer = kit.submit(&admin, &format!("{secret}/rotate"), &[]).await;
    assert_eq!(location(&answer), format!("{secret}?done=rotated"));
    assert!(kit.page(&admin, &secret).await.body.contains("signs beside it until"));
}

#[tokio::test]
async fn another_accounts_webhook_is_not_there() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, "CRM").await;
    let delivery = delivered(&kit, &admin, &id).await;
    let other = kit
        .db
        .write(|tx: &mut Tx<'_>| {
            let account = accounts::create(tx, "Globex")?.id;
            app::members::sample(tx, account, Role::Owner)
        })
        .await
        .unwrap();
    let other = format!("leadpost={}", other.1.reveal());
    for below in ["", "/edit", "/deliveries", "/test", "/secret", "/recover", "/disable", "/delete"] {
        let answer = kit.page(&other, &path(&format!("/{id}{below}"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{below}");
    }
    for to in ["pause", "resume", "disable", "delete", "test", "secret", "secret/rotate"] {
        let answer = kit.submit(&other, &path(&format!("/{id}/{to}")), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{to}");
    }
    let one = path(&format!("/deliveries/{delivery}"));
    assert_eq!(kit.page(&other, &one).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.submit(&other, &format!("{one}/resend"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(kit.page(&admin, &path("/wh_x")).await.status, StatusCode::NOT_FOUND);
    assert!(!kit.page(&other, BASE).await.body.contains("CRM"));
}

#[tokio::test]
async fn looking_changes_nothing_and_trouble_is_named_on_every_page() {
    let kit = Kit::start().await;
    let (admin, viewer) = (kit.member(Role::Admin).await, kit.member(Role::Viewer).await);
    let id = made(&kit, &admin, "Broken CRM").await;
    let known: Id<Webhook> = id.parse().unwrap();
    let before = read(&kit, move |tx, actor| webhooks::get(tx, actor, known)).await;
    for below in ["/edit", "/disable", "/delete", "/test", "/secret", "/secret/rotate", "/recover"] {
        assert_eq!(kit.page(&admin, &path(&format!("/{id}{below}"))).await.status, StatusCode::OK, "{below}");
    }
    assert_eq!(read(&kit, move |tx, actor| webhooks::get(tx, actor, known)).await, before);
    assert!(!kit.page(&viewer, BASE).await.body.contains("needs you"));
    let delivery: Id<Delivery> = delivered(&kit, &admin, &id).await.parse().unwrap();
    read(&kit, move |tx, actor| gone(tx, actor, delivery)).await;
    let page = kit.page(&viewer, BASE).await.body;
    assert!(page.contains("A webhook needs you") && page.contains("(disabled)"), "{page}");
    assert!(
        page.contains("The receiver says that it is gone for good"),
        "the last failure, in words: {page}"
    );
    assert!(kit.page(&admin, &path("/new")).await.body.contains("A webhook needs you"));
    let one = kit.page(&admin, &path(&format!("/{id}"))).await.body;
    assert!(one.contains("Its receiver answered that it is gone for good") && one.contains(">Resume<"));
    assert!(
        kit.page(&admin, &path(&format!("/{id}?span=7d")))
            .await
            .body
            .contains("Deliveries of the last 7 days")
    );
}

/// The receiver of a delivery answered 410 Gone, as a node reports it.
fn gone(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<(), app::AppError> {
    let (explained, _) = deliveries::get(tx, actor, id)?;
    let delivery = explained.delivery;
    let (node, shard) = (tx.new_id(), usize::from(Webhook::shard(delivery.webhook_id)));
    let epoch = app::nodes::take_all(tx, node)?.epochs[shard].unwrap();
    let webhook = webhooks::get(tx, actor, delivery.webhook_id)?;
    let response = Response { status: 410, headers: Vec::new(), body: b"gone".to_vec() };
    let report = deliveries::Report {
        policy: webhook.retry,
        url: webhook.url,
        kind: AttemptKind::Scheduled,
        troubled: false,
        outcome: Outcome { at: tx.now(), address: None, phases: Phases::default(), result: Ok(response) },
        lease: deliveries::Lease { node, epoch },
        delivery,
    };
    assert!(deliveries::finish(tx, &report)?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_url_breaks_where_it_has_parts() {
    let kit = Kit::start().await;
    let admin = kit.member(Role::Admin).await;
    let id = made(&kit, &admin, "CRM").await;
    let url = ("url", "https://crm.example.com/in?a=1&b=2");
    let form = [
        ("name", "CRM"),
        url,
        ("event_type", "Contact Information"),
        ("body", "exact"),
        ("ordering", "none"),
        ("retry", "3d"),
    ];
    let saved = kit.submit(&admin, &path(&format!("/{id}/edit")), &form).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let parts = "https://<wbr>crm.<wbr>example.<wbr>com/<wbr>in?<wbr>a=1&#38;<wbr>b=2";
    for below in ["", &format!("/{id}")] {
        let page = kit.page(&admin, &path(below)).await.body;
        assert!(page.contains(parts), "{below}: {page}");
    }
}

#[tokio::test]
async fn whatever_a_page_links_to_is_there() {
    let kit = Kit::start().await;
    let (owner, key) = (kit.member(Role::Owner).await, kit.key(Scope::Admin).await);
    let webhook = made(&kit, &owner, "CRM").await;
    let chat = kit.send(&key, "POST", "/api/v1/conversations", r#"{"external_id":"a"}"#).await.json();
    let chat = chat["id"].as_str().unwrap();
    for (what, body) in [
        ("messages", r#"{"author":"visitor","text":"Hello"}"#),
        ("contact", r#"{"name":"Ann","email":"ann@example.com","phone":null}"#),
        ("close", r#"{"reason":"visitor_ended"}"#),
    ] {
        let done = kit.send(&key, "POST", &format!("/api/v1/conversations/{chat}/{what}"), body).await;
        assert!(done.status.is_success(), "{what}: {}", done.body);
    }
    let first = async |list: &str| {
        let all = kit.send(&key, "GET", &format!("/api/v1/{list}"), "").await.json();
        all["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let (event, delivery, contact) =
        (first("events").await, first("deliveries").await, first("contacts").await);
    let pages = [
        "/analytics".to_owned(),
        "/analytics/events".to_owned(),
        format!("/analytics/events/{event}"),
        BASE.to_owned(),
        path(&format!("/{webhook}")),
        path(&format!("/{webhook}/deliveries")),
        path(&format!("/deliveries/{delivery}")),
        "/contacts".to_owned(),
        format!("/contacts/{contact}"),
        "/conversations?state=closed".to_owned(),
        format!("/conversations/{chat}"),
    ];
    let mut followed = std::collections::BTreeSet::new();
    for page in pages {
        let body = kit.page(&owner, &page).await.body;
        let links =
            body.split("href=\"/").skip(1).map(|rest| format!("/{}", rest.split('"').next().unwrap()));
        for link in links.map(|link| link.replace("&#38;", "&").replace("&amp;", "&")) {
            if followed.insert(link.clone()) {
                let status = kit.page(&owner, &link).await.status;
                assert!(status.is_success() || status.is_redirection(), "{page} links to {link}: {status}");
            }
        }
    }
    for (below, id) in [("/events/", &event), ("/deliveries/", &delivery), ("/contacts/", &contact)] {
        assert!(followed.iter().any(|link| link.contains(below) && link.contains(id)), "{below}{id}");
    }
}
