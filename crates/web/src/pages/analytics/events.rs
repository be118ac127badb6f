//! The log of events: what came in, about whom, and what became of it.

use app::{Page, events};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Conversation, Event, EventType, Id, Tally, Timestamp, json::Members};
use http::StatusCode;

use super::filter::{self, Asked};
use crate::{
    Shared,
    auth::Read,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query},
        member::ByMember,
        shell::{Place, Shell, render},
        when::{count, filters},
    },
    search,
};

#[derive(Template)]
#[template(path = "analytics/events.html")]
struct EventsPage {
    shell: Shell,
    form: Form,
    errors: Errors,
    rows: Vec<Line>,
    /// How far a search came: when the oldest that was looked at was accepted, and how many were.
    looked: Option<(Timestamp, u64)>,
    /// Whether that was not the end of it.
    unfinished: bool,
    /// The address of what follows.
    next: Option<String>,
    /// Whether anything is filtered.
    filtered: bool,
    /// Whether changes are shown as they happen: not where looking again takes long, or where one has gone back.
    live: bool,
    /// This server's own address.
    server: String,
}

/// An event as a row.
struct Line {
    id: Id<Event>,
    at: Timestamp,
    event_type: &'static str,
    about: Vec<String>,
    conversation: Option<Talk>,
    fate: Fate,
}

/// The conversation of an event.
pub(super) struct Talk {
    /// As the event has it.
    pub(super) name: String,
    /// Its page, if it is one of Leadpost's own.
    pub(super) page: Option<String>,
    /// Its events.
    pub(super) events: String,
}

impl Talk {
    pub(super) fn of(event: &Event, sees_people: bool) -> Option<Self> {
        let name = event.context.conversation_id.clone()?;
        let own = name.parse::<Id<Conversation>>().is_ok() && sees_people;
        let page = own.then(|| format!("/conversations/{name}"));
        Some(Self { page, events: filter::of_conversation(&name), name })
    }
}

/// What became of an event, in words: each with the class of its badge.
pub(super) struct Fate(pub(super) Vec<(&'static str, String)>);

impl Fate {
    pub(super) fn of(event: &Event, tally: Tally) -> Self {
        let planned = u64::from(event.planned);
        if planned == 0 {
            return Self(vec![("", "unmatched".to_owned())]);
        }
        let gone = planned.saturating_sub(tally.all());
        let all = if tally.delivered == planned { "ok" } else { "" };
        let delivered = format!("{} of {} delivered", count(tally.delivered), count(planned));
        let others = [
            ("warn", tally.pending, "waiting"),
            ("bad", tally.exhausted, "given up"),
            ("", tally.skipped, "skipped"),
            ("", gone, "no longer kept"),
        ];
        let others = others.into_iter().filter(|it| it.1 > 0);
        let others = others.map(|(class, number, word)| (class, format!("{} {word}", count(number))));
        Self(std::iter::once((all, delivered)).chain(others).collect())
    }
}

impl Line {
    fn new(event: Event, tally: Tally, sees_people: bool) -> Self {
        Self {
            id: event.id,
            at: event.created_at,
            event_type: event.event_type.as_str(),
            about: about(&event),
            conversation: Talk::of(&event, sees_people),
            fate: Fate::of(&event, tally),
        }
    }
}

/// Longest text of a cell, in characters.
const CELL: usize = 120;

/// Whom or what an event is about, as its data says. Nothing where the data is gone or not to be seen.
pub(super) fn about(event: &Event) -> Vec<String> {
    let names: &[&str] = match event.event_type {
        EventType::ContactInformation => &["name", "email", "phone"],
        EventType::ChatTranscript => &[],
        EventType::WebhookNotice => &["name", "state"],
        EventType::MarkerCompleted => &["marker"],
    };
    let Some(members) = event.data.as_deref().filter(|_| !names.is_empty()).and_then(Members::of) else {
        return Vec::new();
    };
    let text = |name: &&str| {
        let (_, value) = members.iter().filter(|(known, _)| known == name).last()?;
        let text: String = serde_json::from_str(value).ok()?;
        Some(text.chars().take(CELL).collect::<String>()).filter(|text| !text.trim().is_empty())
    };
    names.iter().filter_map(text).collect()
}

/// What a page is filled with.
#[derive(Default)]
struct Found {
    rows: Vec<(Event, Tally)>,
    next: Option<Id<Event>>,
    looked: Option<(Timestamp, u64)>,
    unfinished: bool,
}

/// The log, newest first.
pub(super) async fn list(
    State(web): State<Shared>,
    Query(form): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Events);
    let (found, errors) = match filter::read(&form, shell.zone(), shell.sees_people()) {
        Ok(asked) => (find(&web, &by, asked).await?, Errors::default()),
        Err(errors) => (Found::default(), errors),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let sees_people = shell.sees_people();
    let live = form.filled("q").is_none() && form.filled("after").is_none();
    let page = EventsPage {
        rows: found.rows.into_iter().map(|(event, tally)| Line::new(event, tally, sees_people)).collect(),
        looked: found.looked,
        unfinished: found.unfinished,
        next: found.next.map(|after| filter::link(&form, Some(after))),
        filtered: filter::is_any(&form) || form.filled("after").is_some(),
        live,
        server: web.settings.own_origins.first().cloned().unwrap_or_else(|| "http://127.0.0.1:8080".into()),
        shell,
        form,
        errors,
    };
    render(status, &page)
}

async fn find(web: &Shared, by: &ByMember<Read>, asked: Asked) -> Result<Found, Failure> {
    let (actor, Asked { filter, text, page }) = (by.actor, asked);
    let rows = move |tx: &mut app::Tx<'_>, page: Page<Event, Event>| {
        let ids: Vec<_> = page.items.iter().map(|event| event.id).collect();
        let tallies = events::tally(tx, &actor, &ids)?;
        let rows = page.items.into_iter().zip(tallies).collect();
        Ok::<_, app::AppError>(Found { rows, next: page.next, ..Found::default() })
    };
    let Some(text) = text else {
        let read = move |tx: &mut app::Tx<'_>| {
            let page = events::list(tx, &actor, &filter, page)?;
            rows(tx, page)
        };
        return Ok(web.db.read(read).await?);
    };
    let room = page.limit;
    let searched = crate::events::search(web, actor, filter, text, page, search::AT_A_GLANCE).await?;
    let unfinished = searched.is_unfinished(room);
    let looked = searched.looked_back_to.map(|at| (at, searched.looked_at.into()));
    let ids: Vec<_> = searched.page.items.iter().map(|event| event.id).collect();
    let tallies = web.db.read(move |tx| events::tally(tx, &actor, &ids)).await?;
    let rows = searched.page.items.into_iter().zip(tallies).collect();
    Ok(Found { rows, next: searched.page.next, looked, unfinished })
}

impl EventsPage {
    /// All types, with whether it is the one asked for.
    fn types(&self) -> Vec<(&'static str, bool)> {
        let asked = self.form.get("type");
        EventType::ALL.iter().map(|it| (it.as_str(), it.as_str() == asked)).collect()
    }

    /// Whether more is asked for than the first row of the form shows.
    fn details(&self) -> bool {
        let fields = ["phone", "id", "since", "until", "conversation"];
        fields
            .iter()
            .any(|name| self.form.filled(name).is_some() || self.errors.at(&format!("/{name}")).is_some())
    }
}
