//! Chatbots: set up, their flows edited, published, and kept as they were.
//!
//! A flow is edited as a draft, which need not be valid. Publishing checks it and makes a version, which never
//! changes again: conversations keep the one they began with.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    Account, Actor, Chatbot, ChatbotSettings, FieldError, Id, Invalid, Permission, Timestamp,
    account::check_name,
    chatbot,
    flow::{
        Flow,
        draft::{Changes, Draft},
        templates,
    },
};
use store::{Changed, Signal, Tx};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    audit::{self, Action, Deed},
};

/// What a new chatbot begins with.
#[derive(Clone, Debug, Default)]
pub struct NewChatbot {
    /// What people call it.
    pub name: String,
    /// The key of a template whose flow it gets.
    pub template: Option<String>,
    /// Or its flow, as JSON.
    pub flow: Option<String>,
    /// How it is set up.
    pub settings: ChatbotSettings,
}

/// What is to change about a chatbot; None stays.
#[derive(Clone, Debug, Default)]
pub struct ChatbotUpdate {
    /// What people call it.
    pub name: Option<String>,
    /// The flow being edited, as JSON.
    pub flow: Option<String>,
    /// How it is set up.
    pub settings: Option<ChatbotSettings>,
}

/// The longest draft, in bytes.
pub const MAX_FLOW: usize = 256 * 1024;

/// Makes a chatbot, not published yet.
pub fn create(tx: &mut Tx<'_>, actor: &Actor, new: &NewChatbot) -> Result<Chatbot, AppError> {
    require(actor, Permission::Manage)?;
    let draft = match (&new.template, &new.flow) {
        (Some(_), Some(_)) => {
            return Err(Invalid::field("/flow", "cannot be given together with a template").into());
        }
        (None, Some(flow)) => flow.clone(),
        (Some(key), None) => from_template(key)?,
        (None, None) => from_template("travel-desk")?,
    };
    check_name("/name", &new.name)?;
    check_draft(&draft)?;
    let now = tx.now();
    let chatbot = Chatbot {
        id: tx.new_id(),
        account: actor.account(),
        name: new.name.trim().to_owned(),
        public_key: chatbot::public_key(&tx.random_bytes()),
        draft,
        version: None,
        settings: new.settings.clone().check().map_err(|it| it.under("/settings"))?,
        created_at: now,
        updated_at: now,
    };
    store::chatbots::insert(tx, &chatbot)?;
    changed(tx, &chatbot);
    audit::note(
        tx,
        actor,
        Deed::new(Action::ChatbotCreated).to(chatbot.id).detail(format!("{:?}", chatbot.name)),
    )?;
    Ok(chatbot)
}

fn changed(tx: &mut Tx<'_>, chatbot: &Chatbot) {
    tx.emit(Signal::Changed(chatbot.account, Changed::Chatbot(chatbot.id)));
}

/// What [`NewChatbot::template`] calls a flow with a greeting and an end.
pub const EMPTY: &str = "empty";

fn from_template(key: &str) -> Result<String, Invalid> {
    if key == EMPTY {
        return Ok(Draft::empty().text());
    }
    let found = templates().iter().find(|template| template.key == key);
    found.map(|template| template.text.to_owned()).ok_or_else(|| {
        let known: Vec<_> = templates().iter().map(|template| template.key).collect();
        Invalid::field("/template", format!("must be one of {}", known.join(", ")))
    })
}

/// A draft may be wrong, but must be a JSON object that is not too long.
fn check_draft(draft: &str) -> Result<(), Invalid> {
    if draft.len() > MAX_FLOW {
        let message = format!("must have at most {MAX_FLOW} bytes, not {}", draft.len());
        return Err(Invalid::coded("payload_too_large", "/flow", message));
    }
    match domain::json::Members::of(draft) {
        Some(_) => Ok(()),
        None => Err(Invalid::field("/flow", "must be a JSON object")),
    }
}

/// The account's chatbots, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    page: PageRequest<Chatbot>,
) -> Result<Page<Chatbot, Chatbot>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::chatbots::list(tx, account, before, limit)?), |it| it.id)
}

/// One chatbot.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<Chatbot, AppError> {
    require(actor, Permission::Read)?;
    store::chatbots::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// Changes name, draft or settings. What is published stays as it is.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Chatbot>,
    update: &ChatbotUpdate,
) -> Result<Chatbot, AppError> {
    require(actor, Permission::Manage)?;
    let found = store::chatbots::find_to_change(tx, actor.account(), id)?;
    let mut chatbot = found.ok_or(AppError::NotFound)?;
    let before = chatbot.clone();
    if let Some(name) = &update.name {
        check_name("/name", name)?;
        chatbot.name = name.trim().to_owned();
    }
    if let Some(flow) = &update.flow {
        check_draft(flow)?;
        chatbot.draft.clone_from(flow);
    }
    if let Some(settings) = &update.settings {
        chatbot.settings = settings.clone().check().map_err(|it| it.under("/settings"))?;
    }
    chatbot.updated_at = tx.now();
    if !store::chatbots::update(tx, &chatbot)? {
        return Err(AppError::NotFound);
    }
    let fields = differing(&before, &chatbot);
    if !fields.is_empty() {
        audit::note(tx, actor, Deed::new(Action::ChatbotChanged).to(id).detail(fields.join(", ")))?;
    }
    changed(tx, &chatbot);
    Ok(chatbot)
}

/// The names of what differs.
fn differing(before: &Chatbot, after: &Chatbot) -> Vec<&'static str> {
    let all = [
        ("name", before.name != after.name),
        ("flow", before.draft != after.draft),
        ("settings", before.settings != after.settings),
    ];
    all.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

/// Changes the draft as it is at this moment: who edits another step of it at the same time loses nothing.
pub fn edit<T>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Chatbot>,
    change: impl FnOnce(&mut Draft) -> Result<T, Invalid>,
) -> Result<T, AppError> {
    require(actor, Permission::Manage)?;
    let found = store::chatbots::find_to_change(tx, actor.account(), id)?;
    let mut draft = Draft::read(&found.ok_or(AppError::NotFound)?.draft)?;
    let made = change(&mut draft)?;
    update(tx, actor, id, &ChatbotUpdate { flow: Some(draft.text()), ..ChatbotUpdate::default() })?;
    Ok(made)
}

/// Changes the settings as they are at this moment.
pub fn configure(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Chatbot>,
    change: impl FnOnce(&mut ChatbotSettings),
) -> Result<Chatbot, AppError> {
    require(actor, Permission::Manage)?;
    let found = store::chatbots::find_to_change(tx, actor.account(), id)?;
    let mut settings = found.ok_or(AppError::NotFound)?.settings;
    change(&mut settings);
    update(tx, actor, id, &ChatbotUpdate { settings: Some(settings), ..ChatbotUpdate::default() })
}

/// Everything that would keep `flow` from being published in an account with these departments. Pointers begin at the
/// flow. It is taken apart, which no transaction should wait for: hence not by one.
pub fn problems(flow: &str, departments: &[String]) -> Vec<FieldError> {
    let checked = Flow::parse(flow).and_then(|flow| flow.check_departments(departments));
    checked.map_or_else(|invalid| invalid.errors, |()| Vec::new())
}

/// Makes the draft what a version was.
pub fn restore(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>, number: u32) -> Result<Chatbot, AppError> {
    require(actor, Permission::Manage)?;
    let flow = Draft::read(&version(tx, actor, id, number)?)?.text();
    update(tx, actor, id, &ChatbotUpdate { flow: Some(flow), ..ChatbotUpdate::default() })
}

/// The flow that is published, if one is.
pub fn published(tx: &mut Tx<'_>, actor: &Actor, chatbot: &Chatbot) -> Result<Option<String>, AppError> {
    require(actor, Permission::Read)?;
    chatbot.version.map(|number| version(tx, actor, chatbot.id, number)).transpose()
}

/// Whether a draft is not what is published. Both may be taken apart, which no transaction should wait for.
pub fn is_ahead(draft: &str, published: Option<&str>) -> bool {
    let Some(published) = published else { return true };
    // Most often they differ in white space only, which is seen without taking them apart.
    domain::json::compact(draft) != published && !Changes::between(published, draft).is_empty()
}

/// When something was last said to the chatbot, previews left out.
pub fn last_heard(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<Option<Timestamp>, AppError> {
    require(actor, Permission::Read)?;
    Ok(store::conversations::last_of_chatbot(tx, actor.account(), id)?)
}

/// Deletes a chatbot. Its conversations stay, and those that are open go on to their end.
pub fn delete(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<(), AppError> {
    require(actor, Permission::Manage)?;
    let now = tx.now();
    if !store::chatbots::delete(tx, actor.account(), id, now)? {
        return Err(AppError::NotFound);
    }
    tx.emit(Signal::Changed(actor.account(), Changed::Chatbot(id)));
    audit::note(tx, actor, Deed::new(Action::ChatbotDeleted).to(id))
}

/// Makes the draft the version that new conversations begin with, if it is valid. Pointers of what is wrong begin at
/// the flow.
pub fn publish(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<Chatbot, AppError> {
    require(actor, Permission::Manage)?;
    let found = store::chatbots::find_to_change(tx, actor.account(), id)?;
    let mut chatbot = found.ok_or(AppError::NotFound)?;
    let flow = Flow::parse(&chatbot.draft)?;
    let departments = store::departments::list(tx, chatbot.account)?;
    flow.check_departments(&departments.into_iter().map(|it| it.name).collect::<Vec<_>>())?;
    let now = tx.now();
    let version = store::chatbots::insert_version(tx, chatbot.account, chatbot.id, &flow.text(), now)?;
    chatbot.version = Some(version);
    store::chatbots::update(tx, &chatbot)?;
    changed(tx, &chatbot);
    audit::note(tx, actor, Deed::new(Action::ChatbotPublished).to(id).detail(format!("version {version}")))?;
    Ok(chatbot)
}

/// How many versions are listed.
const VERSIONS: u32 = 100;

/// The newest versions with when they were published, newest first.
pub fn versions(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>) -> Result<Vec<(u32, Timestamp)>, AppError> {
    let chatbot = get(tx, actor, id)?;
    Ok(store::chatbots::versions(tx, chatbot.account, chatbot.id, VERSIONS)?)
}

/// The flow of a version, as it was published.
pub fn version(tx: &mut Tx<'_>, actor: &Actor, id: Id<Chatbot>, version: u32) -> Result<String, AppError> {
    let chatbot = get(tx, actor, id)?;
    store::chatbots::flow(tx, chatbot.account, chatbot.id, version)?.ok_or(AppError::NotFound)
}

/// Flows that were read a moment ago, by their text: to read and check one takes longer than a step through it.
static READ: Mutex<Option<HashMap<String, Arc<Flow>>>> = Mutex::new(None);
/// How many are kept.
const KEPT: usize = 64;

/// The flow that a conversation with that version goes by.
pub(crate) fn flow(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    version: u32,
) -> Result<Arc<Flow>, AppError> {
    read(store::chatbots::flow(tx, account, chatbot, version)?.ok_or(AppError::NotFound)?)
}

/// A flow from its text.
pub(crate) fn read(text: String) -> Result<Arc<Flow>, AppError> {
    let kept = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(flow) = kept().get_or_insert_default().get(&text) {
        return Ok(Arc::clone(flow));
    }
    // Nobody else waits while it is read. It was valid when it was kept; a later program may see it otherwise.
    let flow = Arc::new(Flow::parse(&text)?);
    let mut kept = kept();
    let kept = kept.get_or_insert_default();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(text, Arc::clone(&flow));
    Ok(flow)
}
