//! What is around every page of the dashboard: where one is, who one is, what has just been done.

use app::{sessions::SignedIn, webhooks::Troubled};
use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::{Account, Actor, Permission, Role, Timestamp};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::tz::TimeZone;

use super::{
    failure::Failure,
    form::Form,
    member::ByMember,
    when::{When, local_times, visible},
};
use crate::{Shared, problem::Problem};

/// What a page may do (Content Security Policy Level 3): load from here, and nothing else. The widget needs no more.
pub(crate) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types leadpost",
);

/// Those of every page (OWASP ASVS 5.0, 3.4).
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// A page as it is sent.
pub(crate) fn page(status: StatusCode, text: String) -> Response {
    (status, HEADERS, Html(text)).into_response()
}

/// A page made from its template.
pub(crate) fn render(status: StatusCode, template: &impl Template) -> Result<Response, Failure> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be written");
        Problem::internal()
    })?;
    Ok(page(status, text))
}

/// After something was done: the page that shows it, with the sentence that belongs to `done` (see [`Shell::done`]).
pub(crate) fn go(path: &str, done: &str) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{path}{joint}done={done}")).into_response()
}

/// The pages that the navigation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Conversations,
    Contacts,
    Chatbots,
    Overview,
    BotReport,
    Events,
    Webhooks,
    Closing,
    Departments,
    Texts,
    Privacy,
    Profile,
    Members,
    Sessions,
    Keys,
    Settings,
    Audit,
}

/// A step of the breadcrumb, or a line of the navigation.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) label: String,
    pub(crate) path: String,
}

fn step(label: &str, path: &str) -> Step {
    Step { label: label.to_owned(), path: path.to_owned() }
}

const ANALYTICS: &str = "/analytics";
const CONFIGURATION: &str = "/analytics/settings/conversation-configuration";

impl Place {
    /// The sections of the navigation below Analytics › Settings › Conversation Configuration.
    const CONFIGURED: [Place; 5] =
        [Place::Webhooks, Place::Closing, Place::Departments, Place::Texts, Place::Privacy];
    /// Those below Account.
    const ACCOUNT: [Place; 6] =
        [Place::Profile, Place::Sessions, Place::Members, Place::Keys, Place::Settings, Place::Audit];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Place::Conversations => "Conversations",
            Place::Contacts => "Contacts",
            Place::Chatbots => "Chatbots",
            Place::Overview => "Overview",
            Place::BotReport => "Bot report",
            Place::Events => "Events",
            Place::Webhooks => "Webhooks",
            Place::Closing => "Closing",
            Place::Departments => "Departments",
            Place::Texts => "Texts",
            Place::Privacy => "Privacy",
            Place::Profile => "Profile",
            Place::Members => "Members",
            Place::Sessions => "Sessions",
            Place::Keys => "API keys",
            Place::Settings => "Settings",
            Place::Audit => "Audit log",
        }
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Place::Conversations => "/conversations",
            Place::Contacts => "/contacts",
            Place::Chatbots => "/chatbots",
            Place::Overview => ANALYTICS,
            Place::BotReport => "/analytics/bot-report",
            Place::Events => "/analytics/events",
            Place::Webhooks => "/analytics/settings/conversation-configuration/webhooks",
            Place::Closing => "/analytics/settings/conversation-configuration/closing",
            Place::Departments => "/analytics/settings/conversation-configuration/departments",
            Place::Texts => "/analytics/settings/conversation-configuration/texts",
            Place::Privacy => "/analytics/settings/conversation-configuration/privacy",
            Place::Profile => "/account",
            Place::Members => "/account/members",
            Place::Sessions => "/account/sessions",
            Place::Keys => "/account/keys",
            Place::Settings => "/account/settings",
            Place::Audit => "/account/audit",
        }
    }

    /// What a member needs to be shown the way there.
    const fn needs(self) -> Permission {
        match self {
            Place::Conversations | Place::Contacts => Permission::People,
            Place::Members | Place::Keys | Place::Settings | Place::Audit => Permission::Admin,
            _ => Permission::Read,
        }
    }

    /// The breadcrumb, from the dashboard to the place itself.
    fn steps(self) -> Vec<Step> {
        let mut steps = vec![step("Dashboard", "/")];
        match self {
            Place::Overview | Place::BotReport | Place::Events => steps.push(step("Analytics", ANALYTICS)),
            it if Place::CONFIGURED.contains(&it) => {
                steps.push(step("Analytics", ANALYTICS));
                steps.push(step("Settings", "/analytics/settings"));
                steps.push(step("Conversation Configuration", CONFIGURATION));
            }
            it if Place::ACCOUNT.contains(&it) => steps.push(step("Account", Place::Profile.path())),
            _ => {}
        }
        steps.push(step(self.label(), self.path()));
        steps
    }
}

/// What the layout shows around a page.
#[derive(Clone)]
pub(crate) struct Shell {
    /// None where there is no page.
    place: Option<Place>,
    /// The breadcrumb; the last is the page itself.
    pub(crate) steps: Vec<Step>,
    /// Who is signed in.
    pub(crate) member: String,
    pub(crate) role: Role,
    pub(crate) account: Account,
    /// What has just been done, in words.
    pub(crate) done: Option<&'static str>,
    /// Webhooks that somebody has to look after.
    troubled: Vec<Troubled>,
    /// Whether passwords travel in the clear.
    pub(crate) insecure: bool,
    actor: Actor,
    now: Timestamp,
    zone: TimeZone,
}

impl Shell {
    /// Of a page that the navigation names.
    pub(crate) fn new<N>(web: &Shared, by: &ByMember<N>, place: Place) -> Self {
        Self::of(web, &by.signed, place)
    }

    /// The same, of whoever is signed in.
    pub(crate) fn of(web: &Shared, signed: &SignedIn, place: Place) -> Self {
        Self { place: Some(place), steps: place.steps(), ..Self::nowhere(web, signed, "") }
    }

    /// Around what says, under that heading, why there is no page.
    pub(crate) fn nowhere(web: &Shared, signed: &SignedIn, heading: &str) -> Self {
        Self {
            place: None,
            steps: vec![step("Dashboard", "/"), step(heading, "")],
            member: signed.member.name.clone(),
            role: signed.member.role,
            account: signed.account.clone(),
            done: None,
            troubled: signed.troubled.clone(),
            insecure: !web.settings.secure && !web.settings.local,
            actor: signed.actor(),
            now: web.db.ambient().clock.now(),
            zone: TimeZone::get(&signed.account.time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// Of a page below the place: one more step of the breadcrumb.
    pub(crate) fn below(mut self, label: &str, path: &str) -> Self {
        self.steps.push(step(label, path));
        self
    }

    /// Says what was just done, if the query has `done` with one of these words.
    pub(crate) fn saying(mut self, query: &Form, known: &[(&str, &'static str)]) -> Self {
        self.done = known.iter().find(|(word, _)| *word == query.get("done")).map(|(_, said)| *said);
        self
    }

    /// The page's title: the way to it, from the page back.
    pub(crate) fn title(&self) -> String {
        let labels: Vec<&str> = self.steps.iter().skip(1).rev().map(|step| step.label.as_str()).collect();
        format!("{} · Leadpost", labels.join(" · "))
    }

    /// Webhooks that somebody has to look after, so many as are named: address, name, state.
    pub(crate) fn troubled(&self) -> Vec<(String, String, &'static str)> {
        let named = self.troubled.iter().take(SignedIn::TROUBLED);
        named
            .map(|it| (format!("{}/{}", Place::Webhooks.path(), it.id), visible(&it.name), it.state.as_str()))
            .collect()
    }

    /// How many there are, in words: `2 webhooks need you`.
    pub(crate) fn trouble(&self) -> String {
        match self.troubled.len() {
            1 => "A webhook needs you".to_owned(),
            all if all > SignedIn::TROUBLED => format!("More than {} webhooks need you", SignedIn::TROUBLED),
            all => format!("{all} webhooks need you"),
        }
    }

    /// Whether whoever is signed in may do that.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    /// Whether they may change webhooks, chatbots and the like.
    pub(crate) fn manages(&self) -> bool {
        self.may(Permission::Manage)
    }

    /// Whether they may see what was said and by whom.
    pub(crate) fn sees_people(&self) -> bool {
        self.may(Permission::People)
    }

    /// A text with every instant in it as the account's clocks show it.
    pub(crate) fn local(&self, text: &str) -> String {
        local_times(text, &self.zone)
    }

    /// An instant as it is shown.
    pub(crate) fn when(&self, at: &Timestamp) -> When {
        When::new(*at, self.now, self.zone.clone())
    }

    /// When the page is made.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The account's time zone.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn shown(&self, places: &[Place]) -> Vec<Place> {
        places.iter().copied().filter(|place| self.may(place.needs())).collect()
    }

    /// The navigation: its sections, each with its places.
    pub(crate) fn first(&self) -> Vec<Place> {
        self.shown(&[Place::Conversations, Place::Contacts, Place::Chatbots])
    }

    pub(crate) fn analytics(&self) -> Vec<Place> {
        self.shown(&[Place::Overview, Place::BotReport, Place::Events])
    }

    pub(crate) fn configured(&self) -> Vec<Place> {
        self.shown(&Place::CONFIGURED)
    }

    pub(crate) fn own(&self) -> Vec<Place> {
        self.shown(&Place::ACCOUNT)
    }

    /// Whether that is where one is.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        self.place == Some(*place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_webhooks_is_the_literal_one() {
        let labels: Vec<String> = Place::Webhooks.steps().into_iter().map(|step| step.label).collect();
        assert_eq!(
            labels.join(" > "),
            "Dashboard > Analytics > Settings > Conversation Configuration > Webhooks"
        );
        assert_eq!(Place::Webhooks.path(), "/analytics/settings/conversation-configuration/webhooks");
    }
}
