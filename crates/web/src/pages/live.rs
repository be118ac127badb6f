//! Pages, live: a stream that says which kinds of things changed, so that the page that shows them looks again.

use std::{collections::VecDeque, pin::pin};

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use domain::{Account, Id};
use futures_util::stream;
use tokio::sync::broadcast;

use super::{failure::Failure, member::ByMember};
use crate::{
    Shared,
    auth::{Opener, Read},
    live::{LOOK_AGAIN, Nouns, Touched},
    sse,
};

/// Server-sent events `changed` with names such as `webhooks deliveries`, at most a few in a second.
pub(super) async fn stream(
    State(web): State<Shared>,
    by: ByMember<Read>,
    opener: Opener<Read>,
) -> Result<Response, Failure> {
    let touched = web.hub.watch_account(&web.db);
    let begin = VecDeque::from([Event::default().comment("")]);
    let looker = Looker { web, account: by.signed.account.id, opener, touched, waiting: begin };
    let events =
        stream::unfold(looker, |mut looker| async move { looker.next().await.map(|event| (event, looker)) });
    Ok(sse::answer(events))
}

struct Looker {
    web: Shared,
    account: Id<Account>,
    opener: Opener<Read>,
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
        // Not put off by what is another account's.
        let mut again = pin!(tokio::time::sleep(LOOK_AGAIN));
        loop {
            let nouns = tokio::select! {
                () = &mut draining => return None,
                heard = self.touched.recv() => match heard {
                    Ok(touched) if touched.account.is_none_or(|it| it == self.account) => touched.nouns,
                    Ok(_) => continue,
                    Err(_) => Nouns::ALL,
                },
                // What other nodes change is not heard here.
                () = &mut again => match self.web.db.is_exclusive() {
                    true => Nouns::default(),
                    false => Nouns::ALL,
                },
            };
            if !self.opener.still_opens(&self.web).await {
                return None;
            }
            return Some(match nouns == Nouns::default() {
                true => Event::default().comment(""),
                false => Event::default().event("changed").data(nouns.to_string()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use domain::{Role, Scope};
    use http::{Request, header};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::kit::Kit;

    #[tokio::test]
    async fn a_stream_ends_with_the_session_that_opened_it() {
        let kit = Kit::start().await;
        let (key, cookie) = (kit.key(Scope::Admin).await, kit.member(Role::Viewer).await);
        let request = Request::get("/live").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
        let mut stream = kit.router.clone().oneshot(request).await.unwrap().into_body();
        assert!(stream.frame().await.is_some(), "it begins");
        let make = async || {
            let body =
                r#"{"name":"CRM","url":"https://example.com/in","event_types":["Contact Information"]}"#;
            let made = kit.send(&key, "POST", "/api/v1/webhooks", body).await;
            assert_eq!(made.status, 201, "{}", made.body);
        };
        make().await;
        let told = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(told.starts_with(b"event: changed"), "{told:?}");
        kit.submit(&cookie, "/sign-out", &[]).await;
        make().await;
        assert!(stream.frame().await.is_none(), "nothing more is told");
    }
}
