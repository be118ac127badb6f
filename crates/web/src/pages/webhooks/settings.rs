//! NEW WEBHOOK and *Edit*: one form, whose URL is judged while it is typed.
//!
//! Must not look up names inside a transaction; the guard is asked before.

use std::sync::Arc;

use app::{AppError, PageRequest, Tx, chatbots, webhooks};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    Actor, BodyForm, Chatbot, Event, EventType, Id, Invalid, NewWebhook, Ordering, RetryPolicy, Secret,
    Timestamp, Webhook, WebhookUpdate, event::Context,
};
use http::{StatusCode, header};
use serde::Serialize;

use super::{known, path, secret, words};
use crate::{
    Shared,
    auth::Manage,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    webhooks::body::{MASK, unmasked},
};

/// The types that everybody means, and those that one has to know of.
const COMMON: [EventType; 2] = [EventType::ContactInformation, EventType::ChatTranscript];
const MORE: [EventType; 2] = [EventType::WebhookNotice, EventType::MarkerCompleted];

#[derive(Template)]
#[template(path = "webhooks/settings.html")]
struct SettingsPage {
    shell: Shell,
    /// Where *Cancel* leads.
    back: String,
    /// Whether there is none yet.
    is_new: bool,
    chosen: Form,
    errors: Errors,
    chatbots: Vec<Chatbot>,
    /// Each form of the body: its word, its name, a sample.
    bodies: Vec<(&'static str, &'static str, String)>,
}

/// Where each field stands beside which what is wrong with it is said.
const FIELDS: &[&str] = &[
    "/name",
    "/url",
    "/event_types",
    "/body",
    "/chatbot_ids",
    "/headers",
    "/ordering",
    "/max_in_flight",
    "/rate_per_second",
    "/retry",
    "/secret",
];

impl SettingsPage {
    /// Whether an advanced field is filled in unlike it is to begin with, or wrong: then they stand open.
    fn opens(&self) -> bool {
        let simple = ["/name", "/url", "/event_types"];
        let usual = Form::of(&USUAL);
        self.errors.besides(&simple).next().is_some()
            || ["body", "headers", "ordering", "max_in_flight", "rate_per_second", "retry", "chatbot_ids"]
                .iter()
                .any(|name| self.chosen.get(name) != usual.get(name))
    }

    fn has_more_types(&self) -> bool {
        MORE.iter().any(|it| self.chosen.has("event_type", it.as_str()))
    }

    fn has_chatbot(&self, chatbot: &Chatbot) -> bool {
        self.chosen.has("chatbot_ids", &chatbot.id.to_string())
    }

    fn header_problems(&self) -> Vec<String> {
        let told = |it: &domain::FieldError| match it.pointer.strip_prefix("/headers/") {
            Some(name) => format!("{} {}", name.replace("~1", "/").replace("~0", "~"), it.message),
            None => it.message.clone(),
        };
        self.errors.under("/headers").map(told).collect()
    }
}

/// What is filled in where nobody has chosen.
const USUAL: [(&str, &str); 4] =
    [("body", "documented"), ("ordering", "none"), ("max_in_flight", "64"), ("retry", "3d")];

fn suggested() -> Form {
    let types = COMMON.map(|it| ("event_type", it.as_str()));
    Form::of(&[USUAL.as_slice(), types.as_slice()].concat())
}

/// The form as a webhook fills it in; the values of its headers stay hidden.
fn filled(webhook: &Webhook) -> Form {
    let headers: Vec<String> = webhook.headers.iter().map(|(name, _)| format!("{name}: {MASK}")).collect();
    let (headers, at_once) = (headers.join("\n"), webhook.max_in_flight.to_string());
    let rate = webhook.rate_per_second.map(|it| it.to_string()).unwrap_or_default();
    let chatbots: Vec<String> = webhook.chatbot_ids.iter().map(ToString::to_string).collect();
    let mut pairs = vec![
        ("name", webhook.name.as_str()),
        ("url", &webhook.url),
        ("body", webhook.body.as_str()),
        ("headers", &headers),
        ("ordering", webhook.ordering.as_str()),
        ("max_in_flight", &at_once),
        ("rate_per_second", &rate),
        ("retry", webhook.retry.as_str()),
    ];
    pairs.extend(webhook.event_types.iter().map(|it| ("event_type", it.as_str())));
    pairs.extend(chatbots.iter().map(|it| ("chatbot_ids", it.as_str())));
    Form::of(&pairs)
}

/// One event in that form of the body.
fn sample(form: BodyForm) -> String {
    let at: Timestamp = Timestamp::from_micros(1_772_619_330_000_000);
    let event = Event {
        id: Id::from_parts(1_772_619_330_000, &[0x70, 0, 0x80, 0, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6]),
        account: Id::from_parts(0, &[0; 10]),
        event_type: EventType::ContactInformation,
        data: Some(EventType::ContactInformation.sample_data().to_owned()),
        context: Context { conversation_id: Some("conv_…".to_owned()), ..Context::default() },
        occurred_at: at,
        created_at: at,
        planned: 1,
    };
    event.body(form).map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default()
}

/// What is asked for, as far as it can be read.
fn asked(form: &Form) -> (NewWebhook, Reading) {
    let mut reading = Reading::new();
    let types: Result<_, Invalid> = form.all("event_type").map(str::parse).collect();
    let chatbots = form.all("chatbot_ids").filter(|it| !it.is_empty()).map(str::parse::<Id<Chatbot>>);
    let chatbots: Result<_, _> = chatbots.collect();
    let url = form.filled("url").ok_or_else(|| Invalid::field("/url", "is missing"));
    let new = NewWebhook {
        name: form.get("name").trim().to_owned(),
        url: reading.or(url, ANY_URL).to_owned(),
        event_types: reading.or(types.map_err(|it| it.under("/event_types")), COMMON.into()),
        chatbot_ids: reading
            .or(chatbots.map_err(|_| Invalid::field("/chatbot_ids", "must be ids of chatbots")), Vec::new()),
        body: reading.or(form.get("body").parse(), BodyForm::Documented),
        headers: reading.or(headers(form.get("headers")), Vec::new()),
        ordering: reading.or(form.get("ordering").parse(), Ordering::None),
        max_in_flight: reading.or(form.number("max_in_flight"), None),
        rate_per_second: reading.or(form.number("rate_per_second"), None),
        retry: reading.or(form.get("retry").parse(), RetryPolicy::ThreeDays),
        secret: reading.or(form.filled("secret").map(Secret::parse).transpose(), None),
    };
    (new, reading)
}

/// A URL that breaks no rule.
const ANY_URL: &str = "https://example.com/";

/// `Name: value`, one in a line.
fn headers(text: &str) -> Result<Vec<(String, String)>, Invalid> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let wrong = || Invalid::field("/headers", "must be lines such as Authorization: Bearer x");
            line.split_once(':')
                .map(|(name, value)| (name.trim().into(), value.trim().into()))
                .ok_or_else(wrong)
        })
        .collect()
}

/// Asks the guard about a URL, if one is new, and the domain about everything else: all that is wrong, or warnings.
async fn judge(
    web: &Shared,
    actor: &Actor,
    (new, mut reading): (NewWebhook, Reading),
    url: Option<&str>,
) -> Result<(NewWebhook, Vec<String>), Invalid> {
    let refused = |refusal: domain::Refusal| Invalid::coded("refused_url", "/url", refusal.to_string());
    let warnings = match url {
        Some(url) => reading.or(web.outbound.verdict(url).await.map_err(refused), Vec::new()),
        None => Vec::new(),
    };
    // The guard has said what there is to say of the URL; and one that stays may, whatever the rules are by now.
    let rest = NewWebhook { url: ANY_URL.to_owned(), ..new.clone() };
    let (ambient, secret, id) = (web.db.ambient(), Secret::from_bytes(&[0; 32]), Id::from_parts(0, &[0; 10]));
    let rules = rest.into_webhook(web.outbound.policy(), id, actor.account(), secret, ambient.clock.now());
    Invalid::gather([reading.complaints(), rules.map(drop)])?;
    Ok((new, warnings))
}

async fn page(
    web: &Shared,
    by: &ByMember<Manage>,
    webhook: Option<(Id<Webhook>, String)>,
    chosen: Form,
    errors: Errors,
) -> Result<Response, Failure> {
    let actor = by.actor;
    let all = PageRequest { after: None, limit: PageRequest::<Chatbot>::MAX };
    let chatbots = web.db.read(move |tx| chatbots::list(tx, &actor, all)).await?.items;
    let shell = Shell::new(web, by, Place::Webhooks);
    let (shell, back, is_new) = match webhook {
        None => {
            let here = format!("{}/new", Place::Webhooks.path());
            (shell.below("New webhook", &here), Place::Webhooks.path().to_owned(), true)
        }
        Some((id, name)) => {
            let path = path(id);
            (shell.below(&name, &path).below("Edit", &format!("{path}/edit")), path, false)
        }
    };
    let bodies = BodyForm::ALL.map(|it| (it.as_str(), words::body_form(it), sample(it))).into();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &SettingsPage { shell, back, is_new, chosen, errors, chatbots, bodies })
}

pub(super) async fn new(State(web): State<Shared>, by: ByMember<Manage>) -> Result<Response, Failure> {
    page(&web, &by, None, suggested(), Errors::default()).await
}

#[derive(Template)]
#[template(path = "webhooks/created.html")]
struct CreatedPage {
    shell: Shell,
    path: String,
    webhook: Webhook,
    warnings: Vec<String>,
    secret: String,
    snippets: Vec<secret::Snippet>,
}

/// Makes it and shows its secret, in the answer to this very request.
pub(super) async fn create(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (new, warnings) = match judge(&web, &by.actor, asked(&form), form.filled("url")).await {
        Ok(judged) => judged,
        Err(invalid) => return page(&web, &by, None, form, invalid.into()).await,
    };
    let (actor, outbound) = (by.actor, Arc::clone(&web.outbound));
    let made = web.db.write(move |tx| webhooks::create(tx, &actor, outbound.policy(), &new)).await;
    let webhook = match made {
        Err(AppError::Invalid(invalid)) => return page(&web, &by, None, form, invalid.into()).await,
        other => other?,
    };
    let secret = webhook.keys.first().map(|key| key.secret.to_text().reveal().to_owned());
    let (path, secret) = (path(webhook.id), secret.unwrap_or_default());
    let shell = Shell::new(&web, &by, Place::Webhooks).below(&webhook.name, &path);
    let snippets = secret::snippets(Some(&secret));
    render(StatusCode::CREATED, &CreatedPage { shell, path, webhook, warnings, secret, snippets })
}

pub(super) async fn edit(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let chosen = filled(&webhook);
    page(&web, &by, Some((id, webhook.name)), chosen, Errors::default()).await
}

/// All settings as the form has them. The URL only if it is another one.
fn update_of(new: NewWebhook, before: &Webhook) -> WebhookUpdate {
    WebhookUpdate {
        name: Some(new.name),
        url: Some(new.url).filter(|url| *url != before.url),
        event_types: Some(new.event_types),
        chatbot_ids: Some(new.chatbot_ids),
        body: Some(new.body),
        headers: Some(new.headers),
        ordering: Some(new.ordering),
        max_in_flight: new.max_in_flight,
        rate_per_second: Some(new.rate_per_second),
        retry: Some(new.retry),
    }
}

pub(super) async fn update(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let before = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let name = before.name.clone();
    let (new, mut reading) = asked(&form);
    let url = form.filled("url").filter(|url| *url != before.url);
    let update = update_of(new.clone(), &before);
    reading.or(unmasked(&update, &before).map(drop), ());
    let update = match judge(&web, &actor, (new, reading), url).await {
        Ok(_) => update,
        Err(invalid) => return page(&web, &by, Some((id, name)), form, invalid.into()).await,
    };
    let outbound = Arc::clone(&web.outbound);
    let change = move |tx: &mut Tx<'_>| {
        let update = unmasked(&update, &webhooks::get(tx, &actor, id)?)?;
        webhooks::update(tx, &actor, outbound.policy(), id, &update)
    };
    match web.db.write(change).await {
        Err(AppError::Invalid(invalid)) => page(&web, &by, Some((id, name)), form, invalid.into()).await,
        other => {
            other?;
            Ok(go(&path(id), "saved"))
        }
    }
}

/// What the guard says of a URL that is being typed.
#[derive(Serialize)]
struct Verdict {
    /// `ok`, `warning` or `refused`.
    kind: &'static str,
    text: String,
}

pub(super) async fn verdict(
    State(web): State<Shared>,
    Query(query): Query,
    _by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let verdict = match web.outbound.verdict(query.get("url").trim()).await {
        Ok(warnings) if warnings.is_empty() => {
            Verdict { kind: "ok", text: "Leadpost may call this URL.".to_owned() }
        }
        Ok(warnings) => Verdict { kind: "warning", text: sentence(&warnings.join("; ")) },
        Err(refusal) => Verdict { kind: "refused", text: sentence(&refusal.to_string()) },
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(verdict)).into_response())
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_lines_and_what_is_none_is_said() {
        let read = headers("Authorization: Bearer a:b\n\n x-a:1 ").unwrap();
        assert_eq!(read, [("Authorization".into(), "Bearer a:b".into()), ("x-a".to_owned(), "1".to_owned())]);
        assert_eq!(headers("nothing").unwrap_err().errors[0].pointer, "/headers");
    }

    #[test]
    fn each_sample_is_json_of_its_form() {
        let members = |form| {
            let value: serde_json::Value = serde_json::from_str(&sample(form)).unwrap();
            value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(members(BodyForm::Exact).len(), 2);
        assert_eq!(members(BodyForm::Documented).len(), 3);
        assert_eq!(members(BodyForm::Extended).len(), 5);
    }
}
