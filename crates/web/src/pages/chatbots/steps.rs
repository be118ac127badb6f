//! One step of a flow: added, filled in, moved, copied, taken out.

use app::{AppError, chatbots};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    Chatbot, FieldError, Id, Invalid,
    flow::draft::{Draft, Step, Way, text_of},
};
use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Shell, render},
        when::filters,
    },
    aside,
    fields::{self, Group, Offers, title},
    flow::{department_names, encoded, errors_at},
    id_of,
    kinds::{KINDS, Kind, kind},
    problems::problems,
    shell_of, wrong,
};
use crate::{Shared, auth::Manage, problem::Problem};

/// Back to the list, at that step. Its name is in the query, too: scripts that follow see no fragment.
fn back(bot: Id<Chatbot>, step: &str, done: &str) -> Response {
    let step = encoded(step);
    Redirect::to(&format!("/chatbots/{bot}/flow?done={done}&at={step}#node-{step}")).into_response()
}

#[derive(Template)]
#[template(path = "chatbots/step_new.html")]
struct NewPage {
    shell: Shell,
    bot: Chatbot,
    after: String,
    kind: String,
    kinds: &'static [Kind],
    /// Steps that it can stand behind.
    steps: Vec<(String, String)>,
    errors: Errors,
}

async fn new_page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: &str,
    form: &Form,
    errors: Errors,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let bot = web.db.read(move |tx| chatbots::get(tx, &actor, id)).await?;
    let draft = Draft::read(&bot.draft)?;
    let steps = draft.steps().iter().map(|step| (text_of(step, "id").to_owned(), title(step))).collect();
    let page = NewPage {
        shell: flow_shell(web, by, &bot).below("Add a step", ""),
        after: form.get("after").to_owned(),
        kind: form.filled("kind").unwrap_or("message").to_owned(),
        kinds: KINDS,
        steps,
        bot,
        errors,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}

fn flow_shell<N>(web: &Shared, by: &ByMember<N>, bot: &Chatbot) -> Shell {
    shell_of(web, by, bot).below("Flow", &format!("/chatbots/{}/flow", bot.id))
}

pub(super) async fn ask_kind(
    State(web): State<Shared>,
    Path(id): Path<String>,
    query: Query,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    new_page(&web, &by, &id, &query.0, Errors::default()).await
}

/// Puts a step of that kind behind the chosen one, and goes on to fill it in.
pub(super) async fn add(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let (after, asked) = (form.get("after").to_owned(), form.get("kind").to_owned());
    let added = web.db.write(move |tx| {
        let kind = kind(&asked).ok_or_else(|| Invalid::field("/kind", "choose what the step does"))?;
        chatbots::edit(tx, &actor, bot, |draft| {
            let mut step: Step = serde_json::from_str(kind.begin).unwrap_or_default();
            if !after.is_empty() && draft.place(&after).is_none() {
                let message = format!("there is no step {after:?} any more; choose where the new one stands");
                return Err(Invalid::field("/after", message));
            }
            let name = draft.fresh_id(&kind.key.replace('_', "-"));
            step.insert("id".to_owned(), json!(name));
            draft.insert(step, Some(after.as_str()).filter(|it| !it.is_empty()))?;
            if draft.steps().len() == 1 {
                draft.begin_with(&name);
            }
            Ok(name)
        })
    });
    match added.await {
        Ok(step) => Ok(Redirect::to(&format!("/chatbots/{bot}/flow/step/{step}")).into_response()),
        Err(error) => new_page(&web, &by, &id, &form, wrong(error)?).await,
    }
}

#[derive(Template)]
#[template(path = "chatbots/step.html")]
struct StepPage {
    shell: Shell,
    bot: Chatbot,
    id: String,
    /// In an address.
    path: String,
    kind: &'static Kind,
    groups: Vec<Group>,
    offers: Offers,
    besides: Vec<String>,
    /// Which of how many it is, counted from 1.
    place: usize,
    places: usize,
}

async fn step_page<N>(
    web: &Shared,
    by: &ByMember<N>,
    (id, name): (&str, &str),
    given: Option<(&Form, Errors)>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((bot, department_names(tx, &actor)?))
    });
    let (bot, departments) = found.await?;
    let draft = Draft::read(&bot.draft)?;
    let place = draft.place(name).ok_or_else(Problem::not_found)?;
    let mut step = draft.steps()[place].clone();
    let kind = kind(text_of(&step, "kind")).ok_or_else(unknown_kind)?;
    let status = if given.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (mut errors, mut filled) = (Vec::new(), None);
    if let Some((form, wrong)) = given {
        step = fields::typed(kind, form);
        errors = in_step(wrong.under("").cloned());
        filled = Some(form.clone());
    }
    let name_of = name.to_owned();
    let judge = move || {
        let found = match &filled {
            Some(form) => judged(&bot.draft, &name_of, form, &departments).map(|it| it.0).unwrap_or_default(),
            None => errors_at(&problems(&bot.draft, &departments), place),
        };
        (found, bot, departments)
    };
    let (found, bot, departments) = aside(judge).await?;
    add_other(&mut errors, found);
    let offers = Offers::of(&draft, departments);
    let groups = fields::form(&step, kind, &offers, &errors);
    let page = StepPage {
        shell: flow_shell(web, by, &bot).below(&format!("{} {name}", kind.label), ""),
        besides: fields::besides(&groups, &errors),
        path: encoded(name),
        id: name.to_owned(),
        place: place + 1,
        places: draft.steps().len(),
        bot,
        kind,
        groups,
        offers,
    };
    render(status, &page)
}

fn unknown_kind() -> Problem {
    let detail = "this step is of no kind that is known here; change it in the flow's JSON";
    Problem::new(StatusCode::CONFLICT, "unknown_kind", detail)
}

/// Errors of a form with pointers into its step.
fn in_step(errors: impl IntoIterator<Item = FieldError>) -> Vec<FieldError> {
    let inside = |it: FieldError| FieldError { pointer: it.pointer.trim_start_matches('/').to_owned(), ..it };
    errors.into_iter().map(inside).collect()
}

/// Adds what is wrong with places of which nothing was said yet.
fn add_other(errors: &mut Vec<FieldError>, more: Vec<FieldError>) {
    let is_other = |it: &FieldError| !errors.iter().any(|known| known.pointer == it.pointer);
    let other: Vec<FieldError> = more.into_iter().filter(is_other).collect();
    errors.extend(other);
}

/// What would be wrong with the step if it were filled in so, and how much is wrong elsewhere.
pub(super) fn judged(
    draft: &str,
    name: &str,
    form: &Form,
    departments: &[String],
) -> Result<(Vec<FieldError>, usize), Invalid> {
    let mut draft = Draft::read(draft)?;
    let (place, reading) = change(&mut draft, name, form)?;
    let all = problems(&draft.text(), departments);
    let own = errors_at(&all, place);
    let elsewhere = all.len() - own.len();
    let mut errors = in_step(reading.complaints().err().into_iter().flat_map(|it| it.errors));
    add_other(&mut errors, own);
    Ok((errors, elsewhere))
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path((id, step)): Path<(String, String)>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    step_page(&web, &by, (&id, &step), None).await
}

/// Puts what was filled in into the draft, as far as it can be read and its id is free; the place of the step.
fn change(draft: &mut Draft, name: &str, form: &Form) -> Result<(usize, Reading), Invalid> {
    let gone = || Invalid::field("", "this step was deleted meanwhile");
    let place = draft.place(name).ok_or_else(gone)?;
    let kind = kind(text_of(&draft.steps()[place], "kind")).ok_or_else(gone)?;
    let (mut step, mut reading) = fields::read(kind, form);
    if let Err(taken) = draft.replace(name, step.clone()) {
        reading.or(Err(taken), ());
        step.insert("id".to_owned(), json!(name));
        draft.replace(name, step)?;
    }
    Ok((place, reading))
}

pub(super) async fn save(
    State(web): State<Shared>,
    Path((id, step)): Path<(String, String)>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let (name, filled) = (step.clone(), form.clone());
    let saved = web.db.write(move |tx| {
        chatbots::edit(tx, &actor, bot, |draft| {
            let (place, reading) = change(draft, &name, &filled)?;
            reading.complaints()?;
            Ok(text_of(&draft.steps()[place], "id").to_owned())
        })
    });
    match saved.await {
        Ok(step) => Ok(back(bot, &step, "saved")),
        Err(error) => step_page(&web, &by, (&id, &step), Some((&form, wrong(error)?))).await,
    }
}

/// Up, down, or to a place counted from 1.
pub(super) async fn shift(
    State(web): State<Shared>,
    Path((id, step)): Path<(String, String)>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let name = step.clone();
    let moved = web.db.write(move |tx| {
        let to: Option<usize> = form.number("to")?;
        chatbots::edit(tx, &actor, bot, |draft| {
            let Some(place) = draft.place(&name) else { return Ok(false) };
            let to = match form.get("by") {
                "up" => place.saturating_sub(1),
                "down" => place + 1,
                _ => to.unwrap_or(place + 1).saturating_sub(1),
            };
            draft.shift(&name, to);
            Ok(true)
        })
    });
    match moved.await? {
        true => Ok(back(bot, &step, "moved")),
        false => Err(Problem::not_found().into()),
    }
}

pub(super) async fn duplicate(
    State(web): State<Shared>,
    Path((id, step)): Path<(String, String)>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let made =
        web.db.write(move |tx| chatbots::edit(tx, &actor, bot, |draft| draft.duplicate(&step))).await?;
    let copy = made.ok_or_else(Problem::not_found)?;
    Ok(back(bot, &copy, "duplicated"))
}

#[derive(Template)]
#[template(path = "chatbots/step_delete.html")]
struct DeletePage {
    shell: Shell,
    bot: Chatbot,
    id: String,
    path: String,
    title: String,
    leading: Vec<(String, Way)>,
    is_start: bool,
    /// Steps that what led to it can lead to, and which of them is the obvious one.
    others: Vec<(String, String)>,
    next: String,
}

pub(super) async fn ask_delete(
    State(web): State<Shared>,
    Path((id, name)): Path<(String, String)>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let bot = web.db.read(move |tx| chatbots::get(tx, &actor, id)).await?;
    let draft = Draft::read(&bot.draft)?;
    let step = draft.step(&name).ok_or_else(Problem::not_found)?;
    let others = draft.steps().iter().map(|step| (text_of(step, "id").to_owned(), title(step)));
    let page = DeletePage {
        shell: flow_shell(&web, &by, &bot).below(&format!("Delete {name}"), ""),
        path: encoded(&name),
        title: title(step),
        leading: draft.leading_to(&name),
        is_start: draft.start() == name,
        others: others.filter(|(id, _)| *id != name).collect(),
        next: text_of(step, "next").to_owned(),
        id: name,
        bot,
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn delete(
    State(web): State<Shared>,
    Path((id, step)): Path<(String, String)>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let instead = form.filled("instead").map(str::to_owned);
    let at = instead.clone().unwrap_or_default();
    let removed = web.db.write(move |tx| {
        chatbots::edit(tx, &actor, bot, |draft| {
            let is_there = draft.place(&step).is_some();
            if is_there {
                draft.remove(&step, instead.as_deref());
            }
            Ok(is_there)
        })
    });
    match removed.await? {
        true => Ok(back(bot, &at, "deleted")),
        false => Err(Problem::not_found().into()),
    }
}
