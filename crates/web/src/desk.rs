//! The operators' side, live: a stream that says which conversations changed, and that an operator types.

use std::{collections::VecDeque, pin::pin};

use app::{Db, conversations};
use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use domain::{Account, Actor, Conversation, Id};
use futures_util::stream;
use http::StatusCode;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{
    Shared,
    auth::{Caller, Converse, Opener, People},
    extract::PathId,
    live::{LOOK_AGAIN, ToOperator},
    problem::Problem,
    sse,
};

/// What the stream says of a conversation. The rest is there to be read.
#[derive(Serialize)]
struct ConversationChanged {
    id: String,
    state: &'static str,
}

/// Follow the conversations
///
/// Server-sent events: `conversation` with `{"id","state"}` when something changed in one, `typing` with `{"id"}` when
/// its visitor types, and `lost` when some were missed: then read the lists anew.
#[utoipa::path(
    get, path = "/api/v1/conversations/stream", tag = "conversations", operation_id = "stream_conversations",
    security(("key" = ["read"])),
    responses((status = OK, description = "Events, as long as the connection lasts.", content_type = "text/event-stream",
        body = String))
)]
pub(crate) async fn stream(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    opener: Opener<People>,
) -> Result<Response, Problem> {
    let heard = web.hub.watch_all(&web.db);
    let desk = Desk { web, actor, opener, heard, waiting: VecDeque::from([Event::default().comment("")]) };
    let events = stream::unfold(desk, |mut desk| async move { desk.next().await.map(|event| (event, desk)) });
    Ok(sse::answer(events))
}

struct Desk {
    web: Shared,
    actor: Actor,
    opener: Opener<People>,
    heard: broadcast::Receiver<ToOperator>,
    waiting: VecDeque<Event>,
}

impl Desk {
    /// The next event; None ends the stream.
    async fn next(&mut self) -> Option<Event> {
        let readiness = self.web.readiness.clone();
        let mut draining = pin!(readiness.drained());
        // Not put off by what is another account's.
        let mut again = pin!(tokio::time::sleep(LOOK_AGAIN));
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let heard = tokio::select! {
                () = &mut draining => return None,
                heard = self.heard.recv() => heard.unwrap_or(ToOperator::Lost),
                // What other nodes change is not heard here.
                () = &mut again => match self.web.db.is_exclusive() {
                    true if self.opener.still_opens(&self.web).await => {
                        return Some(Event::default().comment(""));
                    }
                    true => return None,
                    false => ToOperator::Lost,
                },
            };
            let own = match heard {
                ToOperator::Lost => true,
                ToOperator::Typing(account, _) | ToOperator::Changed(account, _) => self.own(account),
            };
            if own && !self.opener.still_opens(&self.web).await {
                return None;
            }
            let event = match heard {
                ToOperator::Lost => Some(Event::default().event("lost").data("{}")),
                ToOperator::Typing(account, id) => self
                    .own(account)
                    .then(|| Event::default().event("typing").data(format!(r#"{{"id":"{id}"}}"#))),
                ToOperator::Changed(account, id) if self.own(account) => self.look(id).await,
                ToOperator::Changed(..) => None,
            };
            self.waiting.extend(event);
        }
    }

    fn own(&self, account: Id<Account>) -> bool {
        account == self.actor.account()
    }

    async fn look(&self, id: Id<Conversation>) -> Option<Event> {
        let conversation = find(&self.web.db, self.actor, id).await.ok()?;
        let changed = ConversationChanged { id: id.to_string(), state: conversation.phase.as_str() };
        let data = serde_json::to_string(&changed).expect("strings can be written as JSON");
        Some(Event::default().event("conversation").data(data))
    }
}

async fn find(db: &Db, actor: Actor, id: Id<Conversation>) -> Result<Conversation, app::AppError> {
    db.read(move |tx| conversations::find(tx, &actor, id)).await
}

/// Say that an operator types
///
/// The visitor sees it for a few seconds. Nothing is stored.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/typing", tag = "conversations", operation_id = "operator_types",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`conv_…`")),
    responses((status = NO_CONTENT, description = "Said."))
)]
pub(crate) async fn typing(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Conversation>,
) -> Result<StatusCode, Problem> {
    if let Some(visitor) = find(&web.db, actor, id).await?.visitor {
        web.hub.operator_types(visitor);
    }
    Ok(StatusCode::NO_CONTENT)
}
