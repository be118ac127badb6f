//! What was published when, what changed from one to the next, and what would change now.

use app::{AppError, chatbots};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    Chatbot, Id, Timestamp,
    flow::draft::{Changes, Draft},
};
use http::StatusCode;

use super::{
    super::{
        failure::Failure,
        form::Errors,
        member::ByMember,
        shell::{Shell, go, render},
        when::filters,
    },
    aside,
    flow::{department_names, outline},
    id_of,
    problems::problems,
    shell_of, wrong,
};
use crate::{
    Shared,
    auth::{Manage, Read},
    problem::Problem,
};

/// So many versions are compared with the one before on one page.
const COMPARED: usize = 20;

/// What changed, in words.
pub(super) fn summary(changes: &Changes) -> Vec<String> {
    let line = |what: &str, ids: &[String]| match ids.len() {
        0 => None,
        1..=6 => Some(format!("{what}: {}", ids.join(", "))),
        more => Some(format!("{what}: {} and {} more", ids[..5].join(", "), more - 5)),
    };
    let other = changes.other.then(|| "Order, start or what pages bring along".to_owned());
    let lines = [
        line("Added", &changes.added),
        line("Removed", &changes.removed),
        line("Changed", &changes.changed),
        other,
    ];
    lines.into_iter().flatten().collect()
}

struct VersionView {
    number: u32,
    at: Timestamp,
    /// None beyond the number that are compared.
    changes: Option<Vec<String>>,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "chatbots/versions.html")]
struct VersionsPage {
    shell: Shell,
    tab: &'static str,
    bot: Chatbot,
    ahead: bool,
    versions: Vec<VersionView>,
}

/// What was published when, and the flows of the newest, as they are read.
type Published = (Vec<(u32, Timestamp)>, Vec<String>);

fn read_versions(tx: &mut app::Tx<'_>, actor: &domain::Actor, bot: &Chatbot) -> Result<Published, AppError> {
    let all = chatbots::versions(tx, actor, bot.id)?;
    let mut flows = Vec::new();
    for (number, _) in all.iter().take(COMPARED + 1) {
        flows.push(chatbots::version(tx, actor, bot.id, *number)?);
    }
    Ok((all, flows))
}

fn views((all, flows): Published, bot: &Chatbot) -> Vec<VersionView> {
    let view = |(place, (number, at)): (usize, (u32, Timestamp))| VersionView {
        number,
        at,
        changes: match (flows.get(place), flows.get(place + 1)) {
            (Some(newer), Some(older)) => Some(summary(&Changes::between(older, newer))),
            _ if number == 1 => Some(vec!["The first version".to_owned()]),
            _ => None,
        },
        is_current: bot.version == Some(number),
    };
    all.into_iter().enumerate().map(view).collect()
}

pub(super) async fn list(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        let published = chatbots::published(tx, &actor, &bot)?;
        Ok::<_, AppError>((read_versions(tx, &actor, &bot)?, published, bot))
    });
    let (all, published, bot) = found.await?;
    let judge = move || {
        let ahead = chatbots::is_ahead(&bot.draft, published.as_deref());
        (ahead, views(all, &bot), bot)
    };
    let (ahead, versions, bot) = aside(judge).await?;
    let shell = shell_of(&web, &by, &bot).below("Versions", "");
    render(StatusCode::OK, &VersionsPage { shell, tab: "versions", bot, ahead, versions })
}

#[derive(Template)]
#[template(path = "chatbots/version.html")]
struct VersionPage {
    shell: Shell,
    bot: Chatbot,
    number: u32,
    /// What restoring it would change about the draft.
    changes: Vec<String>,
    picture: String,
    flow: String,
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, number, actor) = (id_of(&id)?, number_of(&number)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((chatbots::version(tx, &actor, id, number)?, bot))
    });
    let (flow, bot) = found.await?;
    let draft = Draft::read(&flow).ok();
    let shell = shell_of(&web, &by, &bot)
        .below("Versions", &format!("/chatbots/{id}/versions"))
        .below(&format!("Version {number}"), "");
    let page = VersionPage {
        shell,
        number,
        changes: summary(&Changes::between(&bot.draft, &flow)),
        picture: draft.as_ref().map(|it| outline(it, "version", &[]).to_string()).unwrap_or_default(),
        flow: draft.map_or(flow, |it| it.text()),
        bot,
    };
    render(StatusCode::OK, &page)
}

fn number_of(text: &str) -> Result<u32, Failure> {
    text.parse().map_err(|_| Problem::not_found().into())
}

pub(super) async fn restore(
    State(web): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, number, actor) = (id_of(&id)?, number_of(&number)?, by.actor);
    web.db.write(move |tx| chatbots::restore(tx, &actor, id, number)).await?;
    Ok(go(&format!("/chatbots/{id}/flow"), "restored"))
}

#[derive(Template)]
#[template(path = "chatbots/publish.html")]
struct PublishPage {
    shell: Shell,
    bot: Chatbot,
    changes: Vec<String>,
    ahead: bool,
    problems: Vec<String>,
}

async fn publish_page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: Id<Chatbot>,
    status: StatusCode,
    refused: Option<Errors>,
) -> Result<Response, Failure> {
    let actor = by.actor;
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        let published = chatbots::published(tx, &actor, &bot)?;
        Ok::<_, AppError>((bot, published, department_names(tx, &actor)?))
    });
    let (bot, published, departments) = found.await?;
    let judge = move || {
        let changes = published.map(|published| Changes::between(&published, &bot.draft));
        (changes, problems(&bot.draft, &departments), bot)
    };
    let (changes, problems, bot) = aside(judge).await?;
    let problems: Vec<String> = problems.into_iter().map(|it| it.message).collect();
    let refused = refused.iter().flat_map(|errors| errors.under("").map(|it| it.message.clone()));
    let page = PublishPage {
        shell: shell_of(web, by, &bot).below("Publish", ""),
        ahead: changes.as_ref().is_none_or(|changes| !changes.is_empty()),
        changes: changes.as_ref().map(summary).unwrap_or_default(),
        problems: if problems.is_empty() { refused.collect() } else { problems },
        bot,
    };
    render(status, &page)
}

pub(super) async fn ask_publish(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    publish_page(&web, &by, id_of(&id)?, StatusCode::OK, None).await
}

pub(super) async fn publish(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(&id)?, by.actor);
    match web.db.write(move |tx| chatbots::publish(tx, &actor, id)).await {
        Ok(_) => Ok(go(&format!("/chatbots/{id}"), "published")),
        Err(error) => {
            let errors = wrong(error)?;
            publish_page(&web, &by, id, StatusCode::UNPROCESSABLE_ENTITY, Some(errors)).await
        }
    }
}
