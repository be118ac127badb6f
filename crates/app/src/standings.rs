//! Where events stand with webhooks, in words: what `domain::why` needs is gathered here.

use std::collections::HashMap;

use domain::{Account, Delivery, Event, Id, Outcome, Standing, Timestamp, Webhook, Why, why};
use store::{Tx, webhooks::Addressee};

use crate::{AppError, PageRequest};

/// An event is explained for so many webhooks besides those that have a delivery of it.
const WEBHOOKS: u32 = 100;

/// A delivery, and why it is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The delivery.
    pub delivery: Delivery,
    /// When it is tried next; None while its webhook or its line stands still.
    pub next_attempt_at: Option<Timestamp>,
    /// In words.
    pub why: Why,
}

/// What a webhook of the account has to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookStanding {
    /// Which webhook.
    pub webhook_id: Id<Webhook>,
    /// Its name.
    pub name: String,
    /// Its delivery of the event, if it has one.
    pub delivery_id: Option<Id<Delivery>>,
    /// Why it was, or was not yet, or never will be delivered.
    pub why: Why,
}

/// An event's deliveries and the account's newest webhooks, all explained.
pub(crate) struct Standings {
    pub(crate) deliveries: Vec<Addressed>,
    pub(crate) webhooks: Vec<WebhookStanding>,
    pub(crate) more_webhooks: bool,
}

/// An event that was told, and to whom.
pub struct Told {
    /// The event.
    pub event: Event,
    /// Its deliveries, in the order they were planned.
    pub deliveries: Vec<Addressed>,
}

/// A delivery with the name of its webhook; None if that was deleted.
pub type Addressed = (Explained, Option<String>);

/// Explains a delivery to `webhook`, None if that was deleted, whose last attempt had this outcome.
pub(crate) fn explain(
    tx: &mut Tx<'_>,
    delivery: Delivery,
    webhook: Option<&Webhook>,
    last: Option<&Outcome>,
) -> Result<Explained, AppError> {
    let line = delivery.line.as_deref().filter(|_| delivery.waits_in_line());
    let ahead = match line {
        Some(line) => store::lines::head(tx, delivery.account, delivery.webhook_id, line)?,
        None => None,
    };
    let webhook = webhook.map(Webhook::conduct);
    Ok(explained(&Standing { delivery: &delivery, webhook, last, ahead, now: tx.now() }))
}

fn explained(standing: &Standing<'_>) -> Explained {
    Explained {
        delivery: standing.delivery.clone(),
        next_attempt_at: standing.next_attempt_at(),
        why: standing.why(),
    }
}

/// Explains the deliveries of these events, with a few statements for all of them: pages show many at once.
pub(crate) fn of_events(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    events: &[Id<Event>],
) -> Result<HashMap<Id<Event>, Vec<Addressed>>, AppError> {
    let webhooks: HashMap<Id<Webhook>, Addressee> =
        store::webhooks::of_events(tx, account, events)?.into_iter().map(|it| (it.id, it)).collect();
    let last: HashMap<Id<Delivery>, Outcome> =
        store::deliveries::last_outcomes(tx, account, events)?.into_iter().collect();
    let ahead = store::lines::heads(tx, account, events)?;
    let mut found: HashMap<Id<Event>, Vec<Addressed>> = HashMap::new();
    for delivery in store::deliveries::of_events(tx, account, events)? {
        let webhook = webhooks.get(&delivery.webhook_id);
        let standing = Standing {
            delivery: &delivery,
            webhook: webhook.map(|it| it.conduct),
            last: last.get(&delivery.id),
            ahead: ahead.get(&delivery.id).copied(),
            now: tx.now(),
        };
        let addressed = (explained(&standing), webhook.map(|it| it.name.clone()));
        found.entry(delivery.event_id).or_default().push(addressed);
    }
    Ok(found)
}

/// Explains an event for each of its deliveries, and for the newest webhooks of its account.
pub(crate) fn of_event(tx: &mut Tx<'_>, event: &Event) -> Result<Standings, AppError> {
    let (account, newest) = (event.account, PageRequest { after: None, limit: WEBHOOKS });
    let page = newest
        .fill(|before, limit| store::webhooks::list(tx, account, before, limit), |it: &Webhook| it.id)?;
    let deliveries = of_events(tx, account, &[event.id])?.remove(&event.id).unwrap_or_default();
    let kept = deliveries.len() >= event.planned as usize;
    let of_webhook: HashMap<Id<Webhook>, &Explained> =
        deliveries.iter().map(|(it, _)| (it.delivery.webhook_id, it)).collect();
    let webhooks = page.items.iter().map(|webhook| {
        let explained = of_webhook.get(&webhook.id);
        WebhookStanding {
            webhook_id: webhook.id,
            name: webhook.name.clone(),
            delivery_id: explained.map(|it| it.delivery.id),
            why: explained.map_or_else(|| why::without_delivery(event, webhook, kept), |it| it.why.clone()),
        }
    });
    Ok(Standings { webhooks: webhooks.collect(), more_webhooks: page.next.is_some(), deliveries })
}
