//! The overview: how an account is doing, and what to do first.

use app::overview::{self, MOST, MOST_TODAY, Overview, Steps, WebhookGlance};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Contact, DisableReason, Tally, WebhookState, report::Preset};
use http::StatusCode;

use super::report::slot;
use crate::{
    Shared,
    auth::Read,
    charts::{Bars, Look, Series},
    pages::{
        failure::Failure,
        form::Query,
        member::ByMember,
        parts::{Badge, webhook_badge, webhook_path},
        shell::{Place, Shell, render},
        when::{count, duration, filters},
    },
};

#[derive(Template)]
#[template(path = "analytics/overview.html")]
struct OverviewPage {
    shell: Shell,
    /// What is to be done first; empty once everything is.
    steps: Vec<Step>,
    today: Vec<Stat>,
    /// Whether today's deliveries are more than were looked at.
    cut: Option<String>,
    troubles: Vec<Trouble>,
    /// How many webhooks there are, and whether there are more than were looked at.
    webhooks: (usize, bool),
    talks: Bars,
    contacts: Bars,
    days: u32,
    leads: Option<Vec<Contact>>,
}

/// A step of the beginning.
struct Step {
    words: &'static str,
    help: &'static str,
    done: bool,
    /// Where it is done.
    path: &'static str,
}

/// A figure of today.
struct Stat {
    name: &'static str,
    number: String,
    meaning: String,
    /// Where it is looked into.
    path: Option<&'static str>,
}

/// A webhook that somebody should look at.
struct Trouble {
    name: String,
    path: String,
    badge: Badge,
    since: domain::Timestamp,
    words: String,
}

/// How the account is doing.
pub(super) async fn show(
    State(web): State<Shared>,
    Query(form): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Overview);
    let preset = if form.has("days", "30") { Preset::Last30 } else { Preset::Last7 };
    let actor = by.actor;
    let seen = web.db.read(move |tx| overview::read(tx, &actor, preset)).await?;
    let page = OverviewPage {
        steps: steps(seen.steps, shell.manages()),
        today: today(&seen),
        cut: (seen.today.all() >= u64::from(MOST_TODAY)).then(|| count(MOST_TODAY)),
        troubles: seen.webhooks.iter().filter_map(Trouble::of).collect(),
        webhooks: (seen.webhooks.len(), seen.webhooks.len() >= overview::WEBHOOKS as usize),
        talks: bars(&seen, "conversations", Look::Main, |day| day.1),
        contacts: bars(&seen, "contacts captured", Look::Good, |day| day.2),
        days: preset.days(),
        leads: seen.leads,
        shell,
    };
    render(StatusCode::OK, &page)
}

fn bars(
    seen: &Overview,
    what: &str,
    look: Look,
    number: impl Fn(&(domain::report::Day, u64, u64)) -> u64,
) -> Bars {
    let capital: String =
        what.chars().take(1).flat_map(char::to_uppercase).chain(what.chars().skip(1)).collect();
    Bars {
        key: what.to_owned(),
        title: format!("{capital} by day"),
        of: "Day".to_owned(),
        series: vec![Series { name: what.to_owned(), look }],
        slots: seen.days.iter().map(|day| slot(day.0.date, vec![number(day)])).collect(),
    }
}

/// What is to be done first, until all of it is done.
fn steps(done: Steps, manages: bool) -> Vec<Step> {
    let Steps { chatbot, published, installed, webhook, arrived } = done;
    let step = |done, words, help, path| Step { words, help, done, path };
    let steps = vec![
        step(
            chatbot && published,
            "Make a chatbot and publish it",
            "Begin with a template: it asks for name, e-mail and phone.",
            Place::Chatbots.path(),
        ),
        step(
            installed,
            "Put it on your site",
            "Paste its script tag into a page. This is ticked when the first visitor has said something.",
            Place::Chatbots.path(),
        ),
        step(
            webhook,
            "Create a webhook",
            "A name, a URL of yours, and which events it gets.",
            Place::Webhooks.path(),
        ),
        step(
            arrived,
            "Send a test",
            "Ticked when your receiver has taken a test or an event.",
            Place::Webhooks.path(),
        ),
    ];
    let finished = steps.iter().all(|step| step.done);
    if finished || !manages { Vec::new() } else { steps }
}

/// A sum of figures of which each was counted up to a bound only.
fn bounded(numbers: impl Iterator<Item = u64>) -> String {
    let (mut sum, mut more) = (0, false);
    for number in numbers {
        sum += number;
        more |= number >= u64::from(MOST);
    }
    format!("{}{}", count(sum), if more { "+" } else { "" })
}

fn today(seen: &Overview) -> Vec<Stat> {
    let (conversations, contacts) = seen.days.last().map_or((0, 0), |day| (day.1, day.2));
    let Tally { delivered, .. } = seen.today;
    let more = if seen.today.all() >= u64::from(MOST_TODAY) { "+" } else { "" };
    let pending = bounded(seen.webhooks.iter().map(|it| it.pending));
    let exhausted = bounded(seen.webhooks.iter().map(|it| it.exhausted));
    let stat = |name, number, meaning: &str, path| Stat { name, number, meaning: meaning.to_owned(), path };
    let report = Some("/analytics/bot-report?days=1");
    let mut stats = vec![
        stat("Conversations", count(conversations), "opened today", report),
        stat("Contacts captured", count(contacts), "today", report),
        stat(
            "Delivered",
            format!("{}{more}", count(delivered)),
            "of today's deliveries",
            Some(Place::Events.path()),
        ),
        stat(
            "Pending",
            pending,
            "for their next attempt, or for their webhook",
            Some(Place::Webhooks.path()),
        ),
        stat("Exhausted", exhausted, "of today's deliveries", Some(Place::Webhooks.path())),
    ];
    if let Some((median, most)) = seen.times {
        let meaning = format!("median from event to answer; 95 % within {}", duration(most));
        stats.push(Stat { name: "Time to delivery", number: duration(median), meaning, path: None });
    }
    stats
}

impl Trouble {
    /// What is the matter with a webhook, if anything is.
    fn of(webhook: &WebhookGlance) -> Option<Self> {
        let troubled = |word| Badge { word, class: "warn" };
        let (badge, words) = match webhook.state {
            WebhookState::Held => (
                webhook_badge(webhook.state),
                "its receiver failed too often in a row; probes find out when it is back".into(),
            ),
            WebhookState::Disabled(DisableReason::Gone) => {
                (webhook_badge(webhook.state), "its receiver says that it is gone for good (410)".into())
            }
            WebhookState::Disabled(DisableReason::HeldTooLong) => {
                (webhook_badge(webhook.state), "it had been held for five days".into())
            }
            WebhookState::Paused if webhook.pending > 0 => (webhook_badge(webhook.state), String::new()),
            WebhookState::Disabled(DisableReason::ByHand) | WebhookState::Paused => return None,
            WebhookState::Active if webhook.exhausted > 0 => {
                let number = bounded(std::iter::once(webhook.exhausted));
                (troubled("exhausted"), format!("{number} of today's deliveries were given up"))
            }
            WebhookState::Active if webhook.failures > 0 => {
                let times = if webhook.failures == 1 {
                    "the last attempt".to_owned()
                } else {
                    format!("the last {} attempts", webhook.failures)
                };
                (troubled("failing"), format!("{times} failed"))
            }
            WebhookState::Active => return None,
        };
        let waiting = match webhook.pending {
            0 => None,
            1 => Some("1 delivery waits".to_owned()),
            pending => Some(format!("{} deliveries wait", bounded(std::iter::once(pending)))),
        };
        let words: Vec<String> = std::iter::once(words).chain(waiting).filter(|it| !it.is_empty()).collect();
        Some(Self {
            name: webhook.name.clone(),
            path: webhook_path(webhook.id),
            badge,
            since: webhook.state_since,
            words: words.join("; "),
        })
    }
}
