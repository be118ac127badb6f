//! How a chatbot comes onto a web page: the script tag, who may embed it, how it looks there, and whether it was seen.

use app::{AppError, chatbots, sightings, sightings::Sighting};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Chatbot, ChatbotSettings, Invalid, chatbot::check_origin};
use http::StatusCode;

use super::{
    super::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Shell, go, render},
        when::filters,
    },
    id_of, shell_of, wrong,
};
use crate::{
    Shared,
    auth::{Manage, Read},
};

const DONE: &[(&str, &str)] =
    &[("saved", "Saved. It counts at once."), ("allowed", "That origin may embed the chatbot now.")];

#[derive(Template)]
#[template(path = "chatbots/install.html")]
struct InstallPage {
    shell: Shell,
    tab: &'static str,
    bot: Chatbot,
    /// The address of this server, as browsers reach it.
    base: String,
    admitted: Vec<Sighting>,
    refused: Vec<Sighting>,
    /// What is in the fields.
    origins: String,
    color: String,
    position: String,
    dir: String,
    region: String,
    time_zone: String,
    errors: Errors,
}

impl InstallPage {
    /// Whether nobody but this machine can reach what the script tag names.
    fn is_local(&self) -> bool {
        ["//localhost", "//127.", "//[::1]"].iter().any(|local| self.base.contains(local))
    }

    fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// How well the colour is seen on a white page and letters on it: the widget takes black or white ones, so that
    /// is seldom the question (WCAG 2.2, 1.4.11 and 1.4.3).
    fn contrast_words(&self) -> String {
        match contrast_with_white(&self.color) {
            None => "Empty: the built-in colour. Letters on it are black or white, whichever is read better."
                .to_owned(),
            Some(ratio) if ratio >= 3.0 => format!("Against a white page {ratio:.1} to 1, which is enough."),
            Some(ratio) => {
                format!("Against a white page only {ratio:.1} to 1; 3 is wanted for the button to be seen.")
            }
        }
    }
}

/// The contrast of a colour such as `#0b57d0` with white.
fn contrast_with_white(color: &str) -> Option<f64> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok().map(linear);
    let light = 0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?;
    Some(1.05 / (light + 0.05))
}

/// The light of a channel (WCAG 2.2, "relative luminance").
fn linear(value: u8) -> f64 {
    let value = f64::from(value) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    id: &str,
    query: &Form,
    given: Option<(&Form, Errors)>,
) -> Result<Response, Failure> {
    let (id, actor) = (id_of(id)?, by.actor);
    let found = web.db.read(move |tx| {
        let bot = chatbots::get(tx, &actor, id)?;
        Ok::<_, AppError>((sightings::list(tx, &actor, id)?, bot))
    });
    let (seen, bot) = found.await?;
    let (admitted, refused) = seen.into_iter().partition(|it| it.admitted);
    let status = if given.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let settings = &bot.settings;
    let value = |name: &str, stored: &str| match &given {
        Some((form, _)) => form.get(name).to_owned(),
        None => stored.to_owned(),
    };
    let or_empty = |it: &Option<String>| it.clone().unwrap_or_default();
    let page = InstallPage {
        shell: shell_of(web, by, &bot).below("Install", "").saying(query, DONE),
        tab: "install",
        base: web.settings.own_origins.first().cloned().unwrap_or_else(|| "https://YOUR-HOST".to_owned()),
        admitted,
        refused,
        origins: value("allowed_origins", &settings.allowed_origins.join("\n")),
        color: value("color", &or_empty(&settings.theme.color)),
        position: value("position", &or_empty(&settings.theme.position)),
        dir: value("dir", &or_empty(&settings.theme.dir)),
        region: value("region", &or_empty(&settings.region)),
        time_zone: value("time_zone", &settings.time_zone),
        errors: given.map(|it| it.1).unwrap_or_default(),
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
    page(&web, &by, &id, &query.0, None).await
}

fn apply(settings: &mut ChatbotSettings, form: &Form, origins: Vec<String>) {
    let text = |name: &str| form.filled(name).map(str::to_owned);
    settings.allowed_origins = origins;
    settings.theme.color = text("color");
    settings.theme.position = text("position");
    settings.theme.dir = text("dir");
    settings.region = text("region").map(|region| region.to_ascii_uppercase());
    settings.time_zone = text("time_zone").unwrap_or_else(|| ChatbotSettings::default().time_zone);
}

/// One a line. Every line that is no origin is named: the settings' own check ends with the first.
fn origins(form: &Form) -> Result<Vec<String>, Invalid> {
    let lines = form.get("allowed_origins").lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    Invalid::gather(lines.iter().map(|line| match check_origin(line) {
        Ok(_) => Ok(()),
        Err(it) => {
            Err(Invalid::field("/settings/allowed_origins", format!("{line}: {}", it.errors[0].message)))
        }
    }))?;
    Ok(lines.into_iter().map(str::to_owned).collect())
}

pub(super) async fn save(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let (filled, mut reading) = (form.clone(), Reading::new());
    let origins = reading.or(origins(&form), Vec::new());
    let saved = web.db.write(move |tx| {
        let apply = |settings: &mut ChatbotSettings| apply(settings, &filled, origins.clone());
        reading.settle(chatbots::configure(tx, &actor, bot, apply))
    });
    match saved.await {
        Ok(_) => Ok(go(&format!("/chatbots/{bot}/install"), "saved")),
        Err(error) => page(&web, &by, &id, &Form::default(), Some((&form, wrong(error)?))).await,
    }
}

/// One more origin may embed it.
pub(super) async fn allow(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (id_of(&id)?, by.actor);
    let origin = form.get("origin").to_owned();
    let allowed = web.db.write(move |tx| {
        chatbots::configure(tx, &actor, bot, |settings| {
            if !settings.allowed_origins.contains(&origin) {
                settings.allowed_origins.push(origin.clone());
            }
        })
    });
    allowed.await?;
    Ok(go(&format!("/chatbots/{bot}/install"), "allowed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let of = |color: &str| contrast_with_white(color).map(|ratio| format!("{ratio:.2}"));
        assert_eq!(of("#000000").as_deref(), Some("21.00"));
        assert_eq!(of("#767676").as_deref(), Some("4.54"));
        assert_eq!(of("#ffffff").as_deref(), Some("1.00"));
        assert_eq!((of("red"), of("#12345"), of("#ééé")), (None, None, None));
    }
}
