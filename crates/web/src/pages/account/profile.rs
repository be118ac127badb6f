//! Account › Profile: one's own name and password.

use app::members;
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use domain::Invalid;
use http::{HeaderMap, StatusCode, header};

use super::errors;
use crate::{
    Shared,
    auth::Read,
    pages::{
        entry::{self, Checked},
        failure::Failure,
        form::{Errors, Form, Query},
        member::{self, ByMember},
        shell::{Place, Shell, go, render},
        when,
    },
    peer::Origin,
    throttle::Try,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(Place::Profile.path(), get(show).post(rename))
        .route("/account/password", get(show).post(change_password))
}

#[derive(Template)]
#[template(path = "account/profile.html")]
struct ProfilePage {
    shell: Shell,
    name: String,
    email: String,
    errors: Errors,
}

impl ProfilePage {
    fn new(web: &Shared, by: &ByMember<Read>) -> Self {
        let member = &by.signed.member;
        let shell = Shell::new(web, by, Place::Profile);
        Self { shell, name: member.name.clone(), email: member.email.clone(), errors: Errors::default() }
    }
}

async fn show(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let mut page = ProfilePage::new(&web, &by);
    page.shell = page.shell.saying(
        &query,
        &[
            ("name", "Your name is changed."),
            ("password", "The new password holds. Everywhere else you are signed out."),
        ],
    );
    render(StatusCode::OK, &page)
}

async fn rename(State(web): State<Shared>, by: ByMember<Read>, form: Form) -> Result<Response, Failure> {
    let (signed, name) = (by.signed.clone(), form.get("name").to_owned());
    match web.db.write(move |tx| members::rename(tx, &signed, &name)).await {
        Ok(()) => Ok(go(Place::Profile.path(), "name")),
        Err(error) => {
            let page = ProfilePage::new(&web, &by);
            let name = form.get("name").to_owned();
            let page = ProfilePage { name, errors: errors(error, "/name")?, ..page };
            render(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

async fn change_password(
    State(web): State<Shared>,
    by: ByMember<Read>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let signed = by.signed.clone();
    let refuse = |status, invalid: Invalid| {
        render(status, &ProfilePage { errors: invalid.into(), ..ProfilePage::new(&web, &by) })
    };
    let found = signed.clone();
    let candidate = web.db.read(move |tx| members::confirm_candidate(tx, &found)).await?;
    let attempt = Try::Confirm(signed.session.id.to_string());
    match entry::check(&web, &attempt, form.get("current"), &candidate).await? {
        Checked::Right(_) => {}
        Checked::Wrong => {
            entry::note_refusal(&web, candidate, entry::browser(&web, &headers, origin));
            let wrong = Invalid::field("/current", "this is not your password");
            return refuse(StatusCode::UNPROCESSABLE_ENTITY, wrong);
        }
        Checked::Wait(wait) => {
            let words = format!("too many wrong passwords; keep waiting {}", when::duration(wait));
            return refuse(StatusCode::TOO_MANY_REQUESTS, Invalid::field("/current", words));
        }
    }
    let context = members::context(&signed.member.name, &signed.member.email, Some(&signed.account));
    let chosen = web.hashing.choose("/new", form.get("new").to_owned(), context, entry::random(&web)).await;
    let hash = match chosen {
        Ok(hash) => hash,
        Err(app::AppError::Invalid(invalid)) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, invalid),
        Err(error) => return Err(error.into()),
    };
    let token = web.db.write(move |tx| members::change_password(tx, &signed, &candidate, &hash)).await?;
    let cookie = [(header::SET_COOKIE, member::set_cookie(&web, Some(&token)))];
    Ok((AppendHeaders(cookie), go(Place::Profile.path(), "password")).into_response())
}
