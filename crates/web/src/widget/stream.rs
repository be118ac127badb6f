//! The live stream of a widget: server-sent events (the HTML standard, section 9.2), read by the widget's own script.

use std::pin::pin;

use app::{
    AppError,
    conversations::visits::{self, Cursor, Update, Visit},
};
use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use futures_util::stream;

use super::{Caller, body::UpdateView, limits::StreamPass, line};
use crate::{
    Shared,
    live::{LOOK_AGAIN, ToVisitor, Watch},
    problem::Problem,
    sse,
};

/// Opens the stream. What is new since the cursor comes first.
pub(super) async fn open(State(web): State<Shared>, caller: Caller) -> Result<Response, Problem> {
    let visit = caller.known(&web)?;
    let key = visit.token.hash();
    let pass = web.limits.admit_stream(&key, caller.peer)?;
    let resumed = caller.last_event.as_deref().and_then(|text| text.parse().ok());
    let cursor = resumed.or(caller.call.cursor);
    // Listening begins before looking, so that nothing falls between.
    let watch = web.hub.watch(&web.db, &key);
    let first = look(&web, &visit, cursor).await?;
    let mut stream = Stream { web, visit, watch, cursor: None, shown: None, first: Some(first), _pass: pass };
    stream.cursor = cursor;
    let events =
        stream::unfold(stream, |mut stream| async move { stream.next().await.map(|event| (event, stream)) });
    Ok(sse::answer(events))
}

async fn look(web: &Shared, visit: &Visit, cursor: Option<Cursor>) -> Result<Update, AppError> {
    let visit = visit.clone();
    web.db.read(move |tx| visits::look(tx, &visit, cursor)).await
}

/// An open stream.
struct Stream {
    web: Shared,
    visit: Visit,
    watch: Watch,
    /// How far the widget knows the conversation.
    cursor: Option<Cursor>,
    /// Phase and operator that the widget knows.
    shown: Option<Shown>,
    /// What was seen when it was opened.
    first: Option<Update>,
    _pass: StreamPass,
}

/// What of a conversation is shown besides its messages.
type Shown = (Option<&'static str>, Option<String>);

impl Stream {
    /// The next event; None ends the stream, and the widget opens another.
    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(self.show(first).unwrap_or_else(heartbeat));
        }
        let draining = self.web.readiness.clone();
        let mut draining = pin!(draining.drained());
        loop {
            let told = tokio::select! {
                () = &mut draining => return None,
                told = self.watch.next() => Some(told),
                () = tokio::time::sleep(LOOK_AGAIN) => None,
            };
            if told == Some(ToVisitor::Typing) {
                return Some(Event::default().event("typing").data(r#"{"typing":true}"#));
            }
            match look(&self.web, &self.visit, self.cursor).await {
                Ok(update) => {
                    if let Some(event) = self.show(update) {
                        return Some(event);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "a widget's stream ends");
                    return None;
                }
            }
            if told.is_none() {
                return Some(heartbeat());
            }
        }
    }

    /// The event that shows an update; None if there is nothing new in it.
    fn show(&mut self, update: Update) -> Option<Event> {
        if let Some(visitor) = update.conversation.as_ref().and_then(|it| it.visitor) {
            self.watch.belongs_to(visitor);
        }
        let conversation = update.conversation.as_ref();
        let operator = conversation.and_then(|it| it.operator.as_ref()).map(|it| it.name.clone());
        let shown = (conversation.map(|it| it.phase.as_str()), operator);
        let new = update.reset || !update.messages.is_empty() || self.shown.as_ref() != Some(&shown);
        (self.cursor, self.shown) = (Some(update.cursor), Some(shown));
        let cursor = update.cursor.to_string();
        new.then(|| Event::default().id(cursor).event("update").data(line(&UpdateView::from(update))))
    }
}

/// Keeps what lies between from closing a connection that is silent.
fn heartbeat() -> Event {
    Event::default().comment("")
}
