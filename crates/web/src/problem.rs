//! What went wrong, as `application/problem+json` (RFC 9457): the only place that knows status codes.
//!
//! Must not let internal text out: what nobody but the operator can mend is logged here, once, and answered
//! as `internal`.

use std::{error::Error, time::Duration};

use app::{AppError, StoreError};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use domain::{FieldError, Invalid, Refusal};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// After how many seconds it may be tried again, where that is of use.
    retry_after: u64,
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Always `about:blank`: `code` tells the kind.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    uri: &'static str,
    /// The status code in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'a str,
    /// The status code.
    #[schema(example = 422)]
    status: u16,
    /// The stable name of the kind of error, for programs.
    #[schema(example = "invalid")]
    code: &'a str,
    /// What went wrong this time, for people.
    #[schema(example = "/url: is missing: it must be a string")]
    detail: &'a str,
    /// The wrong places of the request; empty where the request as a whole is the trouble. At most 100.
    errors: Vec<Place<'a>>,
}

/// One wrong place of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct Place<'a> {
    /// JSON Pointer into the body; empty for the whole. A query parameter is named in the same way: `/limit`.
    #[schema(example = "/url")]
    pointer: &'a str,
    /// What is wrong there and what would be right.
    #[schema(example = "is missing: it must be a string")]
    message: &'a str,
}

impl Problem {
    /// An error about the request as a whole.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after: 1 }
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What went wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// There is no key, or none that opens anything.
    pub(crate) fn unauthorized() -> Self {
        let detail = "send a valid API key in the header Authorization: Bearer KEY";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Nothing here, or nothing that this key may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here by that name")
    }

    /// The path is known, but not with that method.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this path does not take that method; the header Allow names those that it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// The body is longer than the route takes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the request's body must have at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
    }

    /// The server cannot do it now, but will soon.
    pub(crate) fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// Faster, or more at once, than this instance lets anybody; `wait` is until when it is no use.
    pub(crate) fn too_many_requests(detail: impl Into<String>, wait: Duration) -> Self {
        // Whole seconds, rounded up (RFC 9110, section 10.2.3).
        let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self { retry_after: retry_after.max(1), ..problem }
    }

    /// A widget calls from a page that may not, or from no page.
    pub(crate) fn no_origin() -> Self {
        let detail = "this is for web pages: there is no header Origin that says which";
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
    }

    /// Something that only the operator can mend; it has been logged.
    pub(crate) fn internal() -> Self {
        let detail = "something went wrong on our side; the operator's log says what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The URL of a webhook is one that must not be called.
    pub(crate) fn refused_url(refusal: &Refusal) -> Self {
        Invalid::coded("refused_url", "/url", refusal.to_string()).into()
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let status = match invalid.code {
            "payload_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self {
            status,
            code: invalid.code,
            detail: summary(&invalid.errors),
            errors: invalid.errors,
            retry_after: 1,
        }
    }
}

/// The first wrong place, and how many more there are.
fn summary(errors: &[FieldError]) -> String {
    let Some((first, more)) = errors.split_first() else {
        return String::new();
    };
    let place = if first.pointer.is_empty() { "the request" } else { &first.pointer };
    let more = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
    format!("{place}: {}{more}", first.message)
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => Self::not_found(),
            AppError::ScopeMissing(permission) => {
                let detail = format!("this needs an API key with the scope {}", permission.scope().as_str());
                Self::new(StatusCode::FORBIDDEN, "scope_missing", detail)
            }
            AppError::Forbidden { code, message } => Self::new(StatusCode::FORBIDDEN, code, message),
            AppError::Invalid(invalid) => invalid.into(),
            AppError::Conflict { code, message } => {
                let status = match code {
                    "idempotency_key_reused" => StatusCode::UNPROCESSABLE_ENTITY,
                    _ => StatusCode::CONFLICT,
                };
                Self::new(status, code, message)
            }
            AppError::Busy => {
                Self::unavailable("busy", "the server has more to do than it can take; try again")
            }
            AppError::Unavailable(error) => {
                logged(&error);
                Self::unavailable(
                    "unavailable",
                    "the store does not answer; try again with the same Idempotency-Key",
                )
            }
            AppError::Internal(error) => logged(&error),
        }
    }
}

fn logged(error: &StoreError) -> Problem {
    tracing::error!(error = %chain(error), "a request failed");
    Problem::internal()
}

/// An error and its sources on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors = self.errors.iter().map(|e| Place { pointer: &e.pointer, message: &e.message }).collect();
        let body = ProblemBody {
            uri: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            errors,
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, self.retry_after.into());
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use domain::Permission;

    use super::*;

    #[test]
    fn every_error_has_its_status_and_code() {
        let conflict = |code| AppError::Conflict { code, message: "m".into() };
        let invalid = |code| AppError::Invalid(Invalid::coded(code, "/a", "m"));
        for (error, status, code) in [
            (AppError::NotFound, 404, "not_found"),
            (AppError::ScopeMissing(Permission::Manage), 403, "scope_missing"),
            (invalid("invalid"), 422, "invalid"),
            (invalid("unknown_event_type"), 422, "unknown_event_type"),
            (invalid("refused_url"), 422, "refused_url"),
            (invalid("payload_too_large"), 413, "payload_too_large"),
            (conflict("payload_expired"), 409, "payload_expired"),
            (conflict("still_pending"), 409, "still_pending"),
            (conflict("idempotency_key_reused"), 422, "idempotency_key_reused"),
            (AppError::Busy, 503, "busy"),
            (AppError::Internal(StoreError::Unavailable("the password is wrong".into())), 500, "internal"),
        ] {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            assert!(!problem.detail.contains("password"), "{}", problem.detail);
            let retry = problem.into_response().headers().get(header::RETRY_AFTER).is_some();
            assert_eq!(retry, status == 503, "{code}");
        }
    }

    #[test]
    fn the_detail_names_the_first_place() {
        let invalid =
            Invalid::gather([Err(Invalid::field("/a", "is wrong")), Err(Invalid::field("/b", "too"))]);
        assert_eq!(Problem::from(invalid.unwrap_err()).detail, "/a: is wrong (and 1 more)");
        assert_eq!(Problem::from(Invalid::field("", "must be x")).detail, "the request: must be x");
    }
}
