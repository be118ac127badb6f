//! The flow of a chatbot as a list of steps, as a picture, and as the JSON that it is.

use app::{
    AppError,
    chatbots::{self, ChatbotUpdate},
    departments,
};
use askama::Template;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    Chatbot, FieldError, Invalid,
    flow::draft::{self, Draft, Step, text_of},
};
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{
        failure::Failure,
        form::{Errors, Form, Query},
        member::ByMember,
        shell::{Shell, go, render},
        when::{filters, visible},
    },
    aside,
    fields::title,
    id_of,
    kinds::kind,
    problems::problems,
    shell_of, steps, wrong,
};
use crate::{
    Shared,
    auth::{Manage, Read},
    charts::{Outline, OutlineNode},
};

const DONE: &[(&str, &str)] = &[
    ("saved", "Saved in the draft."),
    ("added", "The step is added."),
    ("deleted", "The step is deleted."),
    ("moved", "The step is moved."),
    ("duplicated", "The step is duplicated. Nothing leads to the copy yet."),
    ("restored", "The draft is now what that version was."),
];

/// A step as the list shows it.
struct Card {
    id: String,
    /// In an address.
    path: String,
    kind: &'static str,
    text: String,
    /// What else there is to say of it, in words.
    facts: Vec<(&'static str, String)>,
    ways: Vec<WayView>,
    problems: Vec<String>,
    is_start: bool,
    /// Whether it can be named in an address and told from all others.
    is_named: bool,
}

struct WayView {
    label: String,
    to: String,
    title: String,
    is_missing: bool,
}

/// Something that is wrong, with the step that it is about.
pub(super) struct ProblemView {
    step: Option<String>,
    message: String,
}

/// The place of the step that a pointer leads to, and the rest of the pointer.
pub(super) fn step_of(pointer: &str) -> Option<(usize, &str)> {
    let rest = pointer.strip_prefix("/nodes/")?;
    let (place, field) = rest.split_once('/').unwrap_or((rest, ""));
    Some((place.parse().ok()?, field))
}

/// What is wrong with the step at that place, with pointers into it.
pub(super) fn errors_at(problems: &[FieldError], place: usize) -> Vec<FieldError> {
    let of = |error: &FieldError| {
        let (at, field) = step_of(&error.pointer)?;
        (at == place).then(|| FieldError { pointer: field.to_owned(), message: error.message.clone() })
    };
    problems.iter().filter_map(of).collect()
}

/// The picture of a flow.
pub(super) fn outline(draft: &Draft, key: &str, problems: &[FieldError]) -> Outline {
    let node = |(place, step): (usize, &Step)| {
        let kind = kind(text_of(step, "kind")).map_or("Unknown", |kind| kind.label);
        OutlineNode {
            id: text_of(step, "id").to_owned(),
            kind: kind.to_owned(),
            title: title(step),
            next: draft::ways(step).into_iter().map(|way| (way.label, way.to)).collect(),
            problem: !errors_at(problems, place).is_empty(),
        }
    };
    Outline {
        key: key.to_owned(),
        title: "The flow".to_owned(),
        start: Some(draft.start().to_owned()),
        nodes: draft.steps().iter().enumerate().map(node).collect(),
    }
}

fn facts(step: &Step) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |label, text: String| {
        if !text.is_empty() {
            facts.push((label, text));
        }
    };
    let flag = |field| step.get(field).and_then(Value::as_bool) == Some(true);
    add("Asks for", text_of(step, "type").to_owned());
    add("Variable", text_of(step, "var").to_owned());
    add("Marker", format!("{} {}", text_of(step, "edge"), text_of(step, "name")).trim().to_owned());
    add("Department", text_of(step, "department").to_owned());
    add("Confirms with", text_of(step, "confirm").to_owned());
    add("Attempts", step.get("attempts").map(Value::to_string).unwrap_or_default());
    add(
        "Error texts",
        step.get("errors").and_then(Value::as_array).map(|it| it.len().to_string()).unwrap_or_default(),
    );
    add("Optional", if flag("optional") { "yes".to_owned() } else { String::new() });
    if text_of(step, "kind") == "save_contact" {
        let all = ["name", "email", "phone"].map(|field| text_of(step, field));
        let custom =
            step.get("custom").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        facts.retain(|(label, _)| *label != "Marker");
        let named: Vec<&str> = all.into_iter().chain(custom).filter(|it| !it.is_empty()).collect();
        facts.push(("Saves", named.join(", ")));
    }
    facts
}

fn card(draft: &Draft, place: usize, problems: &[FieldError]) -> Card {
    let step = &draft.steps()[place];
    let id = text_of(step, "id").to_owned();
    let way = |way: draft::Way| {
        let target = draft.step(&way.to);
        let title = target.map(title).unwrap_or_default();
        WayView { label: way.label, title, is_missing: target.is_none(), to: way.to }
    };
    Card {
        path: encoded(&id),
        kind: kind(text_of(step, "kind")).map_or("Unknown kind", |kind| kind.label),
        text: text_of(step, "text").to_owned(),
        facts: facts(step),
        ways: draft::ways(step).into_iter().map(way).collect(),
        problems: errors_at(problems, place).into_iter().map(|error| error.message).collect(),
        is_start: draft.start() == id && draft.place(&id) == Some(place),
        is_named: !id.is_empty() && draft.place(&id) == Some(place),
        id,
    }
}

/// A text as one segment of an address.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn problem_views(draft: Option<&Draft>, problems: &[FieldError]) -> Vec<ProblemView> {
    let view = |error: &FieldError| {
        let step = step_of(&error.pointer).and_then(|(place, _)| draft?.steps().get(place));
        let step = step.map(|step| text_of(step, "id").to_owned());
        ProblemView { step, message: error.message.clone() }
    };
    problems.iter().map(view).collect()
}

/// So many problems are shown at once: one lost way makes everything behind it one more.
const SHOWN: usize = 8;

#[derive(Template)]
#[template(path = "chatbots/flow.html")]
struct FlowPage {
    shell: Shell,
    tab: &'static str,
    bot: Chatbot,
    ahead: bool,
    cards: Vec<Card>,
    problems: Vec<ProblemView>,
    picture: String,
    /// Why the draft cannot be shown as a list.
    unread: Option<String>,
    prefill: String,
    preview: Preview,
    /// The step that was asked for, if there is none of that id.
    missing: Option<String>,
    errors: Errors,
}

/// What the widget on the page talks as.
enum Preview {
    /// There is none.
    Closed,
    Draft,
    /// It was to be the draft, which makes no sense.
    Unsound,
    /// This version.
    Published(u32),
}

impl Preview {
    fn of(query: &Form, is_sound: bool, published: Option<u32>) -> Self {
        match (query.has_name("preview"), query.get("preview"), published) {
            (false, ..) => Self::Closed,
            (true, "published", Some(version)) => Self::Published(version),
            _ if is_sound => Self::Draft,
            _ => Self::Unsound,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Draft | Self::Published(_))
    }

    fn is_draft(&self) -> bool {
        matches!(self, Self::Draft)
    }
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: &str,
    query: &Form,
    errors: Errors,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        let published = chatbots::published(tx, &actor, &bot)?;
        Ok::<_, AppError>((bot, published, department_names(tx, &actor)?))
    });
    let (bot, published, departments) = found.await?;
    let judge = move || {
        let ahead = chatbots::is_ahead(&bot.draft, published.as_deref());
        (ahead, problems(&bot.draft, &departments), bot)
    };
    let (ahead, problems, bot) = aside(judge).await?;
    let draft = Draft::read(&bot.draft);
    let shell = shell_of(web, by, &bot).below("Flow", "").saying(query, DONE);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let known = draft.as_ref().ok();
    let page = FlowPage {
        shell,
        tab: "flow",
        ahead,
        problems: problem_views(known, &problems),
        cards: known
            .map(|draft| (0..draft.steps().len()).map(|place| card(draft, place, &problems)).collect())
            .unwrap_or_default(),
        picture: known.map(|draft| outline(draft, "flow", &problems).to_string()).unwrap_or_default(),
        unread: draft.as_ref().err().map(ToString::to_string),
        prefill: known.map(|draft| draft.prefill().join(", ")).unwrap_or_default(),
        preview: Preview::of(query, problems.is_empty() && known.is_some(), bot.version),
        missing: query.filled("at").filter(|at| known.is_some_and(|it| it.step(at).is_none())).map(visible),
        errors,
        bot,
    };
    render(status, &page)
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path(id): Path<String>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    page(&web, &by, &id, &query.0, Errors::default()).await
}

/// Where conversations begin, and what pages bring along.
pub(super) async fn save_start(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let start = form.get("start").to_owned();
    let names = form.get("prefill").split([',', ' ', '\n']).filter(|it| !it.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let saved = web.db.write(move |tx| {
        chatbots::edit(tx, &actor, bot, |draft| {
            draft.begin_with(&start);
            draft.set_prefill(names.clone());
            Ok(())
        })
    });
    match saved.await {
        Ok(()) => Ok(go(&format!("/chatbots/{bot}/flow"), "saved")),
        Err(error) => page(&web, &by, &id, &Form::default(), wrong(error)?).await,
    }
}

#[derive(Template)]
#[template(path = "chatbots/json.html")]
struct JsonPage {
    shell: Shell,
    tab: &'static str,
    bot: Chatbot,
    text: String,
    problems: Vec<JsonProblem>,
    errors: Errors,
}

/// Something that is wrong with the text, with its line.
#[derive(Serialize)]
struct JsonProblem {
    line: Option<usize>,
    pointer: String,
    message: String,
}

fn in_text(text: &str, problems: &[FieldError]) -> Vec<JsonProblem> {
    let lines = lines_of_steps(text);
    let view = |error: &FieldError| JsonProblem {
        line: step_of(&error.pointer).and_then(|(place, _)| lines.get(place).copied()),
        pointer: error.pointer.clone(),
        message: error.message.clone(),
    };
    problems.iter().map(view).collect()
}

/// The line on which each step begins, counted from 1.
fn lines_of_steps(text: &str) -> Vec<usize> {
    #[derive(serde::Deserialize)]
    struct Places<'a> {
        #[serde(borrow, default)]
        nodes: Vec<&'a serde_json::value::RawValue>,
    }
    let places: Places = serde_json::from_str(text).unwrap_or(Places { nodes: Vec::new() });
    let begins = places.nodes.iter().map(|raw| raw.get().as_ptr() as usize - text.as_ptr() as usize);
    // They ascend: each is counted from the one before, or a text of many would take for ever.
    let (mut from, mut line) = (0, 1);
    let line_at = |at: usize| {
        line += text.as_bytes()[from..at].iter().filter(|byte| **byte == b'\n').count();
        from = at;
        line
    };
    begins.map(line_at).collect()
}

async fn json_page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: &str,
    given: Option<(String, Errors)>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((bot, department_names(tx, &actor)?))
    });
    let (bot, departments) = found.await?;
    let text = given.as_ref().map_or(&bot.draft, |(text, _)| text).clone();
    let judge = move || (in_text(&text, &chatbots::problems(&text, &departments)), text);
    let (problems, text) = aside(judge).await?;
    let shell =
        shell_of(web, by, &bot).below("Flow", &format!("/chatbots/{}/flow", bot.id)).below("JSON", "");
    let status = if given.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let errors = given.map(|it| it.1).unwrap_or_default();
    render(status, &JsonPage { shell, tab: "flow", bot, text, problems, errors })
}

pub(super) async fn json(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    json_page(&web, &by, &id, None).await
}

pub(super) async fn save_json(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let text = form.get("flow").to_owned();
    let update = ChatbotUpdate { flow: Some(text.clone()), ..ChatbotUpdate::default() };
    match web.db.write(move |tx| chatbots::update(tx, &actor, bot, &update)).await {
        Ok(_) => Ok(go(&format!("/chatbots/{bot}/flow"), "saved")),
        Err(error) => json_page(&web, &by, &id, Some((text, wrong(error)?))).await,
    }
}

/// The draft as a file.
pub(super) async fn export(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let bot = web.db.read(move |tx| chatbots::get(tx, &actor, id)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"flow-{id}.json\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, bot.draft).into_response())
}

/// What would be wrong if that were saved: `flow` is all of it, `step` names the one that is filled in.
#[derive(Serialize)]
struct Checked {
    /// About the text, or about the step that is filled in.
    problems: Vec<JsonProblem>,
    /// How many more there are elsewhere.
    elsewhere: usize,
}

pub(super) async fn check(
    State(web): State<Shared>,
    Path(id): Path<String>,
    query: Query,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((bot, department_names(tx, &actor)?))
    });
    let (bot, departments) = found.await?;
    let step = query.0.filled("step").map(str::to_owned);
    let checked = aside(move || match step {
        None => {
            let text = form.get("flow");
            let problems = in_text(text, &chatbots::problems(text, &departments));
            Checked { problems, elsewhere: 0 }
        }
        Some(step) => {
            let judged = steps::judged(&bot.draft, &step, &form, &departments);
            let (errors, elsewhere) = judged.unwrap_or_else(|Invalid { errors, .. }| (errors, 0));
            Checked { problems: of_step(errors), elsewhere }
        }
    });
    Ok(Json(checked.await?).into_response())
}

fn of_step(errors: Vec<FieldError>) -> Vec<JsonProblem> {
    let problem = |error: FieldError| JsonProblem {
        line: None,
        pointer: error.pointer.trim_start_matches('/').to_owned(),
        message: error.message,
    };
    errors.into_iter().map(problem).collect()
}

/// The names of the account's departments.
pub(super) fn department_names(tx: &mut app::Tx<'_>, actor: &domain::Actor) -> Result<Vec<String>, AppError> {
    Ok(departments::list(tx, actor)?.into_iter().map(|it| it.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_very_many_steps_are_counted_in_one_pass() {
        let text = format!("{{\"nodes\":[\n{}0]}}", "0,\n".repeat(300_000));
        let begun = std::time::Instant::now();
        let lines = lines_of_steps(&text);
        assert_eq!((lines[0], lines[1], lines[300_000]), (2, 3, 300_002));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "it took {:?}", begun.elapsed());
    }
}
