//! What operators do in a chat, as forms.

use app::{
    AppError, Tx, conversations,
    conversations::operators,
    departments::{self, Present},
};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Actor, Conversation, Department, Id, Phase};
use http::StatusCode;

use super::{ChatId, again};
use crate::{
    Shared,
    auth::Converse,
    pages::{
        failure::Failure,
        form::{Errors, Form},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
};

fn path(id: Id<Conversation>) -> String {
    format!("/conversations/{id}")
}

type Verb = fn(&mut Tx<'_>, &Actor, Id<Conversation>) -> Result<Conversation, AppError>;

async fn act(
    web: &Shared,
    by: &ByMember<Converse>,
    id: ChatId,
    verb: Verb,
    done: &str,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    web.db.write(move |tx| verb(tx, &actor, id)).await?;
    Ok(go(&path(id), done))
}

pub(super) async fn accept(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    act(&web, &by, id, operators::accept, "accepted").await
}

pub(super) async fn hand_back(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    act(&web, &by, id, operators::hand_back, "handed-back").await
}

pub(super) async fn close(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    act(&web, &by, id, operators::close, "closed").await
}

pub(super) async fn reply(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let (text, client_id) = (form.get("text").to_owned(), form.filled("client_id").map(str::to_owned));
    let draft = text.clone();
    let said = web.db.write(move |tx| operators::reply(tx, &actor, id, &text, client_id.as_deref())).await;
    match said {
        Err(AppError::Invalid(invalid)) => again(&web, &by, id, draft, invalid.into()).await,
        said => said.map(|_| go(&path(id), "sent")).map_err(Failure::from),
    }
}

#[derive(Template)]
#[template(path = "conversations/close.html")]
struct ClosePage {
    shell: Shell,
    id: Id<Conversation>,
    over: bool,
}

pub(super) async fn ask_to_close(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let found = web.db.read(move |tx| conversations::find(tx, &actor, id)).await?;
    let shell = Shell::new(&web, &by, Place::Conversations).below("Close a chat", "");
    render(StatusCode::OK, &ClosePage { shell, id, over: found.phase == Phase::Closed })
}

#[derive(Template)]
#[template(path = "conversations/transfer.html")]
struct TransferPage {
    shell: Shell,
    id: Id<Conversation>,
    chosen: Option<Id<Department>>,
    /// Each with how many are there.
    departments: Vec<(Department, usize)>,
    errors: Errors,
}

pub(super) async fn ask_where(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    transfer_page(&web, &by, id?.0, Errors::default(), StatusCode::OK).await
}

async fn transfer_page(
    web: &Shared,
    by: &ByMember<Converse>,
    id: Id<Conversation>,
    errors: Errors,
    status: StatusCode,
) -> Result<Response, Failure> {
    let actor = by.actor;
    let (it, all, present) = web
        .db
        .read(move |tx| {
            let it = conversations::find(tx, &actor, id)?;
            Ok::<_, AppError>((it, departments::list(tx, &actor)?, departments::present(tx, &actor)?))
        })
        .await?;
    let open = all.into_iter().filter(|department| !department.disabled);
    let departments = open.map(|department| (there(&department, &present), department)).map(|(n, d)| (d, n));
    let shell = Shell::new(web, by, Place::Conversations).below("Transfer a chat", "");
    render(
        status,
        &TransferPage { shell, id, chosen: it.department, departments: departments.collect(), errors },
    )
}

fn there(department: &Department, present: &[Present]) -> usize {
    let takes = |it: &&Present| it.departments.is_empty() || it.departments.contains(&department.id);
    present.iter().filter(takes).count()
}

pub(super) async fn transfer(
    State(web): State<Shared>,
    id: ChatId,
    by: ByMember<Converse>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let wrong = || domain::Invalid::field("/department_id", "choose a department");
    let Ok(department) = form.get("department_id").parse() else {
        return transfer_page(&web, &by, id, wrong().into(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    match web.db.write(move |tx| operators::transfer(tx, &actor, id, department)).await {
        Err(AppError::Invalid(invalid)) => {
            transfer_page(&web, &by, id, invalid.into(), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        done => done.map(|_| go(&path(id), "transferred")).map_err(Failure::from),
    }
}
