//! What other chat tools push, as the API takes it.

use app::conversations::inbound::{NewContact, NewConversation, NewMessage};
use domain::{
    Author, Chatbot, Conversation, Fields, Id, Invalid,
    flow::{self, document::Edge},
    json::Members,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    read::{Complaints, FromObject, Object, Value, pointer},
    words::{EdgeWord, PushedAuthorWord},
};

/// A conversation of another chat tool.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"external_id": "chatwoot-1-42", "page_url": "https://www.example.com/pricing"}))]
pub(crate) struct PostConversation {
    /// The chatbot that it counts for.
    #[schema(value_type = Option<String>)]
    chatbot_id: Option<Id<Chatbot>>,
    /// The other tool's own name of it.
    #[schema(min_length = 1, max_length = 128)]
    external_id: Option<String>,
    /// The page that it is held on.
    #[schema(min_length = 1, max_length = 2000)]
    page_url: Option<String>,
}

impl FromObject for PostConversation {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            chatbot_id: object.optional("chatbot_id"),
            external_id: object.optional("external_id"),
            page_url: object.optional("page_url"),
        })
    }
}

impl From<PostConversation> for NewConversation {
    fn from(PostConversation { chatbot_id, external_id, page_url }: PostConversation) -> Self {
        Self { chatbot: chatbot_id, external_id, page_url }
    }
}

/// A conversation that others can push to now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationBegun {
    #[schema(example = "conv_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
}

impl From<Id<Conversation>> for ConversationBegun {
    fn from(id: Id<Conversation>) -> Self {
        Self { id: id.to_string() }
    }
}

/// Something that was said.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"author": "operator", "name": "Priya", "text": "Hello, how can I help?"}))]
pub(crate) struct PostMessage {
    #[schema(value_type = PushedAuthorWord)]
    author: Author,
    /// What the transcript calls the author, if not Visitor, Bot or Operator.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

impl FromObject for PostMessage {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let author = object.required::<String>("author").and_then(|author| {
            let known = Author::PUSHED.into_iter().find(|known| known.as_str() == author);
            let wrong = || Invalid::field("/author", "must be one of visitor, bot, operator");
            object.accept(known.ok_or_else(wrong))
        });
        let (name, text) = (object.optional("name"), object.required("text"));
        Some(Self { author: author?, name, text: text? })
    }
}

impl From<PostMessage> for NewMessage {
    fn from(PostMessage { author, name, text }: PostMessage) -> Self {
        Self { author, name, text }
    }
}

/// Who the visitor turned out to be.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "John Carter",
    "email": "john.carter@outlook.com",
    "phone": "+919811123456",
    "custom": {"company": "Example", "seats": 12},
    "consent": "May we keep your details to answer you?"
}))]
pub(crate) struct PostContact {
    name: Option<String>,
    email: Option<String>,
    /// With `+`, or as it is written in the chatbot's region.
    phone: Option<String>,
    /// What else is known: at most 100 texts of at most 4,000 characters, numbers, true or false.
    #[schema(value_type = Option<Object>)]
    custom: Option<Custom>,
    /// The words that were agreed to, if there was such a question.
    #[schema(min_length = 1, max_length = 4000)]
    consent: Option<String>,
}

impl FromObject for PostContact {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            name: object.optional("name"),
            email: object.optional("email"),
            phone: object.optional("phone"),
            custom: object.optional("custom"),
            consent: object.optional("consent"),
        })
    }
}

impl From<PostContact> for NewContact {
    fn from(PostContact { name, email, phone, custom, consent }: PostContact) -> Self {
        let custom = custom.map(|Custom(custom)| custom).unwrap_or_default();
        Self { fields: Fields { name, email, phone }, custom, consent }
    }
}

/// Names and values in their order.
struct Custom(Vec<(String, flow::Value)>);

impl Value for Custom {
    const WANTED: &'static str = "an object of texts, numbers, true or false";

    fn read(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::field("", format!("must be {}", Self::WANTED));
        let members = Members::of(text).ok_or_else(wrong)?;
        let mut complaints = Complaints::default();
        let mut custom = Vec::new();
        for (name, value) in members.iter() {
            match serde_json::from_str::<flow::Value>(value) {
                Ok(value) => custom.push((name.to_owned(), value)),
                Err(_) => {
                    complaints.add(Invalid::field(pointer(name), "must be a text, a number, true or false"));
                }
            }
        }
        complaints.settle(Some(Self(custom)))
    }
}

/// One edge of a marker.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Quote", "edge": "start"}))]
pub(crate) struct PostMarker {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(value_type = EdgeWord)]
    edge: Edge,
}

impl FromObject for PostMarker {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let name = object.required("name");
        let edge = object.required::<String>("edge").and_then(|edge| {
            let known = match edge.as_str() {
                "start" => Ok(Edge::Start),
                "end" => Ok(Edge::End),
                _ => Err(Invalid::field("/edge", "must be one of start, end")),
            };
            object.accept(known)
        });
        Some(Self { name: name?, edge: edge? })
    }
}

impl PostMarker {
    /// The marker's name and which of its edges.
    pub(super) fn edge(&self) -> (&str, Edge) {
        (&self.name, self.edge)
    }
}
