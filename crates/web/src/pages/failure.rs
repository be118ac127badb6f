//! What a page answers when it cannot be shown.

use app::AppError;
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Invalid;
use http::StatusCode;

use super::{entry, parts::encoded, shell::page};
use crate::problem::Problem;

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

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    title: &'a str,
    detail: String,
    /// Whether trying again may help.
    passing: bool,
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
                let status = problem.status();
                let title = match status {
                    StatusCode::NOT_FOUND => "There is nothing here",
                    StatusCode::FORBIDDEN => "You may not do this",
                    StatusCode::CONFLICT => "That does not go together",
                    _ if status.is_server_error() => "This does not work at the moment",
                    _ => "That was not understood",
                };
                let detail = sentence(problem.detail());
                let shown = FailurePage { title, detail, passing: status.is_server_error() };
                page(status, shown.render().unwrap_or_default())
            }
        }
    }
}

/// What problems say begins small: in the API it goes on from a code.
fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[test]
fn what_is_wrong_is_said_as_a_sentence() {
    let said = ["this needs the role admin", "", "/name is missing", "ärgerlich"].map(sentence);
    assert_eq!(said, ["This needs the role admin", "", "/name is missing", "Ärgerlich"]);
}
