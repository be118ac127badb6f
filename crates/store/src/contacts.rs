//! Contacts.

use domain::{Account, Contact, Conversation, Fields, Id, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    () => {
        "account_id, id, name, email, phone, custom, consent, duplicate_of, created_at, seen_at"
    };
}

sql! {
    // Two that are captured at once under one address become one: the second waits for the first and finds it.
    INSERT = concat!("insert into contact (", columns!(), ", email_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (account_id, email_key) do nothing");
    GET = concat!("select ", columns!(), " from contact where account_id = $1 and id = $2");
    GET_TO_CHANGE = concat!("select ", columns!(), " from contact
        where account_id = $1 and id = $2 /*pg: for no key update */");
    GET_BY_EMAIL = concat!("select ", columns!(), " from contact
        where account_id = $1 and email_key = $2 /*pg: for no key update */");
    // The oldest, so that everybody comes to the same.
    GET_BY_PHONE = concat!("select ", columns!(), " from contact
        where account_id = $1 and phone = $2 order by id limit 1 /*pg: for no key update */");
    LIST = concat!("select ", columns!(), " from contact where account_id = $1 and id < $2 order by id desc limit $3");
    LIST_BY_EMAIL = concat!("select ", columns!(), " from contact
        where account_id = $1 and email_key = $4 and id < $2 order by id desc limit $3");
    LIST_BY_PHONE = concat!("select ", columns!(), " from contact
        where account_id = $1 and phone = $4 and id < $2 order by id desc limit $3");
    BEGINNING_BY_EMAIL = concat!("select ", columns!(), " from contact
        where account_id = $1 and email_key >= $2 and email_key < $3 order by email_key limit $4");
    BEGINNING_BY_PHONE = concat!("select ", columns!(), " from contact
        where account_id = $1 and phone >= $2 and phone < $3 order by phone, id limit $4");
    COUNT = "select count(*) from (select 1 from contact where account_id = $1 limit $2) few";
    UPDATE = "update contact set name = $3, email = $4, phone = $5, custom = $6, consent = $7, duplicate_of = $8,
            seen_at = $9, email_key = $10
        where account_id = $1 and id = $2";
    FLAG = "update contact set duplicate_of = $3 where account_id = $1 and id = $2 and id <> $3";
    DELETE = "delete from contact where account_id = $1 and id = $2";
    UNFLAG = "update contact set duplicate_of = null where account_id = $1 and duplicate_of = $2";
    ADD_CONVERSATION = "insert into capture (account_id, contact_id, conversation_id)
        values ($1, $2, $3) on conflict (account_id, contact_id, conversation_id) do nothing";
    TAKE_CAPTURES = "insert into capture (account_id, contact_id, conversation_id)
        select account_id, $3, conversation_id from capture where account_id = $1 and contact_id = $2
        on conflict (account_id, contact_id, conversation_id) do nothing";
    FORGET_CAPTURES = "delete from capture where account_id = $1 and contact_id = $2";
    TAKE_CONVERSATIONS = "update conversation set contact_id = $3 where account_id = $1 and contact_id = $2";
}

/// Adds a contact; false if there is one with that e-mail address.
pub fn insert(tx: &mut Tx<'_>, contact: &Contact) -> Result<bool, StoreError> {
    let args = args![
        contact.account,
        contact.id,
        contact.fields.name.as_deref(),
        contact.fields.email.as_deref(),
        contact.fields.phone.as_deref(),
        custom_text(contact),
        consent_text(contact),
        contact.duplicate_of,
        contact.created_at,
        contact.seen_at,
        contact.fields.email_key(),
    ];
    Ok(tx.execute(&INSERT, args)? == 1)
}

/// The account's contact of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Contact>) -> Result<Option<Contact>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// The same, to change it: nobody else does until this transaction ends.
pub fn find_to_change(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Contact>,
) -> Result<Option<Contact>, StoreError> {
    tx.query_one(&GET_TO_CHANGE, args![account, id])?.map(read).transpose()
}

/// The account's contact with the e-mail address of that key, to change it.
pub fn find_by_email(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    key: &str,
) -> Result<Option<Contact>, StoreError> {
    tx.query_one(&GET_BY_EMAIL, args![account, key])?.map(read).transpose()
}

/// The account's oldest contact with that phone number, to change it.
pub fn find_by_phone(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    phone: &str,
) -> Result<Option<Contact>, StoreError> {
    tx.query_one(&GET_BY_PHONE, args![account, phone])?.map(read).transpose()
}

/// Which contacts to list.
#[derive(Clone, Debug, Default)]
pub enum ContactFilter {
    /// All.
    #[default]
    All,
    /// With the e-mail address of that key.
    EmailKey(String),
    /// With that phone number.
    Phone(String),
}

/// Contacts older than `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: &ContactFilter,
    before: Id<Contact>,
    limit: u32,
) -> Result<Vec<Contact>, StoreError> {
    let rows = match filter {
        ContactFilter::All => tx.query(&LIST, args![account, before, limit])?,
        ContactFilter::EmailKey(key) => tx.query(&LIST_BY_EMAIL, args![account, before, limit, key])?,
        ContactFilter::Phone(phone) => tx.query(&LIST_BY_PHONE, args![account, before, limit, phone])?,
    };
    rows.into_iter().map(read).collect()
}

/// The beginning of an address or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Of the key of an e-mail address.
    EmailKey(String),
    /// Of a phone number.
    Phone(String),
}

/// Up to `limit` contacts whose address or number begins like that, in its order.
pub fn beginning(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    beginning: &Beginning,
    limit: u32,
) -> Result<Vec<Contact>, StoreError> {
    let (statement, first) = match beginning {
        Beginning::EmailKey(first) => (&BEGINNING_BY_EMAIL, first),
        Beginning::Phone(first) => (&BEGINNING_BY_PHONE, first),
    };
    // Both engines compare keys by their bytes, and no character comes behind this one.
    let end = format!("{first}{}", char::MAX);
    tx.query(statement, args![account, first, end, limit])?.into_iter().map(read).collect()
}

/// How many contacts there are; `most` if there are more.
pub fn count(tx: &mut Tx<'_>, account: Id<Account>, most: u32) -> Result<u32, StoreError> {
    tx.query_one(&COUNT, args![account, most])?.map_or(Ok(0), |mut row| row.take())
}

/// Stores everything that can change. Fails as a conflict if another has that e-mail address.
pub fn update(tx: &mut Tx<'_>, contact: &Contact) -> Result<bool, StoreError> {
    let args = args![
        contact.account,
        contact.id,
        contact.fields.name.as_deref(),
        contact.fields.email.as_deref(),
        contact.fields.phone.as_deref(),
        custom_text(contact),
        consent_text(contact),
        contact.duplicate_of,
        contact.seen_at,
        contact.fields.email_key(),
    ];
    Ok(tx.execute(&UPDATE, args)? == 1)
}

/// Says that `id` may be the same person as `other`.
pub fn flag(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Contact>,
    other: Id<Contact>,
) -> Result<(), StoreError> {
    tx.execute(&FLAG, args![account, id, other]).map(drop)
}

/// Deletes a contact; whoever was flagged as the same person is not any more. False if there is none.
pub fn delete(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Contact>) -> Result<bool, StoreError> {
    tx.execute(&UNFLAG, args![account, id])?;
    tx.execute(&FORGET_CAPTURES, args![account, id])?;
    Ok(tx.execute(&DELETE, args![account, id])? == 1)
}

/// The contact was captured in that conversation.
pub fn add_conversation(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    contact: Id<Contact>,
    conversation: Id<Conversation>,
) -> Result<(), StoreError> {
    tx.execute(&ADD_CONVERSATION, args![account, contact, conversation]).map(drop)
}

/// The conversations of `from` become those of `to`.
pub fn take_conversations(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    from: Id<Contact>,
    to: Id<Contact>,
) -> Result<u64, StoreError> {
    tx.execute(&TAKE_CAPTURES, args![account, from, to])?;
    tx.execute(&FORGET_CAPTURES, args![account, from])?;
    tx.execute(&TAKE_CONVERSATIONS, args![account, from, to])
}

fn custom_text(contact: &Contact) -> String {
    serde_json::to_string(&contact.custom).expect("a JSON object can be written")
}

fn consent_text(contact: &Contact) -> Option<String> {
    contact.consent.as_ref().map(|it| serde_json::to_string(it).expect("strings can be written as JSON"))
}

fn read(mut row: Row) -> Result<Contact, StoreError> {
    Ok(Contact {
        account: row.take()?,
        id: row.take()?,
        fields: Fields { name: row.take()?, email: row.take()?, phone: row.take()? },
        custom: row.parse(|text| serde_json::from_str(text).ok())?,
        consent: {
            let text: Option<String> = row.take()?;
            text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| row.corrupt())?
        },
        duplicate_of: row.take()?,
        created_at: row.take()?,
        seen_at: row.take::<Timestamp>()?,
    })
}
