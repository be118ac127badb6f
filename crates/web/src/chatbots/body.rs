//! Chatbots as the API takes and shows them.

use app::chatbots::{ChatbotUpdate, NewChatbot};
use domain::{Chatbot, ChatbotSettings, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::settings::{ChatbotSettingsView, SettingsChange};
use crate::read::{FromObject, Object, Raw};

/// Stands in script tags for an origin of this server, where none is known.
const SOMEWHERE: &str = "https://YOUR-HOST";

/// A chatbot to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Travel Desk",
    "template": "travel-desk",
    "settings": {"allowed_origins": ["https://www.example.com"], "region": "IN", "time_zone": "Asia/Kolkata"}
}))]
pub(crate) struct CreateChatbot {
    /// 1 to 200 characters. Visitors see it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The key of a template whose flow it gets. Not together with `flow`.
    template: Option<String>,
    /// Its flow, at most 256 KiB. It need not make sense before it is published.
    #[schema(value_type = Option<Object>)]
    flow: Option<Raw>,
    settings: Option<SettingsChange>,
}

impl FromObject for CreateChatbot {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        // All are taken before the first is asked for, so that every wrong one is named.
        let name = object.required("name");
        let template = object.optional("template");
        let flow = object.optional("flow");
        let settings = object.optional("settings");
        Some(Self { name: name?, template, flow, settings })
    }
}

impl From<CreateChatbot> for NewChatbot {
    fn from(asked: CreateChatbot) -> Self {
        let settings = ChatbotSettings::default();
        NewChatbot {
            name: asked.name,
            template: asked.template,
            flow: asked.flow.map(|Raw(flow)| flow),
            settings: match asked.settings {
                Some(change) => change.onto(settings),
                None => settings,
            },
        }
    }
}

/// Changes to a chatbot; what is absent stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settings": {"allowed_origins": ["https://www.example.com"], "mask_cards": true}}))]
pub(crate) struct UpdateChatbot {
    /// 1 to 200 characters.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The draft: the whole flow, at most 256 KiB. It need not make sense yet.
    #[schema(nullable = false, value_type = Option<Object>)]
    flow: Option<Raw>,
    /// What is absent in it stays, too.
    #[schema(nullable = false)]
    settings: Option<SettingsChange>,
}

impl FromObject for UpdateChatbot {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            name: object.change("name"),
            flow: object.change("flow"),
            settings: object.change("settings"),
        })
    }
}

impl UpdateChatbot {
    /// What is to change about a chatbot that is so now.
    pub(super) fn onto(&self, present: Chatbot) -> ChatbotUpdate {
        ChatbotUpdate {
            name: self.name.clone(),
            flow: self.flow.as_ref().map(|Raw(flow)| flow.clone()),
            settings: self.settings.as_ref().map(|change| change.onto(present.settings)),
        }
    }
}

/// A bot that talks to visitors of a web page.
#[derive(Serialize, ToSchema)]
#[schema(as = Chatbot)]
pub(crate) struct ChatbotView {
    #[schema(example = "bot_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    #[schema(example = "Travel Desk")]
    name: String,
    /// What names it in web pages. Anybody can read it there.
    #[schema(example = "pk_AAECAwQFBgcICQoLDA0ODw")]
    public_key: String,
    /// The published version, with which conversations begin; null until there is one.
    #[schema(required = true)]
    version: Option<u32>,
    /// The flow as it is being edited, as it was given.
    #[schema(value_type = Object)]
    flow: Option<Box<RawValue>>,
    settings: ChatbotSettingsView,
    /// The script tag for your pages, with the setting `server.public_url`.
    #[schema(
        example = "<script src=\"https://leads.example.com/widget.js\" data-bot=\"pk_AAECAwQFBgcICQoLDA0ODw\" async></script>"
    )]
    snippet: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl ChatbotView {
    /// The chatbot as a server with these origins shows it.
    pub(super) fn new(chatbot: Chatbot, own_origins: &[String]) -> Self {
        let base = own_origins.first().map_or(SOMEWHERE, String::as_str);
        let key = &chatbot.public_key;
        let snippet = format!(r#"<script src="{base}/widget.js" data-bot="{key}" async></script>"#);
        Self {
            id: chatbot.id.to_string(),
            name: chatbot.name,
            public_key: chatbot.public_key,
            version: chatbot.version,
            flow: stored(chatbot.draft),
            settings: chatbot.settings.into(),
            snippet,
            created_at: chatbot.created_at.to_string(),
            updated_at: chatbot.updated_at.to_string(),
        }
    }
}

/// What is stored was checked to be JSON when it was taken.
fn stored(flow: String) -> Option<Box<RawValue>> {
    RawValue::from_string(flow).ok()
}

/// A version of a chatbot's flow.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatbotVersion {
    /// Counts from 1.
    version: u32,
    #[schema(format = DateTime)]
    published_at: String,
    /// The version as a text, which is the cursor of its list.
    #[serde(skip)]
    name: String,
}

impl From<(u32, Timestamp)> for ChatbotVersion {
    fn from((version, at): (u32, Timestamp)) -> Self {
        Self { version, published_at: at.to_string(), name: version.to_string() }
    }
}

impl ChatbotVersion {
    /// What a cursor calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A published flow. It never changes again.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlowVersion {
    version: u32,
    #[schema(value_type = Object)]
    flow: Option<Box<RawValue>>,
}

impl FlowVersion {
    pub(super) fn new(version: u32, flow: String) -> Self {
        Self { version, flow: stored(flow) }
    }
}
