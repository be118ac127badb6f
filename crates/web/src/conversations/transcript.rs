//! The whole of what was said in a conversation, as text, as JSON, or as a page to read and print.

use app::{AppError, Tx, contacts, conversations};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Author, Conversation, Id, Message, conversation};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::MessageView;
use crate::{
    Shared,
    auth::{Caller, People},
    extract::PathId,
    problem::Problem,
};

/// Everything that was said in a conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transcript {
    conversation_id: String,
    /// In the order in which they were said.
    messages: Vec<MessageView>,
}

/// Show the transcript of a conversation
///
/// All of it, however long: one line `[2026-03-04T10:15:30Z] Author: text` for each message. `Accept: application/json`
/// gets the messages one by one, `Accept: text/html` a page to read and print.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/transcript", tag = "conversations",
    operation_id = "get_transcript", security(("key" = ["read"])),
    params(("id" = String, Path, description = "`conv_…`")),
    responses((status = OK, description = "The transcript.",
        content((String = "text/plain"), (Transcript = "application/json"), (String = "text/html"))))
)]
pub(crate) async fn show(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    PathId(id): PathId<Conversation>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let read = move |tx: &mut Tx<'_>| {
        let contact = conversations::find(tx, &actor, id)?.contact;
        let contact = contact.map(|it| contacts::get(tx, &actor, it)).transpose()?;
        Ok::<_, AppError>((conversations::messages(tx, &actor, id)?, contact.and_then(|it| it.fields.name)))
    };
    let (messages, name) = web.db.read(read).await?;
    let mut answer = match Form::wanted(&headers) {
        Form::Text => conversation::transcript(&messages, usize::MAX).into_response(),
        Form::Json => json(id, messages).into_response(),
        Form::Page => {
            let page = Page { id, messages, name }.render().map_err(|_| Problem::internal())?;
            (SEALED, axum::response::Html(page)).into_response()
        }
    };
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(answer)
}

/// The page.
#[derive(Template)]
#[template(path = "conversations/transcript.html")]
struct Page {
    id: Id<Conversation>,
    messages: Vec<Message>,
    /// What the visitor is called, if that is known.
    name: Option<String>,
}

impl Page {
    fn author<'a>(&'a self, message: &'a Message) -> &'a str {
        let name = self.name.as_deref().filter(|_| message.author == Author::Visitor);
        name.unwrap_or(message.author_name())
    }
}

/// A page of what strangers said loads nothing, runs nothing, and is framed by nobody.
const SEALED: [(HeaderName, &str); 1] = [(
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
)];

/// How a transcript can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Page,
}

impl Form {
    /// The one that `Accept` likes best (RFC 9110, 12.5.1); text if it likes none.
    fn wanted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0.0, Form::Text);
        for range in lines.flat_map(|line| line.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/plain" | "text/*" | "*/*" => Form::Text,
                "application/json" | "application/*" => Form::Json,
                "text/html" => Form::Page,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if weight > best.0 {
                best = (weight, form);
            }
        }
        best.1
    }
}

fn json(id: Id<Conversation>, messages: Vec<Message>) -> axum::Json<Transcript> {
    let messages = messages.into_iter().map(MessageView::from).collect();
    axum::Json(Transcript { conversation_id: id.to_string(), messages })
}

#[cfg(test)]
mod tests {
    use domain::samples;

    use super::*;

    fn wanted(accept: &[&'static str]) -> Form {
        let mut headers = HeaderMap::new();
        for line in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(line));
        }
        Form::wanted(&headers)
    }

    #[test]
    fn the_form_is_the_one_that_is_liked_best() {
        assert_eq!(wanted(&[]), Form::Text);
        assert_eq!(wanted(&["*/*"]), Form::Text);
        assert_eq!(wanted(&["image/png"]), Form::Text);
        assert_eq!(wanted(&["Application/JSON"]), Form::Json);
        assert_eq!(wanted(&["text/plain;q=0.5, application/json"]), Form::Json);
        assert_eq!(wanted(&["text/plain;q=0.5", "application/json;q=0.4"]), Form::Text);
        assert_eq!(wanted(&["application/json;q=0, text/html;level=1;q=0.1"]), Form::Page);
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_eq!(wanted(&[browser]), Form::Page);
    }

    #[test]
    fn what_was_said_is_no_markup() {
        let said = Message {
            number: 1,
            author: Author::Visitor,
            name: None,
            text: "<b a=\"x\" c='y'>&amp;".to_owned(),
            ask: None,
            client_id: None,
            at: samples::start(),
        };
        let page =
            Page { id: Id::from_parts(0, &[0; 10]), messages: vec![said], name: None }.render().unwrap();
        assert!(page.contains("&#60;b a=&#34;x&#34; c=&#39;y&#39;&#62;&#38;amp;"), "{page}");
    }
}
