//! Departments: whom a chat can be handed to, who is there now, and where a chat goes that nobody accepts.

use std::time::Duration;

use app::{
    AppError, Tx,
    departments::{self, NewDepartment, Present},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Department, Id, Invalid};
use http::StatusCode;

use super::Given;
use crate::{
    Shared,
    auth::{Manage, Read},
    pages::{
        chatbots::wrong,
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

const DONE: &[(&str, &str)] = &[
    ("created", "The department is made."),
    ("saved", "Saved. It counts at once."),
    ("deleted", "The department is deleted."),
];

/// A department with who answers for it.
struct Row {
    it: Department,
    present: Vec<String>,
    /// Where chats go that nobody accepts, and after how long.
    transfer: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "configuration/departments.html")]
struct ListPage {
    shell: Shell,
    place: &'static str,
    rows: Vec<Row>,
}

fn row(it: &Department, all: &[Department], present: &[Present]) -> Row {
    let serves = |who: &&Present| who.departments.is_empty() || who.departments.contains(&it.id);
    let name = |id: Id<Department>| all.iter().find(|it| it.id == id).map(|it| it.name.clone());
    Row {
        present: present.iter().filter(serves).map(|who| who.name.clone()).collect(),
        transfer: it.transfer.and_then(|(to, after)| Some((name(to)?, crate::pages::when::duration(after)))),
        it: it.clone(),
    }
}

pub(super) async fn list(
    State(web): State<Shared>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let actor = by.actor;
    let found = web.db.read(move |tx| {
        Ok::<_, AppError>((departments::list(tx, &actor)?, departments::present(tx, &actor)?))
    });
    let (all, present) = found.await?;
    let page = ListPage {
        shell: Shell::new(&web, &by, Place::Departments).saying(&query.0, DONE),
        place: Place::Departments.path(),
        rows: all.iter().map(|it| row(it, &all, &present)).collect(),
    };
    render(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "configuration/department.html")]
struct FormPage {
    shell: Shell,
    /// Where the form goes.
    action: String,
    place: &'static str,
    /// None of a new one.
    it: Option<Department>,
    others: Vec<(String, String)>,
    name: String,
    email: String,
    disabled: bool,
    transfer_to: String,
    transfer_after_s: String,
    errors: Errors,
}

impl FormPage {
    fn is_built_in(&self) -> bool {
        self.it.as_ref().is_some_and(|it| it.built_in)
    }
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: Option<Id<Department>>,
    given: Given<'_>,
) -> Result<Response, Failure> {
    let actor = by.actor;
    let all = web.db.read(move |tx| departments::list(tx, &actor)).await?;
    let it = match id {
        Some(id) => Some(all.iter().find(|it| it.id == id).cloned().ok_or_else(Problem::not_found)?),
        None => None,
    };
    let others = all.iter().filter(|other| Some(other.id) != id);
    let (to, after) = it.as_ref().and_then(|it| it.transfer).unzip();
    let value = |name: &str, stored: Option<String>| match &given {
        Some((form, _)) => form.get(name).to_owned(),
        None => stored.unwrap_or_default(),
    };
    let place = Place::Departments.path();
    let label = if id.is_some() { "Edit" } else { "New department" };
    let page = FormPage {
        shell: Shell::new(web, by, Place::Departments).below(label, ""),
        action: id.map_or_else(|| format!("{place}/new"), |id| format!("{place}/{id}")),
        place,
        others: others.map(|it| (it.id.to_string(), it.name.clone())).collect(),
        name: value("name", it.as_ref().map(|it| it.name.clone())),
        email: value("email", it.as_ref().and_then(|it| it.email.clone())),
        disabled: match &given {
            Some((form, _)) => form.has("disabled", "true"),
            None => it.as_ref().is_some_and(|it| it.disabled),
        },
        transfer_to: value("transfer_to", to.map(|it| it.to_string())),
        transfer_after_s: value("transfer_after_s", after.map(|it| it.as_secs().to_string())),
        it,
        errors: given.map(|it| it.1).unwrap_or_default(),
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}

fn read(form: &Form) -> (NewDepartment, Reading) {
    let mut reading = Reading::new();
    let wrong = |_| Invalid::field("/transfer_to", "must be another department of this account");
    let to = form.filled("transfer_to").map(str::parse::<Id<Department>>).transpose().map_err(wrong);
    let to = reading.or(to, None);
    let missing = || Invalid::field("/transfer_after_s", "say after how many seconds");
    let after = form.number("transfer_after_s").and_then(|after| match to {
        Some(_) => after.ok_or_else(missing),
        None => Ok(after.unwrap_or(ANY_WAIT)),
    });
    let after = Duration::from_secs(reading.or(after, ANY_WAIT));
    let new = NewDepartment {
        name: form.get("name").to_owned(),
        email: form.filled("email").map(str::to_owned),
        disabled: form.has("disabled", "true"),
        transfer: to.map(|to| (to, after)),
    };
    (new, reading)
}

/// A time in seconds that a chat may wait, where none could be read.
const ANY_WAIT: u64 = 60;

/// A name that another department has is wrong like any other.
fn taken(error: AppError) -> AppError {
    match error {
        AppError::Conflict { message, .. } => Invalid::field("/name", message).into(),
        other => other,
    }
}

fn id_of(text: &str) -> Result<Id<Department>, Failure> {
    text.parse().map_err(|_| Problem::not_found().into())
}

pub(super) async fn new(State(web): State<Shared>, by: ByMember<Manage>) -> Result<Response, Failure> {
    page(&web, &by, None, None).await
}

pub(super) async fn create(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, (new, reading)) = (by.actor, read(&form));
    let create = move |tx: &mut Tx<'_>| departments::create(tx, &actor, &new).map_err(taken);
    match web.db.write(move |tx| reading.settle(create(tx))).await {
        Ok(_) => Ok(go(Place::Departments.path(), "created")),
        Err(error) => page(&web, &by, None, Some((&form, wrong(error)?))).await,
    }
}

pub(super) async fn edit(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    page(&web, &by, Some(id_of(&id)?), None).await
}

pub(super) async fn update(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, actor, (new, reading)) = (id_of(&id)?, by.actor, read(&form));
    let update = move |tx: &mut Tx<'_>| departments::update(tx, &actor, id, &new).map_err(taken);
    match web.db.write(move |tx| reading.settle(update(tx))).await {
        Ok(_) => Ok(go(Place::Departments.path(), "saved")),
        Err(error) => page(&web, &by, Some(id), Some((&form, wrong(error)?))).await,
    }
}

#[derive(Template)]
#[template(path = "configuration/department_delete.html")]
struct DeletePage {
    shell: Shell,
    place: &'static str,
    it: Department,
}

pub(super) async fn ask_delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let all = web.db.read(move |tx| departments::list(tx, &actor)).await?;
    let it = all.into_iter().find(|it| it.id == id).ok_or_else(Problem::not_found)?;
    let shell = Shell::new(&web, &by, Place::Departments).below("Delete", "");
    render(StatusCode::OK, &DeletePage { shell, place: Place::Departments.path(), it })
}

pub(super) async fn delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    web.db.write(move |tx| departments::delete(tx, &actor, id)).await?;
    Ok(go(Place::Departments.path(), "deleted"))
}
