//! How a chatbot is set up, as the API takes and shows it.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    ChatbotSettings, Invalid,
    chatbot::{Theme, Timers},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::read::{self, FromObject, Object, Pairs, Value};

/// Members of the settings; what is absent stays, and what is null gets its default.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChatbotSettingsChange)]
pub(crate) struct SettingsChange {
    /// Origins of web pages that may embed it, such as `https://www.example.com`; at most 100. None: no page may.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    allowed_origins: Option<Option<Vec<String>>>,
    /// The region whose way of writing phone numbers is understood without `+`: two letters, such as `IN`.
    #[schema(value_type = Option<String>)]
    region: Option<Option<String>>,
    /// What day and time of day it is to the bot.
    #[schema(value_type = Option<String>, default = "UTC", example = "Asia/Kolkata")]
    time_zone: Option<Option<String>>,
    #[schema(value_type = Option<ThemeChange>)]
    theme: Option<Option<ThemeChange>>,
    /// All texts of the widget, by name, that are not to be the built-in ones; at most 100 of 1,000 characters.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    texts: Option<Option<Pairs>>,
    /// Whether all but the last digits of card numbers are masked when something is stored.
    #[schema(value_type = Option<bool>, default = false)]
    mask_cards: Option<Option<bool>>,
    #[schema(value_type = Option<TimersChange>)]
    timers: Option<Option<TimersChange>>,
}

impl FromObject for SettingsChange {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            allowed_origins: object.clearable("allowed_origins"),
            region: object.clearable("region"),
            time_zone: object.clearable("time_zone"),
            theme: object.clearable("theme"),
            texts: object.clearable("texts"),
            mask_cards: object.clearable("mask_cards"),
            timers: object.clearable("timers"),
        })
    }
}

/// How the widget looks; what is absent stays, and what is null gets its default.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChatbotThemeChange)]
pub(crate) struct ThemeChange {
    #[schema(value_type = Option<String>, example = "#0b57d0")]
    color: Option<Option<String>>,
    /// `left` or `right`.
    #[schema(value_type = Option<String>)]
    position: Option<Option<String>>,
    /// `ltr` or `rtl`.
    #[schema(value_type = Option<String>)]
    dir: Option<Option<String>>,
}

impl FromObject for ThemeChange {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            color: object.clearable("color"),
            position: object.clearable("position"),
            dir: object.clearable("dir"),
        })
    }
}

/// When idle chats end, in seconds; what is absent stays, and what is null gets its default.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChatbotTimersChange)]
pub(crate) struct TimersChange {
    /// A visitor who does not answer the bot is reminded once; 0: never.
    #[schema(value_type = Option<u32>, default = 300, maximum = 604_800)]
    reminder_s: Option<Option<Wait>>,
    /// The words of the reminder.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    reminder_text: Option<Option<String>>,
    /// A chat led by the bot ends.
    #[schema(value_type = Option<u32>, default = 900, minimum = 10, maximum = 604_800)]
    bot_close_s: Option<Option<Wait>>,
    /// A chat that no operator accepts goes the flow's offline way.
    #[schema(value_type = Option<u32>, default = 120, minimum = 10, maximum = 604_800)]
    queue_s: Option<Option<Wait>>,
    /// A chat with an operator ends.
    #[schema(value_type = Option<u32>, default = 1800, minimum = 10, maximum = 604_800)]
    agent_close_s: Option<Option<Wait>>,
}

impl FromObject for TimersChange {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let mut timer = |name| {
            let wait: Option<Option<Wait>> = object.clearable(name);
            let never = name != "reminder_s" && matches!(wait, Some(Some(Wait(None))));
            let checked = if never { Err(out_of_range().under(&read::pointer(name))) } else { Ok(wait) };
            object.accept(checked).flatten()
        };
        let (reminder_s, bot_close_s) = (timer("reminder_s"), timer("bot_close_s"));
        let (queue_s, agent_close_s) = (timer("queue_s"), timer("agent_close_s"));
        let reminder_text = object.clearable("reminder_text");
        Some(Self { reminder_s, reminder_text, bot_close_s, queue_s, agent_close_s })
    }
}

/// How long something takes; None for 0, which is never.
#[derive(Clone, Copy)]
struct Wait(Option<Duration>);

impl Value for Wait {
    const WANTED: &'static str = "a whole number of seconds";

    fn read(text: &str) -> Result<Self, Invalid> {
        match u32::read(text)? {
            0 => Ok(Self(None)),
            seconds if (10..=Timers::MAX.as_secs()).contains(&seconds.into()) => {
                Ok(Self(Some(Duration::from_secs(seconds.into()))))
            }
            _ => Err(out_of_range()),
        }
    }
}

fn out_of_range() -> Invalid {
    Invalid::field("", format!("must be 10 to {} seconds", Timers::MAX.as_secs()))
}

/// Implements [`Value`] for objects within the body.
macro_rules! objects {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const WANTED: &'static str = "an object";

            fn read(text: &str) -> Result<Self, Invalid> {
                read::object(text)
            }
        }
    )*};
}

objects!(SettingsChange, ThemeChange, TimersChange);

/// What `change` makes of `present`; a null makes it `default`.
fn changed<T: Clone>(change: &Option<Option<T>>, present: T, default: T) -> T {
    match change {
        None => present,
        Some(None) => default,
        Some(Some(value)) => value.clone(),
    }
}

/// The same where the default is nothing.
fn cleared<T: Clone>(change: &Option<Option<T>>, present: Option<T>) -> Option<T> {
    change.clone().unwrap_or(present)
}

impl SettingsChange {
    /// What it makes of settings that are so now.
    pub(super) fn onto(&self, present: ChatbotSettings) -> ChatbotSettings {
        let default = ChatbotSettings::default();
        ChatbotSettings {
            allowed_origins: changed(&self.allowed_origins, present.allowed_origins, default.allowed_origins),
            region: cleared(&self.region, present.region),
            time_zone: changed(&self.time_zone, present.time_zone, default.time_zone),
            theme: match &self.theme {
                None => present.theme,
                Some(None) => default.theme,
                Some(Some(change)) => change.onto(present.theme),
            },
            texts: match &self.texts {
                None => present.texts,
                Some(None) => default.texts,
                Some(Some(Pairs(texts))) => texts.iter().cloned().collect(),
            },
            mask_cards: changed(&self.mask_cards, present.mask_cards, default.mask_cards),
            timers: match &self.timers {
                None => present.timers,
                Some(None) => default.timers,
                Some(Some(change)) => change.onto(present.timers),
            },
        }
    }
}

impl ThemeChange {
    fn onto(&self, present: Theme) -> Theme {
        Theme {
            color: cleared(&self.color, present.color),
            position: cleared(&self.position, present.position),
            dir: cleared(&self.dir, present.dir),
        }
    }
}

impl TimersChange {
    fn onto(&self, present: Timers) -> Timers {
        let default = Timers::default();
        let timer = |change: Option<Option<Wait>>, present, default| match change {
            None => present,
            Some(None) => default,
            Some(Some(Wait(wait))) => wait.unwrap_or(present),
        };
        Timers {
            reminder: match self.reminder_s {
                None => present.reminder,
                Some(None) => default.reminder,
                Some(Some(Wait(wait))) => wait,
            },
            reminder_text: changed(&self.reminder_text, present.reminder_text, default.reminder_text),
            bot_close: timer(self.bot_close_s, present.bot_close, default.bot_close),
            queue: timer(self.queue_s, present.queue, default.queue),
            agent_close: timer(self.agent_close_s, present.agent_close, default.agent_close),
        }
    }
}

/// How a chatbot is set up.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatbotSettings)]
pub(crate) struct ChatbotSettingsView {
    allowed_origins: Vec<String>,
    #[schema(required = true)]
    region: Option<String>,
    time_zone: String,
    theme: ThemeView,
    texts: BTreeMap<String, String>,
    mask_cards: bool,
    timers: TimersView,
}

/// How the widget looks; null where it looks as it does by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatbotTheme)]
pub(crate) struct ThemeView {
    #[schema(required = true)]
    color: Option<String>,
    #[schema(required = true)]
    position: Option<String>,
    #[schema(required = true)]
    dir: Option<String>,
}

/// When idle chats end, in seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = ChatbotTimers)]
pub(crate) struct TimersView {
    /// 0: never.
    reminder_s: u64,
    reminder_text: String,
    bot_close_s: u64,
    queue_s: u64,
    agent_close_s: u64,
}

impl From<ChatbotSettings> for ChatbotSettingsView {
    fn from(settings: ChatbotSettings) -> Self {
        let ChatbotSettings { allowed_origins, region, time_zone, theme, texts, mask_cards, timers } =
            settings;
        let theme = ThemeView { color: theme.color, position: theme.position, dir: theme.dir };
        let timers = TimersView {
            reminder_s: timers.reminder.map_or(0, |it| it.as_secs()),
            reminder_text: timers.reminder_text,
            bot_close_s: timers.bot_close.as_secs(),
            queue_s: timers.queue.as_secs(),
            agent_close_s: timers.agent_close.as_secs(),
        };
        Self { allowed_origins, region, time_zone, theme, texts, mask_cards, timers }
    }
}
