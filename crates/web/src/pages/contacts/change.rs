//! A contact is put right by hand.

use app::{
    AppError,
    contacts::{self, Correction},
};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Contact, Fields, Invalid, flow::Value};
use http::StatusCode;

use super::{ContactId, called, path};
use crate::{
    Shared,
    auth::Converse,
    pages::{
        failure::Failure,
        form::{Errors, Form, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    read::pointer,
};

#[derive(Template)]
#[template(path = "contacts/edit.html")]
struct EditPage {
    shell: Shell,
    path: String,
    name: String,
    email: String,
    phone: String,
    /// The other fields: name, what stands in the box, and where what is wrong with it is found.
    custom: Vec<(String, String, String)>,
    new_name: String,
    new_value: String,
    errors: Errors,
}

impl EditPage {
    fn new(shell: Shell, contact: &Contact) -> Self {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let (title, here) = (called(contact), path(contact.id));
        Self {
            shell: shell.below(&title, &here).below("Change", ""),
            path: here,
            name: text(&contact.fields.name),
            email: text(&contact.fields.email),
            phone: text(&contact.fields.phone),
            custom: contact.custom.iter().map(|(name, value)| custom(name, written(value))).collect(),
            new_name: String::new(),
            new_value: String::new(),
            errors: Errors::default(),
        }
    }

    /// What is wrong with none of the fields: with the contact as a whole, or with how many fields there are.
    fn besides(&self) -> impl Iterator<Item = &str> {
        ["", "/custom"].into_iter().filter_map(|place| self.errors.at(place))
    }

    /// Where what is wrong with one more field is found.
    fn new_place(&self) -> String {
        match self.new_name.trim() {
            "" => "/new_name".to_owned(),
            name => place(name),
        }
    }

    /// With what was typed in the place of what is stored.
    fn typed(mut self, form: &Form, errors: Errors) -> Self {
        let text = |name: &str| form.get(name).to_owned();
        (self.name, self.email, self.phone) = (text("name"), text("email"), text("phone"));
        self.custom = boxes(form).map(|(name, value)| custom(name, value.to_owned())).collect();
        (self.new_name, self.new_value, self.errors) = (text("new_name"), text("new_value"), errors);
        self
    }
}

/// Where what is wrong with another field is found.
fn place(name: &str) -> String {
    format!("/custom{}", pointer(name))
}

fn custom(name: &str, value: String) -> (String, String, String) {
    (name.to_owned(), value, place(name))
}

/// A value as it stands in a box.
fn written(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What was typed, as what it was before: a number stays a number if it still is one.
fn value_of(text: &str, before: &serde_json::Value) -> Value {
    match (before, serde_json::from_str::<Value>(text)) {
        (serde_json::Value::Number(_), Ok(value @ Value::Number(_))) => value,
        (serde_json::Value::Bool(_), Ok(value @ Value::Bool(_))) => value,
        _ => Value::Text(text.to_owned()),
    }
}

/// The boxes of the other fields: name and what was typed.
fn boxes(form: &Form) -> impl Iterator<Item = (&str, &str)> {
    form.all("custom_name").zip(form.all("custom"))
}

/// A value that is typed for one more field needs the field's name.
fn named(form: &Form) -> Result<(), Invalid> {
    match (form.filled("new_name"), form.filled("new_value")) {
        (None, Some(_)) => Err(Invalid::field("/new_name", "is missing")),
        _ => Ok(()),
    }
}

fn correction(form: &Form, contact: &Contact) -> Correction {
    let text = |name: &str| form.filled(name).map(str::to_owned);
    let typed = boxes(form).map(|(name, typed)| {
        let before = contact.custom.get(name).unwrap_or(&serde_json::Value::Null);
        let typed = Some(typed.trim()).filter(|typed| !typed.is_empty());
        (name.to_owned(), typed.map(|typed| value_of(typed, before)))
    });
    let mut custom: Vec<(String, Option<Value>)> = typed.collect();
    if let Some(name) = form.filled("new_name") {
        custom.push((name.to_owned(), Some(Value::Text(form.get("new_value").trim().to_owned()))));
    }
    Correction { fields: Fields { name: text("name"), email: text("email"), phone: text("phone") }, custom }
}

pub(super) async fn edit(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let contact = web.db.read(move |tx| contacts::get(tx, &actor, id)).await?;
    render(StatusCode::OK, &EditPage::new(Shell::new(&web, &by, Place::Contacts), &contact))
}

pub(super) async fn save(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Converse>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let contact = web.db.read(move |tx| contacts::get(tx, &actor, id)).await?;
    let (correction, mut reading) = (correction(&form, &contact), Reading::new());
    reading.or(named(&form), ());
    match web.db.write(move |tx| reading.settle(contacts::correct(tx, &actor, id, &correction))).await {
        Err(AppError::Invalid(invalid)) => {
            let shown = EditPage::new(Shell::new(&web, &by, Place::Contacts), &contact);
            render(StatusCode::UNPROCESSABLE_ENTITY, &shown.typed(&form, invalid.into()))
        }
        done => done.map(|_| go(&path(id), "changed")).map_err(Failure::from),
    }
}
