//! What is kept of visitors, what they are asked, and what is masked.

use app::{AppError, chatbots};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::flow::draft::{Draft, text_of};
use http::StatusCode;

use super::{Chosen, SAVED, asked, named, saved};
use crate::{
    Shared,
    auth::{Manage, Read},
    pages::{
        failure::Failure,
        form::{Form, Query},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
};

#[derive(Template)]
#[template(path = "configuration/privacy.html")]
struct PrivacyPage {
    shell: Shell,
    place: &'static str,
    chosen: Option<Chosen>,
    /// The questions for consent in what is published.
    consents: Vec<String>,
    /// Whether it saves contacts.
    saves: bool,
    payload_days: u64,
    record_days: u64,
    address_days: u64,
}

pub(super) async fn show(
    State(web): State<Shared>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (asked(&query.0)?, by.actor);
    let found = web.db.read(move |tx| {
        let chosen = Chosen::read(tx, &actor, id)?;
        let published = chosen.as_ref().and_then(|it| Some((it.bot.id, it.bot.version?)));
        let flow = match published {
            Some((bot, version)) => Some(chatbots::version(tx, &actor, bot, version)?),
            None => None,
        };
        Ok::<_, AppError>((chosen, flow))
    });
    let (chosen, flow) = found.await?;
    let draft = flow.and_then(|flow| Draft::read(&flow).ok());
    let of = |kind: &str| -> Vec<String> {
        let steps = draft.iter().flat_map(Draft::steps);
        steps
            .filter(|step| text_of(step, "kind") == kind)
            .map(|step| text_of(step, "text").to_owned())
            .collect()
    };
    let days = |length: std::time::Duration| length.as_secs() / 86_400;
    let page = PrivacyPage {
        shell: Shell::new(&web, &by, Place::Privacy).saying(&query.0, SAVED),
        place: Place::Privacy.path(),
        consents: of("consent"),
        saves: !of("save_contact").is_empty(),
        payload_days: days(web.settings.retention.payloads),
        record_days: days(web.settings.retention.records),
        address_days: days(web.settings.retention.addresses),
        chosen,
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn save(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (named(&form)?, by.actor);
    let mask = form.has("mask_cards", "true");
    let written =
        web.db.write(move |tx| chatbots::configure(tx, &actor, bot, |settings| settings.mask_cards = mask));
    written.await?;
    Ok(go(&saved(Place::Privacy, bot), "saved"))
}
