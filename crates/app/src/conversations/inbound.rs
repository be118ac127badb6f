//! Conversations of other chat tools, pushed by them: so that their users get the events and the markers without our
//! widget.

use domain::{
    Actor, Author, Chatbot, CloseReason, Consent, Conversation, Fields, Id, Invalid, Message, Permission,
    Phase, answers,
    flow::{Value, document::Edge},
};
use store::{StoreError, Tx};

use super::{
    session::{Session, closed},
    visits::check_text,
};
use crate::{
    AppError,
    access::require,
    idempotency::{self, Idempotency},
};

/// A conversation that another chat tool tells of.
#[derive(Clone, Debug, Default)]
pub struct NewConversation {
    /// The chatbot that it counts for.
    pub chatbot: Option<Id<Chatbot>>,
    /// The other tool's own name of it.
    pub external_id: Option<String>,
    /// The page that it is held on.
    pub page_url: Option<String>,
}

/// Something that was said there.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Who.
    pub author: Author,
    /// What the author is called.
    pub name: Option<String>,
    /// The words.
    pub text: String,
}

/// Who the visitor turned out to be.
#[derive(Clone, Debug, Default)]
pub struct NewContact {
    /// Name, e-mail address and phone number, as given.
    pub fields: Fields,
    /// What else is known, by name.
    pub custom: Vec<(String, Value)>,
    /// The words that were agreed to, if there was such a question.
    pub consent: Option<String>,
}

/// The longest of another tool's names.
const MAX_EXTERNAL_ID: usize = 128;
/// The most custom fields that come at once.
const MAX_CUSTOM: usize = 100;

/// Begins a conversation. One that the other tool named before and that is not over yet goes on instead.
pub fn begin(
    tx: &mut Tx<'_>,
    actor: &Actor,
    new: &NewConversation,
    idempotency: Option<&Idempotency>,
) -> Result<Id<Conversation>, AppError> {
    require(actor, Permission::Ingest)?;
    check(new)?;
    let account = actor.account();
    if let Some(chatbot) = new.chatbot {
        store::chatbots::find(tx, account, chatbot)?
            .ok_or_else(|| Invalid::field("/chatbot_id", "is not a chatbot of this account"))?;
    }
    idempotency::once(tx, account, idempotency, |tx| {
        if let Some(external) = &new.external_id
            && let Some(open) = store::conversations::find_open_external(tx, account, external)?
        {
            return Ok(open.id);
        }
        let mut conversation = Conversation::begun(tx.new_id(), account, tx.now());
        conversation.chatbot = new.chatbot;
        conversation.external_id = new.external_id.clone();
        conversation.page_url = new.page_url.clone();
        match Session::begin(conversation, None).save(tx) {
            // Another began it at this moment: whoever repeats this will find it.
            Err(AppError::Internal(StoreError::Conflict { .. })) => Err(AppError::Busy),
            begun => Ok(begun?.id),
        }
    })
}

fn check(new: &NewConversation) -> Result<(), Invalid> {
    let fits = |text: &String, most| {
        !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    let external = new.external_id.as_ref().is_none_or(|id| fits(id, MAX_EXTERNAL_ID));
    let page = new.page_url.as_ref().is_none_or(|url| fits(url, 2_000));
    Invalid::gather([
        if external { Ok(()) } else { Err(Invalid::field("/external_id", "must have 1 to 128 characters")) },
        if page { Ok(()) } else { Err(Invalid::field("/page_url", "must have 1 to 2,000 characters")) },
    ])
}

/// Whether another chat tool pushes it. One of our own widget goes by a version of a flow, even when nobody knows any
/// more whose it was.
pub(super) fn is_inbound(conversation: &Conversation) -> bool {
    conversation.visitor.is_none() && conversation.version.is_none()
}

/// Does something in a conversation, once for a key.
fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    idempotency: Option<&Idempotency>,
    body: impl FnOnce(&mut Tx<'_>, &mut Session) -> Result<(), AppError>,
) -> Result<(), AppError> {
    require(actor, Permission::Ingest)?;
    let account = actor.account();
    idempotency::once(tx, account, idempotency, |tx| {
        let found = store::conversations::find_to_change(tx, account, id)?.ok_or(AppError::NotFound)?;
        let mut session = Session::resume(tx, found)?;
        if !is_inbound(&session.it) {
            let message =
                "this conversation is held in our own widget, and not pushed from outside".to_owned();
            return Err(AppError::Conflict { code: "not_inbound", message });
        }
        if session.it.phase == Phase::Closed {
            return Err(closed());
        }
        body(tx, &mut session)?;
        session.save(tx).map(drop)
    })
}

/// Something was said.
pub fn message(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    new: &NewMessage,
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    let text = check_text("/text", &new.text)?;
    if let Some(name) = &new.name {
        domain::account::check_name("/name", name)?;
    }
    change(tx, actor, id, idempotency, |tx, session| {
        if new.author == Author::Visitor {
            session.it.replies += 1;
        }
        session.add(tx, new.author, new.name.as_deref(), &text, None, None);
        Ok(())
    })
}

/// A contact was captured: stored and told as if the visitor had given it to one of our bots.
pub fn contact(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    new: &NewContact,
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    check_custom(&new.custom)?;
    change(tx, actor, id, idempotency, |tx, session| {
        let chatbot = match session.it.chatbot {
            Some(chatbot) => store::chatbots::find(tx, session.it.account, chatbot)?,
            None => None,
        };
        let region = chatbot.and_then(|chatbot| chatbot.settings.region);
        let fields = normal(&new.fields, region.as_deref())?;
        if let Some(text) = &new.consent {
            let (text, at) = (check_text("/consent", text)?, tx.now().to_string());
            session.it.consent = Some(Consent { given: true, text, at });
        }
        session.capture(tx, &fields, &new.custom)
    })
}

/// As much as one of our own bots could have asked for.
pub(crate) fn check_custom(custom: &[(String, Value)]) -> Result<(), Invalid> {
    if custom.len() > MAX_CUSTOM {
        return Err(Invalid::field("/custom", format!("must have at most {MAX_CUSTOM} members")));
    }
    Invalid::gather(custom.iter().map(|(name, value)| {
        let pointer = format!("/custom/{}", name.replace('~', "~0").replace('/', "~1"));
        domain::account::check_name(&pointer, name)?;
        match value {
            Value::Text(text) if text.chars().count() > Message::MAX => {
                Err(Invalid::field(pointer, format!("must have at most {} characters", Message::MAX)))
            }
            _ => Ok(()),
        }
    }))
}

/// The fields as our own bots would have taken them.
pub(crate) fn normal(fields: &Fields, region: Option<&str>) -> Result<Fields, Invalid> {
    let place = |name: &str| {
        let pointer = format!("/{name}");
        move |rejected: domain::Rejected| Invalid::field(&*pointer, rejected.message)
    };
    let name = fields.name.as_deref().map(answers::name).transpose().map_err(place("name"));
    let email = fields.email.as_deref().map(answers::email).transpose().map_err(place("email"));
    let phone = |text| answers::phone(text, region, false);
    let phone = fields.phone.as_deref().map(phone).transpose().map_err(place("phone"));
    Invalid::gather([
        name.as_ref().map(drop).map_err(Clone::clone),
        email.as_ref().map(drop).map_err(Clone::clone),
        phone.as_ref().map(drop).map_err(Clone::clone),
    ])?;
    let fields = Fields { name: name?, email: email?.map(|it| it.address), phone: phone?.map(|it| it.e164) };
    match fields.is_reachable() {
        true => Ok(fields),
        false => Err(Invalid::field("", "a contact needs an e-mail address or a phone number")),
    }
}

/// One edge of a marker was passed.
pub fn marker(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    (name, edge): (&str, Edge),
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    domain::account::check_name("/name", name)?;
    // As flows write it (UAX #15), or the same name would be two markers.
    let name = answers::clean(name).expect("a name was checked to have no control characters");
    change(tx, actor, id, idempotency, |tx, session| session.pass(tx, name.trim(), edge))
}

/// The conversation is over there.
pub fn close(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    reason: CloseReason,
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    change(tx, actor, id, idempotency, |tx, session| session.close(tx, reason))
}
