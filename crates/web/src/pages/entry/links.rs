//! The pages behind one-time links: set up the instance, join an account, choose a new password.
//!
//! Looking at a page uses nothing up: mail programs and chat tools open links to preview them.

use app::{
    AppError, Tx,
    members::{self, FirstMember, Opened},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{LinkToken, Role};
use http::{HeaderMap, StatusCode};

use super::{browser, entered, insecure, random};
use crate::{
    Shared,
    links::{JOIN, NEW_PASSWORD, SET_UP},
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        shell::render,
    },
    peer::Origin,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(SET_UP, get(show).post(set_up))
        .route(JOIN, get(show).post(join))
        .route(NEW_PASSWORD, get(show).post(new_password))
}

#[derive(Template)]
#[template(path = "entry/link.html")]
struct LinkPage<'a> {
    opened: &'a Opened,
    form: &'a Form,
    errors: Errors,
    insecure: bool,
}

impl LinkPage<'_> {
    fn role(role: &Role) -> String {
        format!("{}: {}", role.as_str(), role.words())
    }
}

#[derive(Template)]
#[template(path = "entry/used_up.html")]
struct UsedUpPage;

/// What the link with that secret is for; a page that says so if it does not work.
async fn look(web: &Shared, token: &str) -> Result<(LinkToken, Opened), Failure> {
    let used_up = || Failure::Page(StatusCode::GONE, UsedUpPage.render().unwrap_or_default());
    let token = LinkToken::parse(token.trim()).ok_or_else(used_up)?;
    let asked = token.clone();
    match web.db.read(move |tx| members::look(tx, &asked)).await {
        Ok(opened) => Ok((token, opened)),
        Err(AppError::Conflict { .. }) => Err(used_up()),
        Err(error) => Err(error.into()),
    }
}

async fn show(State(web): State<Shared>, Query(query): Query) -> Result<Response, Failure> {
    let (_, opened) = look(&web, query.get("token")).await?;
    let page =
        LinkPage { opened: &opened, form: &query, errors: Errors::default(), insecure: insecure(&web) };
    render(StatusCode::OK, &page)
}

/// The form again, with what was wrong beside its fields; whatever else went wrong is a failure.
fn again(web: &Shared, opened: &Opened, form: &Form, error: AppError) -> Result<Response, Failure> {
    let errors = match error {
        AppError::Invalid(invalid) => Errors::from(invalid),
        AppError::Conflict { code: "email_taken", message } => {
            domain::Invalid::field("/email", message).into()
        }
        other => return Err(other.into()),
    };
    let page = LinkPage { opened, form, errors, insecure: insecure(web) };
    render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The hash of the password, or what is wrong with it.
async fn hash(web: &Shared, form: &Form, context: Vec<String>) -> Result<(String, Reading), AppError> {
    let chosen = web.hashing.choose("/password", form.get("password").to_owned(), context, random(web)).await;
    let mut reading = Reading::new();
    let hash = match chosen {
        Err(AppError::Invalid(invalid)) => reading.or(Err(invalid), String::new()),
        chosen => chosen?,
    };
    Ok((hash, reading))
}

async fn set_up(
    State(web): State<Shared>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let (token, opened) = look(&web, form.get("token")).await?;
    let Opened::SetUp(_) = opened else { return Ok(Redirect::to("/").into_response()) };
    let [name, email, account] = ["name", "email", "account"].map(|field| form.get(field).trim().to_owned());
    let context = vec![name.clone(), email.clone(), account.clone()];
    let (hash, reading) = hash(&web, &form, context).await?;
    let (first, browser) = (FirstMember { name, email, account }, browser(&web, &headers, origin));
    let set_up = move |tx: &mut Tx<'_>| members::set_up(tx, &token, &first, &hash, &browser);
    match web.db.write(move |tx| reading.settle(set_up(tx))).await {
        Ok(entry) => Ok(entered(&web, &entry, "/")),
        Err(error) => again(&web, &opened, &form, error),
    }
}

async fn join(
    State(web): State<Shared>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let (token, opened) = look(&web, form.get("token")).await?;
    let Opened::Invitation(account, email, _) = &opened else { return Ok(Redirect::to("/").into_response()) };
    let name = form.get("name").trim().to_owned();
    let (hash, reading) = hash(&web, &form, members::context(&name, email, Some(account))).await?;
    let browser = browser(&web, &headers, origin);
    let accept = move |tx: &mut Tx<'_>| members::accept(tx, &token, &name, &hash, &browser);
    match web.db.write(move |tx| reading.settle(accept(tx))).await {
        Ok(entry) => Ok(entered(&web, &entry, "/")),
        Err(error) => again(&web, &opened, &form, error),
    }
}

async fn new_password(
    State(web): State<Shared>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let (token, opened) = look(&web, form.get("token")).await?;
    let Opened::Reset(account, member) = &opened else { return Ok(Redirect::to("/").into_response()) };
    let context = members::context(&member.name, &member.email, Some(account));
    let (hash, reading) = hash(&web, &form, context).await?;
    if let Err(wrong) = reading.complaints() {
        return again(&web, &opened, &form, wrong.into());
    }
    let browser = browser(&web, &headers, origin);
    web.db.write(move |tx| members::reset_password(tx, &token, &hash, &browser)).await?;
    Ok(Redirect::to("/sign-in?done=password").into_response())
}
