//! Pages, live: a stream that says which kinds of things changed, so that the page that shows them looks again.

use std::{collections::VecDeque, convert::Infallible, pin::pin};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use domain::{Account, Id};
use futures_util::stream;
use tokio::sync::broadcast;

use super::{failure::Failure, member::ByMember};
use crate::{
    Shared,
    auth::Read,
    live::{LOOK_AGAIN, Nouns, Touched},
};

/// Server-sent events `changed` with names such as `webhooks deliveries`, at most a few in a second.
pub(super) async fn stream(State(web): State<Shared>, by: ByMember<Read>) -> Result<Response, Failure> {
    let touched = web.hub.watch_account(&web.db);
    let begin = VecDeque::from([Event::default().comment("")]);
    let looker = Looker { web, account: by.signed.account.id, touched, waiting: begin };
    let events = stream::unfold(looker, |mut looker| async move {
        looker.next().await.map(|event| (Ok::<_, Infallible>(event), looker))
    });
    Ok(Sse::new(events).into_response())
}

struct Looker {
    web: Shared,
    account: Id<Account>,
    touched: broadcast::Receiver<Touched>,
    waiting: VecDeque<Event>,
}

impl Looker {
    /// The next event; None ends the stream, and the browser asks for another.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        let readiness = self.web.readiness.clone();
        let mut draining = pin!(readiness.drained());
        loop {
            let nouns = tokio::select! {
                () = &mut draining => return None,
                heard = self.touched.recv() => match heard {
                    Ok(touched) if touched.account.is_none_or(|it| it == self.account) => touched.nouns,
                    Ok(_) => continue,
                    Err(_) => Nouns::ALL,
                },
                // What other nodes change is not heard here. A session that has ended is noticed by the page's looking.
                () = tokio::time::sleep(LOOK_AGAIN) => match self.web.db.is_exclusive() {
                    true => return Some(Event::default().comment("")),
                    false => Nouns::ALL,
                },
            };
            return Some(Event::default().event("changed").data(nouns.to_string()));
        }
    }
}
