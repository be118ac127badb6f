//! What a page answers when it cannot be shown: why, and what to do about it. Whoever is signed in has the navigation
//! around it ([`around`]); for everybody else, and where the server itself is in trouble, it stands alone.

use app::AppError;
use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Invalid, SessionToken};
use http::StatusCode;

use super::{
    entry, member,
    parts::encoded,
    shell::{Shell, page, render},
};
use crate::{Shared, problem::Problem};

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody is signed in; where to go on afterwards.
    SignIn(String),
    /// The password was not given a moment ago; where to go on afterwards.
    Confirm(String),
    /// A page of its own says why.
    Page(StatusCode, String),
    /// Everything else, as the API would say it.
    Problem(Problem),
}

impl<T: Into<Problem>> From<T> for Failure {
    fn from(problem: T) -> Self {
        Self::Problem(problem.into())
    }
}

// What the blanket conversion above is for.
const _: fn(AppError) -> Failure = Failure::from;
const _: fn(Invalid) -> Failure = Failure::from;

/// What is said instead of a page. It goes along with the answer, to be said once more within the dashboard.
#[derive(Clone)]
struct Words {
    title: &'static str,
    detail: String,
    /// What somebody who is signed in can do now; empty where the detail says it.
    advice: &'static str,
    /// Whether trying again may help.
    passing: bool,
}

impl From<&Problem> for Words {
    fn from(problem: &Problem) -> Self {
        let passing = problem.status().is_server_error();
        let (title, advice) = match problem.status() {
            StatusCode::NOT_FOUND => ("There is nothing here", "Look for it from the navigation."),
            StatusCode::FORBIDDEN => ("You may not do this", ""),
            StatusCode::CONFLICT => (
                "That does not go together",
                "Go back, load the page again, and see what has changed in the meantime.",
            ),
            _ if passing => ("This does not work at the moment", ""),
            _ => ("That was not understood", "Go back, change what is wrong, and send it once more."),
        };
        let detail = match problem.status() {
            // The API's words would say the title once more.
            StatusCode::NOT_FOUND => "The address may not be whole, or what it led to was deleted".to_owned(),
            _ => sentence(problem.detail()),
        };
        Self { title, detail, advice, passing }
    }
}

#[derive(Template)]
#[template(path = "failure/alone.html")]
struct AlonePage<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "failure/framed.html")]
struct FramedPage {
    shell: Shell,
    words: Words,
}

/// To a page that must be gone through before `next`.
fn before(page: &str, next: &str) -> Response {
    Redirect::to(&format!("{page}?next={}", encoded(next))).into_response()
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::SignIn(next) => before("/sign-in", &next),
            Failure::Confirm(next) => before(entry::CONFIRM, &next),
            Failure::Page(status, text) => page(status, text),
            Failure::Problem(problem) => {
                let words = Words::from(&problem);
                let alone = AlonePage { words: &words }.render().unwrap_or_default();
                let mut response = page(problem.status(), alone);
                response.extensions_mut().insert(words);
                response
            }
        }
    }
}

/// The middleware: failures of all pages have the dashboard around them for whoever is signed in.
pub(crate) async fn around(State(web): State<Shared>, request: Request, next: Next) -> Response {
    let token = member::token(&web, request.headers());
    framed(&web, token, next.run(request).await).await
}

/// That answer with the dashboard around it, if it is a failure and the token is a member's. Not where the server is in
/// trouble: what asks the store once more may fail once more.
pub(crate) async fn framed(web: &Shared, token: Option<SessionToken>, mut response: Response) -> Response {
    let words = response.extensions_mut().remove::<Words>().filter(|words| !words.passing);
    let Some((words, token)) = words.zip(token) else { return response };
    let Ok(Some(signed)) = member::recognise(web, token).await else { return response };
    let shell = Shell::nowhere(web, &signed, words.title);
    render(response.status(), &FramedPage { shell, words }).unwrap_or(response)
}

/// What problems say begins small: in the API it goes on from a code.
fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use domain::{Role, Scope};
    use http::{Request, header};

    use super::*;
    use crate::kit::{Answer, Kit};

    #[test]
    fn what_is_wrong_is_said_as_a_sentence() {
        let said = ["this needs the role admin", "", "/name is missing", "ärgerlich"].map(sentence);
        assert_eq!(said, ["This needs the role admin", "", "/name is missing", "Ärgerlich"]);
    }

    /// What a browser with that cookie gets where there is nothing at all.
    async fn astray(kit: &Kit, cookie: &str) -> Answer {
        let request =
            Request::get("/nowhere").header(header::COOKIE, cookie).header(header::ACCEPT, "text/html");
        kit.call(request.body(axum::body::Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn whoever_is_signed_in_has_the_navigation_around_a_failure_too() {
        let kit = Kit::start().await;
        kit.key(Scope::Manage).await;
        let viewer = kit.member(Role::Viewer).await;
        let unknown = "/analytics/events/evt_01hzzzzzzzzzzzzzzzzzzzzzzz";
        for (answer, status, title) in [
            (astray(&kit, &viewer).await, 404, "There is nothing here"),
            (kit.page(&viewer, unknown).await, 404, "There is nothing here"),
            (kit.page(&viewer, "/account/members").await, 403, "You may not do this"),
        ] {
            assert_eq!(answer.status.as_u16(), status);
            assert!(answer.headers.contains_key(header::CONTENT_SECURITY_POLICY));
            assert!(answer.body.contains(&format!("<title>{title} · Leadpost</title>")), "{}", answer.body);
            assert!(answer.body.contains("<nav aria-label=\"Main\">") && answer.body.contains("Sign out"));
            assert!(!answer.body.contains("href=\"/account/members\""), "what a viewer may not see");
        }
    }

    #[tokio::test]
    async fn strangers_get_a_failure_alone() {
        let kit = Kit::start().await;
        for cookie in ["", "leadpost=lps_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = astray(&kit, cookie).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            assert!(answer.body.contains("<h1>There is nothing here</h1>"), "{}", answer.body);
            assert!(!answer.body.contains("<nav") && !answer.body.contains("navigation"), "{}", answer.body);
        }
    }

    #[test]
    fn trouble_of_the_server_is_told_alone_and_everything_else_is_not() {
        let told = [(500, true), (503, true), (403, false), (404, false), (409, false), (422, false)];
        for (status, alone) in told {
            let problem = Problem::new(StatusCode::from_u16(status).unwrap(), "code", "it is so");
            assert_eq!(Words::from(&problem).passing, alone, "{status}");
        }
    }
}
