//! Chatbots: how they are set up, who may embed them, and the departments that they hand visitors to.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Account, Id, Invalid, Noun, Timestamp, Visitor,
    account::check_name,
    token::{Opens, Token},
};

/// A bot that talks to visitors of a web page.
#[derive(Clone, Debug, PartialEq)]
pub struct Chatbot {
    /// `bot_…`
    pub id: Id<Chatbot>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What people call it; visitors see it, too.
    pub name: String,
    /// What names it in the script tag of a web page. Anybody can read it there.
    pub public_key: String,
    /// The flow as it is being edited, as JSON; need not be valid yet.
    pub draft: String,
    /// The published version, with which conversations begin; None until there is one.
    pub version: Option<u32>,
    /// How it is set up.
    pub settings: ChatbotSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings or its draft last changed.
    pub updated_at: Timestamp,
}

impl Noun for Chatbot {
    const PREFIX: &'static str = "bot";
}

/// The public key made from random bytes: `pk_` and 22 characters.
pub fn public_key(bytes: &[u8; 32]) -> String {
    format!("pk_{}", URL_SAFE_NO_PAD.encode(&bytes[..16]))
}

/// Whether a text can be a public key, before anything is looked up.
pub fn is_public_key(text: &str) -> bool {
    let digits = text.strip_prefix("pk_").unwrap_or_default();
    digits.len() == 22
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// How a chatbot is set up. The flow is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatbotSettings {
    /// Origins of web pages that may embed it, such as `https://www.example.com`. None at all: only its preview may.
    pub allowed_origins: Vec<String>,
    /// The region whose way of writing phone numbers is understood without `+` (ISO 3166-1 alpha-2).
    pub region: Option<String>,
    /// What day and time of day it is to the bot (IANA time zone).
    pub time_zone: String,
    /// How the widget looks.
    pub theme: Theme,
    /// The widget's own texts, by name, where they are not to be the built-in ones.
    pub texts: BTreeMap<String, String>,
    /// Whether all but the last digits of card numbers are masked when something is stored.
    pub mask_cards: bool,
    /// When idle chats end.
    pub timers: Timers,
}

impl Default for ChatbotSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            region: None,
            time_zone: "UTC".to_owned(),
            theme: Theme::default(),
            texts: BTreeMap::new(),
            mask_cards: false,
            timers: Timers::default(),
        }
    }
}

/// How the widget looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Theme {
    /// `#rrggbb`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// `left` or `right`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// `ltr` or `rtl`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
}

/// After how long without a word something happens. Stored as whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, try_from = "TimersText", into = "TimersText")]
pub struct Timers {
    /// A visitor who does not answer the bot is reminded once; never if None.
    pub reminder: Option<Duration>,
    /// The words of the reminder.
    pub reminder_text: String,
    /// A chat led by the bot ends.
    pub bot_close: Duration,
    /// A chat that no operator accepts goes the flow's offline way.
    pub queue: Duration,
    /// A chat with an operator ends.
    pub agent_close: Duration,
}

impl Timers {
    /// No timer is longer.
    pub const MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Those of conversations that another chat tool pushes: it knows better when they end.
    pub fn external() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self { reminder: None, bot_close: day, queue: day, agent_close: day, ..Self::default() }
    }
}

impl Default for Timers {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            reminder: Some(minutes(5)),
            reminder_text: "Are you still there?".to_owned(),
            bot_close: minutes(15),
            queue: minutes(2),
            agent_close: minutes(30),
        }
    }
}

/// [`Timers`] as they are written: seconds, and 0 for no reminder.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TimersText {
    reminder_s: u64,
    reminder_text: String,
    bot_close_s: u64,
    queue_s: u64,
    agent_close_s: u64,
}

impl Default for TimersText {
    fn default() -> Self {
        Timers::default().into()
    }
}

impl From<Timers> for TimersText {
    fn from(timers: Timers) -> Self {
        Self {
            reminder_s: timers.reminder.map_or(0, |it| it.as_secs()),
            reminder_text: timers.reminder_text,
            bot_close_s: timers.bot_close.as_secs(),
            queue_s: timers.queue.as_secs(),
            agent_close_s: timers.agent_close.as_secs(),
        }
    }
}

impl TryFrom<TimersText> for Timers {
    type Error = String;

    fn try_from(text: TimersText) -> Result<Self, String> {
        let most = Self::MAX.as_secs();
        let seconds = |name: &str, seconds: u64| match seconds {
            10.. if seconds <= most => Ok(Duration::from_secs(seconds)),
            _ => Err(format!("{name} must be 10 to {most} seconds")),
        };
        Ok(Self {
            reminder: match text.reminder_s {
                0 => None,
                some => Some(seconds("reminder_s", some)?),
            },
            reminder_text: text.reminder_text,
            bot_close: seconds("bot_close_s", text.bot_close_s)?,
            queue: seconds("queue_s", text.queue_s)?,
            agent_close: seconds("agent_close_s", text.agent_close_s)?,
        })
    }
}

impl ChatbotSettings {
    /// How many origins and texts there may be.
    const MOST: usize = 100;

    /// Checks what types do not. Pointers begin at the settings. Origins become as browsers write them.
    pub fn check(mut self) -> Result<Self, Invalid> {
        if self.allowed_origins.len() > Self::MOST || self.texts.len() > Self::MOST {
            let message = format!("there may be at most {} origins and as many texts", Self::MOST);
            return Err(Invalid::field("/allowed_origins", message));
        }
        for (place, origin) in self.allowed_origins.iter_mut().enumerate() {
            *origin = check_origin(origin).map_err(|it| it.under(&format!("/allowed_origins/{place}")))?;
        }
        let long = |text: &String| text.chars().count() > 1_000;
        let too_long = self.texts.iter().filter(|(name, text)| long(name) || long(text));
        let texts = too_long.map(|(name, _)| {
            Err(Invalid::field(format!("/texts/{name}"), "must have at most 1,000 characters"))
        });
        let color = |it: &String| {
            it.len() == 7 && it.starts_with('#') && it[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let one_of = |place: &str, value: &Option<String>, known: [&str; 2]| match value {
            Some(value) if !known.contains(&value.as_str()) => {
                Err(Invalid::field(place, format!("must be {} or {}", known[0], known[1])))
            }
            _ => Ok(()),
        };
        let region = self.region.as_deref().is_none_or(crate::answers::known_region);
        let checks = [
            ensure(region, "/region", "must be a region of two letters with phone numbers, such as IN"),
            ensure(
                self.theme.color.as_ref().is_none_or(color),
                "/theme/color",
                "must be a colour such as #0b57d0",
            ),
            one_of("/theme/position", &self.theme.position, ["left", "right"]),
            one_of("/theme/dir", &self.theme.dir, ["ltr", "rtl"]),
            check_name("/timers/reminder_text", &self.timers.reminder_text),
            ensure(
                jiff::tz::TimeZone::get(&self.time_zone).is_ok(),
                "/time_zone",
                "must be a time zone such as Asia/Kolkata",
            ),
        ];
        Invalid::gather(checks.into_iter().chain(texts)).map(|()| self)
    }

    /// What the clock on the wall says where the bot is.
    pub fn local(&self, now: Timestamp) -> jiff::civil::DateTime {
        let zone = jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let instant = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        zone.to_datetime(instant)
    }
}

fn ensure(holds: bool, pointer: &str, message: &str) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid::field(pointer, message)) }
}

/// An origin as browsers write it in the header `Origin` (RFC 6454, section 6.1): scheme, host, and the port unless
/// it is the scheme's own.
pub fn check_origin(text: &str) -> Result<String, Invalid> {
    let wrong = || {
        Invalid::field("", "must be an origin such as https://www.example.com, without a path or a wildcard")
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !url.host_str().unwrap_or("*").contains('*');
    if plain { Ok(url.origin().ascii_serialization()) } else { Err(wrong()) }
}

/// The origin of a page's address.
pub fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// The secret by which a browser shows that a conversation is its own.
pub type VisitorToken = Token<Visitor>;

impl Opens for Visitor {
    const PREFIX: &'static str = "lpv_";
}

/// Operators who answer for the same kind of chats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// `dep_…`
    pub id: Id<Department>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What flows call it.
    pub name: String,
    /// Where it can be written to.
    pub email: Option<String>,
    /// Whether chats are not handed to it at present.
    pub disabled: bool,
    /// Whether it was there from the start, and stays.
    pub built_in: bool,
    /// Where a chat goes that nobody accepts, and after how long.
    pub transfer: Option<(Id<Department>, Duration)>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Noun for Department {
    const PREFIX: &'static str = "dep";
}

impl Department {
    /// Those that every account has.
    pub const BUILT_IN: [&'static str; 3] = ["Sales", "CRM", "Lead Generation"];

    /// A chat goes on to other departments at most so often before it counts as not accepted.
    pub const MOST_TRANSFERS: u32 = 3;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_becomes_as_browsers_write_it() {
        for (text, origin) in [
            ("https://www.example.com", "https://www.example.com"),
            ("https://WWW.Example.com:443/", "https://www.example.com"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(check_origin(text).as_deref(), Ok(origin), "{text}");
        }
        for text in [
            "",
            "*",
            "example.com",
            "https://*.example.com",
            "https://a/b",
            "ftp://a",
            "null",
            "https://a@b",
            "https://a?x",
        ] {
            assert!(check_origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_survive_the_store_and_wrong_ones_say_where() {
        let settings = ChatbotSettings {
            allowed_origins: vec!["https://Example.com/".into()],
            time_zone: "Asia/Kolkata".into(),
            ..ChatbotSettings::default()
        };
        let settings = settings.check().unwrap();
        assert_eq!(settings.allowed_origins, ["https://example.com"]);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ChatbotSettings>(&text).unwrap(), settings);
        let noon = "2026-03-04T06:30:00Z".parse().unwrap();
        assert_eq!(settings.local(noon).to_string(), "2026-03-04T12:00:00");

        let wrong = ChatbotSettings {
            time_zone: "Mars/Olympus".into(),
            region: Some("XX".into()),
            theme: Theme { color: Some("red".into()), position: Some("top".into()), dir: None },
            ..ChatbotSettings::default()
        };
        let places: Vec<_> = wrong.check().unwrap_err().errors.into_iter().map(|it| it.pointer).collect();
        assert_eq!(places, ["/region", "/theme/color", "/theme/position", "/time_zone"]);
    }

    #[test]
    fn timers_are_written_in_seconds_and_bounded() {
        let parse = |text: &str| serde_json::from_str::<Timers>(text);
        let timers = parse(r#"{"reminder_s":0,"bot_close_s":60}"#).unwrap();
        assert_eq!((timers.reminder, timers.bot_close), (None, Duration::from_secs(60)));
        assert_eq!(timers.agent_close, Timers::default().agent_close);
        for wrong in [r#"{"queue_s":9}"#, r#"{"agent_close_s":604801}"#, r#"{"other":1}"#] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
