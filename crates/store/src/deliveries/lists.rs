//! Lists of deliveries, by everything that they can be asked for.

use domain::{Account, Delivery, Event, EventType, Id, Timestamp, Webhook};
use uuid::Uuid;

use super::read;
use crate::{StoreError, Tx, sql::sql, value::args};

macro_rules! list {
    ($index:literal, $where:literal) => {
        concat!(
            "select ",
            columns!(""),
            " from delivery ",
            $index,
            " where account_id = $1 and id < $2 and id >= $6 and not test ",
            "and (state = $3 or $3 is null) and (event_type = $4 or $4 is null) ",
            $where,
            " order by id desc limit $5"
        )
    };
}

sql! {
    LIST = list!("", "");
    LIST_OF_WEBHOOK = list!("", "and webhook_id = $7");
    // Few among many, so they have indexes of their own. Either engine takes one only for its very condition, and SQLite
    // has no figures by which to prefer it.
    LIST_EXHAUSTED = list!("/*sqlite: indexed by delivery_exhausted */", "and state = 'exhausted'");
    LIST_SKIPPED = list!("/*sqlite: indexed by delivery_skipped */", "and state = 'skipped'");
    LIST_EXHAUSTED_OF_WEBHOOK = list!("/*sqlite: indexed by delivery_exhausted_webhook */", "and webhook_id = $7 and state = 'exhausted'");
    LIST_SKIPPED_OF_WEBHOOK = list!("/*sqlite: indexed by delivery_skipped_webhook */", "and webhook_id = $7 and state = 'skipped'");
    LIST_OF_EVENT = list!("/*sqlite: indexed by sqlite_autoindex_delivery_2 */", "and event_id = $7 and (webhook_id = $8 or $8 is null)");
}

/// Which deliveries to list; None means any.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this webhook.
    pub webhook_id: Option<Id<Webhook>>,
    /// Of this event.
    pub event_id: Option<Id<Event>>,
    /// In the state of this name.
    pub state: Option<String>,
    /// Of events of this type.
    pub event_type: Option<EventType>,
    /// Planned at that instant or later, by the millisecond.
    pub since: Option<Timestamp>,
    /// Planned before that instant, by the millisecond.
    pub until: Option<Timestamp>,
}

/// Deliveries older than `before`, newest first, without those of tests.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: &DeliveryFilter,
    before: Id<Delivery>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let before = filter.until.map_or(before, |until| before.min(Id::first_at(until)));
    let from: Id<Delivery> = filter.since.map_or(Id::from_uuid(Uuid::nil()), Id::first_at);
    let (state, event_type) = (filter.state.as_deref(), filter.event_type.map(EventType::as_str));
    let mut args = args![account, before, state, event_type, limit, from].to_vec();
    let rows = match (filter.event_id, filter.webhook_id) {
        (Some(event), webhook) => {
            args.extend([event.into(), webhook.into()]);
            tx.query(&LIST_OF_EVENT, &args)?
        }
        (None, Some(webhook)) => {
            args.push(webhook.into());
            let statement = match state {
                Some("exhausted") => &LIST_EXHAUSTED_OF_WEBHOOK,
                Some("skipped") => &LIST_SKIPPED_OF_WEBHOOK,
                _ => &LIST_OF_WEBHOOK,
            };
            tx.query(statement, &args)?
        }
        (None, None) => match state {
            Some("exhausted") => tx.query(&LIST_EXHAUSTED, &args)?,
            Some("skipped") => tx.query(&LIST_SKIPPED, &args)?,
            _ => tx.query(&LIST, &args)?,
        },
    };
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}
