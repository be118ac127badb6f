//! Flows to begin with, over HTTP.

use domain::flow;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Answer;
use crate::{
    auth::{Caller, Read},
    list::{List, Paging},
    query::Query,
};

/// A flow to begin with.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatbotTemplate {
    /// What `POST /api/v1/chatbots` takes as `template`.
    #[schema(example = "travel-desk")]
    key: &'static str,
    name: &'static str,
    /// What it does.
    description: &'static str,
    /// Whose operators it calls first.
    department: &'static str,
    #[schema(value_type = Object)]
    flow: &'static RawValue,
}

impl ChatbotTemplate {
    fn of(template: &flow::Template) -> Option<Self> {
        let flow::Template { key, name, description, department, text } = *template;
        Some(Self { key, name, description, department, flow: serde_json::from_str(text).ok()? })
    }
}

/// List the templates
#[utoipa::path(
    get, path = "/api/v1/chatbot-templates", tag = "chatbots", operation_id = "list_chatbot_templates",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "All, in the order in which they are offered.",
        body = List<ChatbotTemplate>))
)]
pub(crate) async fn templates(
    _: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Answer<List<ChatbotTemplate>> {
    let all = flow::templates().iter().filter_map(ChatbotTemplate::of).collect();
    Ok(axum::Json(paging.cut(all, |template: &ChatbotTemplate| template.key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_shown() {
        assert!(flow::templates().iter().all(|template| ChatbotTemplate::of(template).is_some()));
    }
}
