//! Accepting events: stored together with their deliveries, or not at all.

use std::sync::Arc;

use domain::{
    Actor, CheckedEvent, Delivery, DeliveryState, Event, EventType, Id, Ordering, Permission, Tally,
    Timestamp, Webhook, search, webhook::is_chosen,
};
use store::{Changed, Planned, Signal, Tx, webhooks::Subscriber};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    idempotency::{self, Idempotency, Kept},
    standings::{self, Addressed, Standings, Told, WebhookStanding},
};

/// Events that somebody posts with one request.
#[derive(Clone, Debug)]
pub struct Posting {
    /// At least one.
    pub events: Vec<CheckedEvent>,
    /// What tells a repeated request.
    pub idempotency: Option<Idempotency>,
}

/// An event that was taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: Id<Event>,
    /// How many deliveries were planned; 0 means unmatched.
    pub deliveries: u32,
}

/// Takes on events, all or none. The same request under the same idempotency key gets the same answer again and
/// stores nothing; while the first is still being stored, the repeat waits for it.
pub fn post(tx: &mut Tx<'_>, actor: &Actor, posting: &Posting) -> Result<Vec<Accepted>, AppError> {
    require(actor, Permission::Ingest)?;
    let account = actor.account();
    idempotency::once(tx, account, posting.idempotency.as_ref(), |tx| {
        let mut accepted = Vec::with_capacity(posting.events.len());
        for event in &posting.events {
            let event = event.to_event(tx.new_id(), account, tx.now());
            accepted.push(record(tx, event)?);
        }
        Ok(accepted)
    })
}

/// Stores an event and, with it, one delivery for every webhook that asks for it: the promise of the product.
pub fn record(tx: &mut Tx<'_>, event: Event) -> Result<Accepted, AppError> {
    let deliveries = plan(tx, &event, None)?;
    store_planned(tx, event, deliveries)
}

/// Stores an event that nobody need to know of, unless no webhook but `except` asks for it.
pub(crate) fn record_if_asked(
    tx: &mut Tx<'_>,
    event: Event,
    except: Option<Id<Webhook>>,
) -> Result<(), AppError> {
    let deliveries = plan(tx, &event, except)?;
    if !deliveries.is_empty() {
        store_planned(tx, event, deliveries)?;
    }
    Ok(())
}

fn store_planned(tx: &mut Tx<'_>, mut event: Event, deliveries: Vec<Delivery>) -> Result<Accepted, AppError> {
    event.planned = deliveries.len() as u32;
    store::events::insert(tx, &event)?;
    store::deliveries::insert(tx, &deliveries)?;

    let accepted = Accepted { id: event.id, deliveries: event.planned };
    tx.emit(Signal::Changed(event.account, Changed::Event(event.id)));
    let due = |it: &Delivery| it.state == DeliveryState::Pending && !it.waits_in_line();
    let deliveries: Vec<Delivery> = deliveries.into_iter().filter(due).collect();
    if !deliveries.is_empty() {
        tx.emit(Signal::DeliveriesDue(Arc::new(Planned { event: Arc::new(event), deliveries })));
    }
    Ok(accepted)
}

/// The deliveries of an event: one for each matching webhook, in the state that the webhook's state asks for.
fn plan(tx: &mut Tx<'_>, event: &Event, except: Option<Id<Webhook>>) -> Result<Vec<Delivery>, AppError> {
    let subscribers = store::webhooks::subscribed(tx, event.account, event.event_type)?;
    let chosen = |it: &Subscriber| is_chosen(&it.chatbot_ids, event.context.chatbot_id);
    let matching = subscribers.into_iter().filter(|it| Some(it.webhook_id) != except && chosen(it));
    matching.map(|subscriber| plan_one(tx, event, &subscriber)).collect()
}

fn plan_one(tx: &mut Tx<'_>, event: &Event, subscriber: &Subscriber) -> Result<Delivery, AppError> {
    let keeps_order = subscriber.ordering == Ordering::Conversation && subscriber.state.skips().is_none();
    let line = event.context.conversation_id.clone().filter(|_| keeps_order);
    let mut due_at = event.created_at;
    if let Some(line) = &line {
        store::webhooks::lock(tx, event.account, subscriber.webhook_id)?;
        due_at = Delivery::joining(store::lines::last(tx, subscriber.webhook_id, line)?, due_at);
    }
    Ok(Delivery {
        id: tx.new_id(),
        account: event.account,
        event_id: event.id,
        webhook_id: subscriber.webhook_id,
        event_type: event.event_type,
        body: subscriber.body,
        state: subscriber.state.skips().map_or(DeliveryState::Pending, DeliveryState::Skipped),
        attempts: 0,
        failures: 0,
        due_at,
        started_at: None,
        created_at: event.created_at,
        line,
    })
}

/// Which events to list; None means any.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this type.
    pub event_type: Option<EventType>,
    /// Of this conversation.
    pub conversation_id: Option<String>,
    /// Whose data has this e-mail address, in whatever spelling.
    pub email: Option<String>,
    /// Whose data has this phone number, however it is grouped.
    pub phone: Option<String>,
    /// This one.
    pub id: Option<Id<Event>>,
    /// Accepted at that instant or later, by the millisecond.
    pub since: Option<Timestamp>,
    /// Accepted before that instant, by the millisecond.
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// What the store compares.
    fn stored(&self) -> store::events::EventFilter {
        let since = self.since.map(Id::first_at);
        store::events::EventFilter {
            event_type: self.event_type,
            conversation_id: self.conversation_id.clone(),
            email_key: self.email.as_deref().map(search::email_key),
            // What has no digits is nobody's number, and no stored key is empty.
            phone: self.phone.as_deref().map(|phone| search::phone_key(phone).unwrap_or_default()),
            from: since.max(self.id),
        }
    }

    /// Only what is older than this can match.
    fn before(&self) -> Option<Id<Event>> {
        let behind = self.id.and_then(|id| id.uuid().as_u128().checked_add(1));
        let behind = behind.map(|number| Id::from_uuid(domain::id::Uuid::from_u128(number)));
        [self.until.map(Id::first_at), behind].into_iter().flatten().min()
    }
}

/// The account's events, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: &EventFilter,
    page: PageRequest<Event>,
) -> Result<Page<Event, Event>, AppError> {
    require(actor, Permission::Read)?;
    if filter.email.is_some() || filter.phone.is_some() {
        // Who finds an event by an address knows whose it is.
        require_payloads(actor)?;
    }
    let (account, stored) = (actor.account(), filter.stored());
    let last = filter.before().unwrap_or(Id::from_uuid(domain::id::Uuid::max()));
    let mut events: Page<Event, Event> = page.fill::<_, AppError>(
        |before, limit| Ok(store::events::list(tx, account, &stored, before.min(last), limit)?),
        |it| it.id,
    )?;
    events.items.iter_mut().for_each(|event| hide(actor, event));
    Ok(events)
}

/// Takes out what the actor may not see: what an event says.
fn hide(actor: &Actor, event: &mut Event) {
    if !actor.may(Permission::People) {
        (event.data, event.context.more) = (None, None);
    }
}

/// What became of the deliveries of each of these events of the account, in their order.
pub fn tally(tx: &mut Tx<'_>, actor: &Actor, events: &[Id<Event>]) -> Result<Vec<Tally>, AppError> {
    require(actor, Permission::Read)?;
    Ok(store::deliveries::tally(tx, actor.account(), events)?)
}

/// One event alone.
pub fn find(tx: &mut Tx<'_>, actor: &Actor, id: Id<Event>) -> Result<Event, AppError> {
    require(actor, Permission::Read)?;
    let mut event = store::events::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    hide(actor, &mut event);
    Ok(event)
}

/// The next slice of what a search in payloads looks through: a page of [`list`], for those who may see payloads.
pub fn slice(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: &EventFilter,
    page: PageRequest<Event>,
) -> Result<Page<Event, Event>, AppError> {
    require_payloads(actor)?;
    list(tx, actor, filter, page)
}

/// Whoever searches in payloads learns what stands in them.
fn require_payloads(actor: &Actor) -> Result<(), AppError> {
    require(actor, Permission::People)
}

/// An event with what became of it.
pub struct EventDetail {
    /// The event.
    pub event: Event,
    /// Its deliveries, in the order they were planned; none if it was unmatched.
    pub deliveries: Vec<Addressed>,
    /// Where it stands with the account's webhooks, the newest first.
    pub webhooks: Vec<WebhookStanding>,
    /// Whether there are older webhooks, which were left out.
    pub more_webhooks: bool,
}

/// These events, each with its deliveries.
pub(crate) fn told(tx: &mut Tx<'_>, actor: &Actor, events: Vec<Event>) -> Result<Vec<Told>, AppError> {
    require(actor, Permission::Read)?;
    let ids: Vec<Id<Event>> = events.iter().map(|it| it.id).collect();
    let mut found = standings::of_events(tx, actor.account(), &ids)?;
    let told = |event: Event| Told { deliveries: found.remove(&event.id).unwrap_or_default(), event };
    Ok(events.into_iter().map(told).collect())
}

/// One event with its deliveries, and why it reached or did not reach each webhook.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Event>) -> Result<EventDetail, AppError> {
    let event = find(tx, actor, id)?;
    let Standings { deliveries, webhooks, more_webhooks } = standings::of_event(tx, &event)?;
    Ok(EventDetail { event, deliveries, webhooks, more_webhooks })
}

/// Kept as lines of id and number.
impl Kept for Vec<Accepted> {
    fn write(&self) -> String {
        self.iter().map(|it| format!("{} {}\n", it.id, it.deliveries)).collect()
    }

    fn read(text: &str) -> Option<Self> {
        let read = |line: &str| {
            let (id, deliveries) = line.split_once(' ')?;
            Some(Accepted { id: id.parse().ok()?, deliveries: deliveries.parse().ok()? })
        };
        text.lines().map(read).collect()
    }
}
