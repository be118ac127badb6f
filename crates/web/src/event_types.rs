//! The catalogue of event types over HTTP, with a sample of each body that a webhook can ask for.

use domain::{BodyForm, Context, Event, EventType, Id, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    auth::{Caller, Read},
    list::{List, Paging},
    problem::Problem,
    query::Query,
    words::EventTypeWord,
};

/// A type of event.
#[derive(Serialize, ToSchema)]
#[schema(as = EventTypeEntry)]
pub(crate) struct EventTypeView {
    #[serde(rename = "type")]
    #[schema(value_type = EventTypeWord)]
    event_type: &'static str,
    /// When such an event happens.
    description: &'static str,
    /// Whether `POST /api/v1/events` takes it. The others are made by Leadpost itself.
    can_be_posted: bool,
    /// Data of a sample event.
    #[schema(value_type = Object)]
    sample_data: Box<RawValue>,
    samples: Samples,
}

/// The bodies in which the sample event would reach a webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct Samples {
    #[schema(value_type = Object)]
    documented: Box<RawValue>,
    #[schema(value_type = Object)]
    exact: Box<RawValue>,
    #[schema(value_type = Object)]
    extended: Box<RawValue>,
}

impl EventTypeView {
    fn of(event_type: EventType) -> Option<Self> {
        let body = |form| RawValue::from_string(sample_body(event_type, form)).ok();
        Some(Self {
            event_type: event_type.as_str(),
            description: event_type.description(),
            can_be_posted: event_type.can_be_posted(),
            sample_data: RawValue::from_string(event_type.sample_data().to_owned()).ok()?,
            samples: Samples {
                documented: body(BodyForm::Documented)?,
                exact: body(BodyForm::Exact)?,
                extended: body(BodyForm::Extended)?,
            },
        })
    }
}

/// The body of a sample event, always the same.
pub(crate) fn sample_body(event_type: EventType, form: BodyForm) -> String {
    let at = Timestamp::from_micros(1_772_619_330_000_000);
    let event = Event {
        id: Id::from_parts(1_772_619_330_000, &[0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18, 0x29, 0x3a]),
        account: Id::from_parts(0, &[0; 10]),
        event_type,
        data: Some(event_type.sample_data().to_owned()),
        context: Context { conversation_id: Some("c-1".to_owned()), more: None, chatbot_id: None },
        occurred_at: at,
        created_at: at,
        planned: 1,
    };
    let body = event.body(form).and_then(|body| String::from_utf8(body).ok());
    body.unwrap_or_default()
}

/// List the event types
#[utoipa::path(
    get, path = "/api/v1/event-types", tag = "events", operation_id = "list_event_types",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "The catalogue, in its order.", body = List<EventTypeView>))
)]
pub(crate) async fn list(
    _: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<List<EventTypeView>>, Problem> {
    let all = EventType::ALL.into_iter().filter_map(EventTypeView::of).collect();
    Ok(axum::Json(paging.cut(all, |entry| entry.event_type)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_samples() {
        for event_type in EventType::ALL {
            assert!(EventTypeView::of(event_type).is_some(), "{event_type:?}");
        }
    }
}
