//! Which events a page is asked for: from the fields of the form to what is looked for, and back into links.

use app::{PageRequest, events::EventFilter};
use domain::{Event, EventType, Id, Invalid, Timestamp, search::Needle};
use jiff::{civil::DateTime, tz::TimeZone};
use url::form_urlencoded::Serializer;

use crate::{
    pages::{
        form::{Errors, Form, Reading},
        shell::Place,
    },
    read::FromText,
    search::sought,
};

/// The fields, by their names in the address.
const FIELDS: [&str; 8] = ["type", "conversation", "email", "phone", "id", "since", "until", "q"];
/// Those that only who may see payloads may fill in.
const OF_PEOPLE: [&str; 3] = ["email", "phone", "q"];

/// What was asked for.
pub(super) struct Asked {
    pub(super) filter: EventFilter,
    /// A text that is looked for in payloads.
    pub(super) text: Option<Needle>,
    pub(super) page: PageRequest<Event>,
}

/// Reads the form. Times are those of `zone`; who does not see people does not find them.
pub(super) fn read(form: &Form, zone: &TimeZone, sees_people: bool) -> Result<Asked, Errors> {
    let filled = |name: &str| form.filled(name).filter(|_| sees_people || !OF_PEOPLE.contains(&name));
    let mut reading = Reading::new();
    let filter = EventFilter {
        event_type: told(&mut reading, "type", filled("type").map(str::parse::<EventType>).transpose()),
        conversation_id: told(&mut reading, "conversation", filled("conversation").map(sought).transpose()),
        email: told(&mut reading, "email", filled("email").map(sought).transpose()),
        phone: told(&mut reading, "phone", filled("phone").map(sought).transpose()),
        id: told(&mut reading, "id", filled("id").map(Id::from_text).transpose()),
        since: told(&mut reading, "since", filled("since").map(|it| instant(it, zone)).transpose()),
        until: told(&mut reading, "until", filled("until").map(|it| instant(it, zone)).transpose()),
    };
    let text = told(&mut reading, "q", filled("q").map(Needle::new).transpose());
    let page = PageRequest { after: reading.or(form.after(), None), limit: PageRequest::<Event>::DEFAULT };
    reading.complaints().map(|()| Asked { filter, text, page }).map_err(Errors::from)
}

fn told<T>(reading: &mut Reading, field: &str, read: Result<Option<T>, Invalid>) -> Option<T> {
    reading.or(read.map_err(|invalid| invalid.under(&format!("/{field}"))), None)
}

/// What a browser sends of a field for a date and a time (the HTML standard, 2.3.5.5), in that time zone.
fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, Invalid> {
    let read = text.parse::<DateTime>().ok().and_then(|it| zone.to_timestamp(it).ok());
    let at = read.map(|it| Timestamp::from_micros(it.as_microsecond()));
    at.ok_or_else(|| Invalid::field("", "must be a date and a time such as 2026-03-04T15:30"))
}

/// Whether anything is asked for.
pub(super) fn is_any(form: &Form) -> bool {
    FIELDS.iter().any(|name| form.filled(name).is_some())
}

/// The address of the list with the same fields, behind `after` if there is more to come.
pub(super) fn link(form: &Form, after: Option<Id<Event>>) -> String {
    let mut query = Serializer::new(String::new());
    for name in FIELDS {
        if let Some(value) = form.filled(name) {
            query.append_pair(name, value);
        }
    }
    if let Some(after) = after {
        query.append_pair("after", &after.to_string());
    }
    format!("{}?{}", Place::Events.path(), query.finish())
}

/// The address of the list of a conversation's events.
pub(super) fn of_conversation(conversation: &str) -> String {
    let query = Serializer::new(String::new()).append_pair("conversation", conversation).finish();
    format!("{}?{query}", Place::Events.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_account_and_every_wrong_field_is_named() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let asked =
            read(&Form::parse(b"since=2026-03-04T05:30&q=+&type=Chat+Transcript"), &zone, true).unwrap();
        assert_eq!(asked.filter.since, Some("2026-03-04T00:00:00Z".parse().unwrap()));
        assert!(asked.text.is_none() && asked.filter.event_type == Some(EventType::ChatTranscript));

        let wrong = Form::parse(
            b"type=Other&id=evt_1&since=yesterday&until=2026-02-30T00:00&after=x&conversation=%00",
        );
        let errors = read(&wrong, &zone, true).map(drop).unwrap_err();
        for field in ["type", "id", "since", "until", "after", "conversation"] {
            assert!(errors.at(&format!("/{field}")).is_some(), "{field}");
        }
    }

    #[test]
    fn who_does_not_see_people_does_not_find_them() {
        let form = Form::parse(b"email=a%40example.com&phone=%2B1&q=ada&type=Contact+Information");
        let asked = read(&form, &TimeZone::UTC, false).unwrap();
        assert!(asked.filter.email.is_none() && asked.filter.phone.is_none() && asked.text.is_none());
        assert!(asked.filter.event_type.is_some());
    }

    #[test]
    fn a_link_keeps_the_fields() {
        let form = Form::parse(b"q=a%26b&type=Chat+Transcript&done=x&after=old");
        assert_eq!(link(&form, None), "/analytics/events?type=Chat+Transcript&q=a%26b");
        assert_eq!(of_conversation("a&b=c"), "/analytics/events?conversation=a%26b%3Dc");
    }
}
