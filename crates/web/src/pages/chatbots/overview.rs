//! One chatbot: what is done, what to do next, its name, and its end.

use app::{
    AppError,
    chatbots::{self, ChatbotUpdate},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use super::{
    super::{
        failure::Failure,
        form::{Errors, Form, Query},
        member::ByMember,
        shell::{Shell, go, render},
        when::filters,
    },
    Standing, aside,
    flow::department_names,
    id_of,
    problems::problems,
    shell_of, wrong,
};
use crate::{
    Shared,
    auth::{Manage, Read},
};

const DONE: &[(&str, &str)] = &[
    ("created", "The chatbot is made. Look at its flow, then publish it."),
    ("published", "Published: new conversations begin with this version."),
    ("renamed", "The new name is stored."),
];

#[derive(Template)]
#[template(path = "chatbots/show.html")]
struct ShowPage {
    shell: Shell,
    tab: &'static str,
    it: Standing,
    ahead: bool,
    problems: usize,
    name: String,
    errors: Errors,
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: &str,
    query: &Form,
    wrong: Option<(String, Errors)>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((Standing::of(tx, &actor, bot)?, department_names(tx, &actor)?))
    });
    let (it, departments) = found.await?;
    let judge = move || {
        let (ahead, problems) = (it.is_ahead(), problems(&it.bot.draft, &departments));
        (it, ahead, problems.len())
    };
    let (it, ahead, problems) = aside(judge).await?;
    let shell = shell_of(web, by, &it.bot).saying(query, DONE);
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (name, errors) = wrong.unwrap_or_else(|| (it.bot.name.clone(), Errors::default()));
    render(status, &ShowPage { shell, tab: "overview", it, ahead, problems, name, errors })
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path(id): Path<String>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    page(&web, &by, &id, &query.0, None).await
}

pub(super) async fn rename(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let update = ChatbotUpdate { name: Some(form.get("name").to_owned()), ..ChatbotUpdate::default() };
    match web.db.write(move |tx| chatbots::update(tx, &actor, bot, &update)).await {
        Ok(_) => Ok(go(&format!("/chatbots/{bot}"), "renamed")),
        Err(error) => {
            let errors = wrong(error)?;
            page(&web, &by, &id, &Form::default(), Some((form.get("name").to_owned(), errors))).await
        }
    }
}

#[derive(Template)]
#[template(path = "chatbots/delete.html")]
struct DeletePage {
    shell: Shell,
    it: Standing,
}

pub(super) async fn ask_delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Standing::of(tx, &actor, bot)
    });
    let it = found.await?;
    let shell = shell_of(&web, &by, &it.bot).below("Delete", "");
    render(StatusCode::OK, &DeletePage { shell, it })
}

pub(super) async fn delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    web.db.write(move |tx| chatbots::delete(tx, &actor, id)).await?;
    Ok(go("/chatbots", "deleted"))
}
