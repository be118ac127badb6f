//! Where events stand with webhooks, in words: what `domain::why` needs is gathered here.

use std::collections::HashMap;

use domain::{Delivery, Event, Id, Outcome, Standing, Timestamp, Webhook, Why, why};
use store::Tx;

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
    pub(crate) deliveries: Vec<Explained>,
    pub(crate) webhooks: Vec<WebhookStanding>,
    pub(crate) more_webhooks: bool,
}

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
    let standing = Standing { delivery: &delivery, webhook, last, ahead, now: tx.now() };
    let (next_attempt_at, why) = (standing.next_attempt_at(), standing.why());
    Ok(Explained { delivery, next_attempt_at, why })
}

/// Explains an event for each of its deliveries, and for the newest webhooks of its account.
pub(crate) fn of_event(tx: &mut Tx<'_>, event: &Event) -> Result<Standings, AppError> {
    let (account, newest) = (event.account, PageRequest { after: None, limit: WEBHOOKS });
    let page = newest
        .fill(|before, limit| store::webhooks::list(tx, account, before, limit), |it: &Webhook| it.id)?;
    let known: HashMap<Id<Webhook>, &Webhook> = page.items.iter().map(|it| (it.id, it)).collect();
    let last: HashMap<Id<Delivery>, Outcome> =
        store::deliveries::last_outcomes(tx, account, event.id)?.into_iter().collect();

    let mut deliveries = Vec::new();
    for delivery in store::deliveries::of_event(tx, account, event.id)? {
        let last = last.get(&delivery.id);
        deliveries.push(match known.get(&delivery.webhook_id) {
            Some(webhook) => explain(tx, delivery, Some(webhook), last)?,
            None => {
                let webhook = store::webhooks::find(tx, account, delivery.webhook_id)?;
                explain(tx, delivery, webhook.as_ref(), last)?
            }
        });
    }
    let kept = deliveries.len() >= event.planned as usize;
    let of_webhook: HashMap<Id<Webhook>, &Explained> =
        deliveries.iter().map(|it| (it.delivery.webhook_id, it)).collect();
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
