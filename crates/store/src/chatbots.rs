//! Chatbots and the versions of their flows.

use domain::{Account, Chatbot, ChatbotSettings, Id, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    () => {
        "account_id, id, name, public_key, draft, version, settings, created_at, updated_at"
    };
}

sql! {
    INSERT = concat!("insert into chatbot (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    GET = concat!("select ", columns!(), " from chatbot where account_id = $1 and id = $2 and deleted_at is null");
    GET_TO_CHANGE = concat!("select ", columns!(), " from chatbot
        where account_id = $1 and id = $2 and deleted_at is null /*pg: for no key update */");
    GET_BY_KEY = concat!("select ", columns!(), " from chatbot where public_key = $1 and deleted_at is null");
    LIST = concat!("select ", columns!(), " from chatbot
        where account_id = $1 and id < $2 and deleted_at is null order by id desc limit $3");
    UPDATE = "update chatbot set name = $3, draft = $4, version = $5, settings = $6, updated_at = $7
        where account_id = $1 and id = $2 and deleted_at is null";
    DELETE = "update chatbot set deleted_at = $3 where account_id = $1 and id = $2 and deleted_at is null";
    NAME = "select name from chatbot where account_id = $1 and id = $2";
    INSERT_VERSION = "insert into chatbot_version (account_id, chatbot_id, version, flow, created_at)
        values ($1, $2, $3, $4, $5)";
    LAST_VERSION = "select version from chatbot_version
        where account_id = $1 and chatbot_id = $2 order by version desc limit 1";
    FLOW = "select flow from chatbot_version where account_id = $1 and chatbot_id = $2 and version = $3";
    VERSIONS = "select version, created_at from chatbot_version
        where account_id = $1 and chatbot_id = $2 order by version desc limit $3";
}

/// Adds a chatbot.
pub fn insert(tx: &mut Tx<'_>, chatbot: &Chatbot) -> Result<(), StoreError> {
    let args = args![
        chatbot.account,
        chatbot.id,
        &chatbot.name,
        &chatbot.public_key,
        &chatbot.draft,
        chatbot.version,
        settings_text(chatbot),
        chatbot.created_at,
        chatbot.updated_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's chatbot of that id; None if there is none or it was deleted.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Chatbot>) -> Result<Option<Chatbot>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// The same, to change it: nobody else does until this transaction ends.
pub fn find_to_change(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Chatbot>,
) -> Result<Option<Chatbot>, StoreError> {
    tx.query_one(&GET_TO_CHANGE, args![account, id])?.map(read).transpose()
}

/// The chatbot of that public key, whoever's it is.
pub fn find_by_key(tx: &mut Tx<'_>, public_key: &str) -> Result<Option<Chatbot>, StoreError> {
    tx.query_one(&GET_BY_KEY, args![public_key])?.map(read).transpose()
}

/// Chatbots older than `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<Chatbot>,
    limit: u32,
) -> Result<Vec<Chatbot>, StoreError> {
    tx.query(&LIST, args![account, before, limit])?.into_iter().map(read).collect()
}

/// Stores name, draft, published version and settings. False if it was deleted meanwhile.
pub fn update(tx: &mut Tx<'_>, chatbot: &Chatbot) -> Result<bool, StoreError> {
    let args = args![
        chatbot.account,
        chatbot.id,
        &chatbot.name,
        &chatbot.draft,
        chatbot.version,
        settings_text(chatbot),
        chatbot.updated_at,
    ];
    Ok(tx.execute(&UPDATE, args)? == 1)
}

/// Deletes a chatbot; its conversations stay. False if there is none.
pub fn delete(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Chatbot>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&DELETE, args![account, id, now])? == 1)
}

/// What the chatbot is or was called.
pub fn name(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Chatbot>) -> Result<Option<String>, StoreError> {
    tx.query_one(&NAME, args![account, id])?.map(|mut row| row.take()).transpose()
}

/// Adds a version of a chatbot's flow, one higher than the last; its number.
pub fn insert_version(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    flow: &str,
    now: Timestamp,
) -> Result<u32, StoreError> {
    let last: Option<u32> =
        tx.query_one(&LAST_VERSION, args![account, chatbot])?.map(|mut row| row.take()).transpose()?;
    let version = last.unwrap_or(0) + 1;
    tx.execute(&INSERT_VERSION, args![account, chatbot, version, flow, now])?;
    Ok(version)
}

/// The flow of that version.
pub fn flow(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    version: u32,
) -> Result<Option<String>, StoreError> {
    tx.query_one(&FLOW, args![account, chatbot, version])?.map(|mut row| row.take()).transpose()
}

/// The newest versions of a flow with when they were published, newest first.
pub fn versions(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    limit: u32,
) -> Result<Vec<(u32, Timestamp)>, StoreError> {
    let rows = tx.query(&VERSIONS, args![account, chatbot, limit])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

fn settings_text(chatbot: &Chatbot) -> String {
    serde_json::to_string(&chatbot.settings).expect("settings can be written as JSON")
}

fn read(mut row: Row) -> Result<Chatbot, StoreError> {
    Ok(Chatbot {
        account: row.take()?,
        id: row.take()?,
        name: row.take()?,
        public_key: row.take()?,
        draft: row.take()?,
        version: row.take()?,
        settings: row.parse(|text| serde_json::from_str::<ChatbotSettings>(text).ok())?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}
