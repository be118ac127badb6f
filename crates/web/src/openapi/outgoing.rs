//! The requests that webhooks get, for the root `webhooks` object of the document.

use domain::{BodyForm, EventType};
use serde_json::{Value, json};
use utoipa::openapi::{
    Content, HttpMethod, KnownFormat, Object, ObjectBuilder, OneOfBuilder, PathItem, RefOr, Required,
    Response, Schema, Type,
    example::Example,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths, PathsBuilder},
    request_body::RequestBodyBuilder,
    schema::{AdditionalProperties, SchemaFormat, SchemaType},
};

use crate::event_types::sample_body;

/// One entry for each event type.
pub(super) fn all() -> Paths {
    let add = |paths: PathsBuilder, event_type: EventType| {
        paths.path(event_type.as_str(), PathItem::new(HttpMethod::Post, operation(event_type)))
    };
    EventType::ALL.into_iter().fold(PathsBuilder::new(), add).build()
}

fn operation(event_type: EventType) -> Operation {
    let mut content = Content::new(Some(
        BodyForm::ALL.into_iter().fold(OneOfBuilder::new(), |all, form| all.item(schema(event_type, form))),
    ));
    for form in BodyForm::ALL {
        let mut example = Example::new();
        example.value = serde_json::from_str(&sample_body(event_type, form)).ok();
        content.examples.insert(form.as_str().to_owned(), RefOr::T(example));
    }
    let body = RequestBodyBuilder::new()
        .description(Some("The webhook's setting `body` chooses the form."))
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    OperationBuilder::new()
        .summary(Some(event_type.as_str()))
        .description(Some(event_type.description()))
        .parameters(Some(headers()))
        .request_body(Some(body))
        .response(
            "2XX",
            Response::new("Taken. Answer within 15 seconds; what is read of the answer is logged."),
        )
        .response("410", Response::new("Gone for good: the webhook is disabled."))
        .response("default", Response::new("Not taken: tried again by the webhook's retry schedule."))
        .build()
}

fn headers() -> impl Iterator<Item = Parameter> {
    [
        ("webhook-id", true, "The event's id, the same with every attempt: drop what you have seen."),
        ("webhook-timestamp", true, "Seconds since 1970. Refuse what is more than five minutes away."),
        (
            "webhook-signature",
            true,
            "Standard Webhooks: `v1,` and a base64 HMAC-SHA256; one for each valid secret.",
        ),
        ("webhook-event-type", true, "The event's type, whatever the form of the body."),
        ("webhook-test", false, "`true` if this is only a test."),
    ]
    .into_iter()
    .map(|(name, required, description)| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(if required { Required::True } else { Required::False })
            .description(Some(description))
            .schema(Some(Object::with_type(Type::String)))
            .build()
    })
}

fn schema(event_type: EventType, form: BodyForm) -> Schema {
    let name = || ObjectBuilder::new().schema_type(Type::String).enum_values(Some([event_type.as_str()]));
    let text = ObjectBuilder::new().schema_type(Type::String);
    let members = match form {
        BodyForm::Documented => vec![("type", name()), ("event_type", name())],
        BodyForm::Exact => vec![("type", name())],
        BodyForm::Extended => {
            vec![("id", text), ("type", name()), ("event_type", name()), ("timestamp", time())]
        }
    };
    members
        .into_iter()
        .chain([("data", data(event_type))])
        .fold(ObjectBuilder::new(), |object, (name, schema)| object.property(name, schema).required(name))
        .title(Some(form.as_str()))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        .build()
        .into()
}

fn time() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format))
}

/// The schema of the members that the sample has; more may follow.
fn data(event_type: EventType) -> ObjectBuilder {
    let sample: Value = serde_json::from_str(event_type.sample_data()).unwrap_or_else(|_| json!({}));
    let nullable = event_type == EventType::ContactInformation;
    let text = || {
        let kinds = if nullable { vec![Type::String, Type::Null] } else { vec![Type::String] };
        ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds))
    };
    let names = sample.as_object().into_iter().flat_map(|members| members.keys());
    names.fold(ObjectBuilder::new(), |object, name| object.property(name, text()).required(name))
}
