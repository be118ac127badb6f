//! Canned texts: the list, and the forms that change it.

use app::{AppError, canned_texts};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use domain::{CannedText, Id};
use http::StatusCode;

use crate::{
    Shared,
    auth::{Converse, Manage},
    extract::PathId,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

const HERE: &str = "/conversations/texts";

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(HERE, get(list))
        .route("/conversations/texts/new", get(new).post(create))
        .route("/conversations/texts/{id}", get(edit).post(update))
        .route("/conversations/texts/{id}/delete", get(ask).post(delete))
}

type TextId = Result<PathId<CannedText>, Problem>;

fn shell<N>(web: &Shared, by: &ByMember<N>) -> Shell {
    Shell::new(web, by, Place::Conversations).below("Canned texts", HERE)
}

#[derive(Template)]
#[template(path = "conversations/texts.html")]
struct TextsPage {
    shell: Shell,
    texts: Vec<CannedText>,
}

async fn list(State(web): State<Shared>, query: Query, by: ByMember<Converse>) -> Result<Response, Failure> {
    let done = [
        ("created", "The text is added."),
        ("changed", "The text is changed."),
        ("deleted", "The text is deleted."),
    ];
    let (shell, actor) = (shell(&web, &by).saying(&query.0, &done), by.actor);
    let texts = web.db.read(move |tx| canned_texts::list(tx, &actor)).await?;
    render(StatusCode::OK, &TextsPage { shell, texts })
}

#[derive(Template)]
#[template(path = "conversations/text.html")]
struct TextPage {
    shell: Shell,
    /// Where the form goes.
    path: String,
    /// Whether it is there already.
    known: bool,
    title: String,
    text: String,
    errors: Errors,
}

impl TextPage {
    fn new(shell: Shell, id: Option<Id<CannedText>>, title: &str, text: &str) -> Self {
        let path = id.map_or_else(|| format!("{HERE}/new"), |id| format!("{HERE}/{id}"));
        let shell = shell.below(if id.is_some() { "Change" } else { "New" }, &path);
        let (title, text) = (title.to_owned(), text.to_owned());
        Self { shell, path, known: id.is_some(), title, text, errors: Errors::default() }
    }

    /// The form again, with what was wrong beside its fields.
    fn answer(self, failure: AppError) -> Result<Response, Failure> {
        match failure {
            AppError::Invalid(invalid) => {
                render(StatusCode::UNPROCESSABLE_ENTITY, &Self { errors: invalid.into(), ..self })
            }
            other => Err(other.into()),
        }
    }
}

async fn new(State(web): State<Shared>, by: ByMember<Manage>) -> Result<Response, Failure> {
    render(StatusCode::OK, &TextPage::new(shell(&web, &by), None, "", ""))
}

async fn create(State(web): State<Shared>, by: ByMember<Manage>, form: Form) -> Result<Response, Failure> {
    let (actor, title, text) = (by.actor, form.get("title").to_owned(), form.get("text").to_owned());
    let form = TextPage::new(shell(&web, &by), None, &title, &text);
    match web.db.write(move |tx| canned_texts::create(tx, &actor, &title, &text)).await {
        Ok(_) => Ok(go(HERE, "created")),
        Err(failure) => form.answer(failure),
    }
}

async fn edit(State(web): State<Shared>, id: TextId, by: ByMember<Manage>) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let found = web.db.read(move |tx| canned_texts::get(tx, &actor, id)).await?;
    render(StatusCode::OK, &TextPage::new(shell(&web, &by), Some(id), &found.title, &found.text))
}

async fn update(
    State(web): State<Shared>,
    id: TextId,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let (title, text) = (form.get("title").to_owned(), form.get("text").to_owned());
    let form = TextPage::new(shell(&web, &by), Some(id), &title, &text);
    match web.db.write(move |tx| canned_texts::update(tx, &actor, id, &title, &text)).await {
        Ok(_) => Ok(go(HERE, "changed")),
        Err(failure) => form.answer(failure),
    }
}

#[derive(Template)]
#[template(path = "conversations/delete-text.html")]
struct DeletePage {
    shell: Shell,
    text: CannedText,
}

async fn ask(State(web): State<Shared>, id: TextId, by: ByMember<Manage>) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let text = web.db.read(move |tx| canned_texts::get(tx, &actor, id)).await?;
    let shell = shell(&web, &by).below("Delete", "");
    render(StatusCode::OK, &DeletePage { shell, text })
}

async fn delete(State(web): State<Shared>, id: TextId, by: ByMember<Manage>) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    web.db.write(move |tx| canned_texts::delete(tx, &actor, id)).await?;
    Ok(go(HERE, "deleted"))
}
