//! A contact is captured in a conversation: stored once per person, and told when there is news.

use domain::{
    Contact, Fields, Id,
    contact::{self, Attach},
    flow::Value,
};
use serde_json::Map;
use store::Tx;

use super::session::Session;
use crate::AppError;

impl Session {
    /// Stores who the visitor is, and tells webhooks, unless they were told just that before.
    pub(super) fn capture(
        &mut self,
        tx: &mut Tx<'_>,
        fields: &Fields,
        custom: &[(String, Value)],
    ) -> Result<(), AppError> {
        if self.it.preview || !fields.is_reachable() {
            return Ok(());
        }
        let fields = &Fields { name: fields.name.as_deref().map(|it| self.masked(it)), ..fields.clone() };
        let custom: Map<_, _> = custom.iter().map(|(name, value)| (name.clone(), self.told(value))).collect();
        let contact = self.attach(tx, fields, custom.clone())?;
        self.it.contact = Some(contact);
        self.it.captured_at.get_or_insert(tx.now());
        self.save_row(tx)?;
        store::contacts::add_conversation(tx, self.it.account, contact, self.it.id)?;
        let told = fields.to_json();
        if self.it.told.as_ref() != Some(&told) {
            self.tell_contact(tx, contact, &told, &custom)?;
            self.it.told = Some(told);
        }
        Ok(())
    }

    fn told(&self, value: &Value) -> serde_json::Value {
        match value {
            Value::Text(text) => self.masked(text).into(),
            other => serde_json::to_value(other).unwrap_or_default(),
        }
    }

    /// The contact whose fields these are, renewed.
    fn attach(
        &self,
        tx: &mut Tx<'_>,
        fields: &Fields,
        custom: Map<String, serde_json::Value>,
    ) -> Result<Id<Contact>, AppError> {
        let account = self.it.account;
        // Where another captures the same address at this moment, the insert finds out, and the second look finds it.
        for _ in 0..2 {
            let by_email = match fields.email_key() {
                Some(key) => store::contacts::find_by_email(tx, account, &key)?,
                None => None,
            };
            let by_phone = match &fields.phone {
                Some(phone) => store::contacts::find_by_phone(tx, account, phone)?,
                None => None,
            };
            // One that was erased is nobody's any more. And who was known before gets no other address from somebody
            // who typed theirs.
            let corrigible = |it: &Contact| it.created_at >= self.it.opened_at || fields.email.is_none();
            let own = match self.it.contact {
                Some(own) => {
                    store::contacts::find_to_change(tx, account, own)?.filter(corrigible).map(|it| it.id)
                }
                None => None,
            };
            match contact::attach(fields, own, by_email.as_ref(), by_phone.as_ref()) {
                Attach::To { contact, like } => return self.renew(tx, contact, like, fields, custom),
                Attach::New { like } => {
                    let contact = self.new_contact(tx, fields.clone(), custom.clone(), like);
                    if store::contacts::insert(tx, &contact)? {
                        return Ok(contact.id);
                    }
                }
            }
        }
        // Was there when inserting and gone when looking again.
        Err(AppError::Busy)
    }

    fn new_contact(
        &self,
        tx: &mut Tx<'_>,
        fields: Fields,
        custom: Map<String, serde_json::Value>,
        like: Option<Id<Contact>>,
    ) -> Contact {
        Contact {
            id: tx.new_id(),
            account: self.it.account,
            fields,
            custom,
            consent: self.it.consent.clone().filter(|consent| consent.given),
            duplicate_of: like,
            created_at: tx.now(),
            seen_at: tx.now(),
        }
    }

    fn renew(
        &self,
        tx: &mut Tx<'_>,
        id: Id<Contact>,
        like: Option<Id<Contact>>,
        fields: &Fields,
        custom: Map<String, serde_json::Value>,
    ) -> Result<Id<Contact>, AppError> {
        let found = store::contacts::find_to_change(tx, self.it.account, id)?;
        let mut contact = found.ok_or(AppError::Busy)?;
        contact.fields = fields.clone().or(&contact.fields);
        contact.custom.extend(custom);
        let consent = self.it.consent.clone().filter(|consent| consent.given);
        contact.consent = consent.or(contact.consent);
        contact.duplicate_of = like.or(contact.duplicate_of);
        contact.seen_at = tx.now();
        match store::contacts::update(tx, &contact) {
            // Another took the address at this moment: whoever repeats this will find it.
            Err(store::StoreError::Conflict { .. }) => Err(AppError::Busy),
            result => Ok(result.map(|_| id)?),
        }
    }
}
