//! Departments, and which operators are there.

use std::time::Duration;

use domain::{Account, Department, Id, Timestamp};
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    () => {
        "account_id, id, name, email, disabled, built_in, transfer_to, transfer_after_s, created_at"
    };
}

sql! {
    INSERT = concat!("insert into department (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (account_id, name) do nothing");
    GET = concat!("select ", columns!(), " from department where account_id = $1 and id = $2");
    GET_BY_NAME = concat!("select ", columns!(), " from department where account_id = $1 and name = $2");
    LIST = concat!("select ", columns!(), " from department where account_id = $1 order by id");
    UPDATE = "update department set name = $3, email = $4, disabled = $5, transfer_to = $6, transfer_after_s = $7
        where account_id = $1 and id = $2";
    DELETE = "delete from department where account_id = $1 and id = $2 and not built_in";
    FORGET_TRANSFERS = "update department set transfer_to = null, transfer_after_s = null
        where account_id = $1 and transfer_to = $2";
    SET_PRESENT = "insert into presence (account_id, operator_id, name, departments, until)
        values ($1, $2, $3, $4, $5)
        on conflict (account_id, operator_id) do update set name = excluded.name,
            departments = excluded.departments, until = excluded.until";
    SET_ABSENT = "delete from presence where account_id = $1 and operator_id = $2";
    PRESENT = "select operator_id, name, departments, until from presence
        where account_id = $1 and until > $2 order by operator_id";
    FORGET_ABSENT = "delete from presence where until <= $1";
}

/// Adds a department; false if there is one of that name.
pub fn insert(tx: &mut Tx<'_>, department: &Department) -> Result<bool, StoreError> {
    let (transfer_to, after) = transfer(department);
    let args = args![
        department.account,
        department.id,
        &department.name,
        department.email.as_deref(),
        department.disabled,
        department.built_in,
        transfer_to,
        after,
        department.created_at,
    ];
    Ok(tx.execute(&INSERT, args)? == 1)
}

/// The account's department of that id.
pub fn find(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Department>,
) -> Result<Option<Department>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// The account's department of that name.
pub fn find_by_name(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    name: &str,
) -> Result<Option<Department>, StoreError> {
    tx.query_one(&GET_BY_NAME, args![account, name])?.map(read).transpose()
}

/// All departments of the account, oldest first. There are few.
pub fn list(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Vec<Department>, StoreError> {
    tx.query(&LIST, args![account])?.into_iter().map(read).collect()
}

/// Stores name, e-mail, whether it is disabled, and its transfer. False if there is no such department.
pub fn update(tx: &mut Tx<'_>, department: &Department) -> Result<bool, StoreError> {
    let (transfer_to, after) = transfer(department);
    let args = args![
        department.account,
        department.id,
        &department.name,
        department.email.as_deref(),
        department.disabled,
        transfer_to,
        after,
    ];
    Ok(tx.execute(&UPDATE, args)? == 1)
}

/// Deletes a department that is not built in; no other transfers to it any more. False if there is none.
pub fn delete(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Department>) -> Result<bool, StoreError> {
    let deleted = tx.execute(&DELETE, args![account, id])? == 1;
    if deleted {
        tx.execute(&FORGET_TRANSFERS, args![account, id])?;
    }
    Ok(deleted)
}

/// An operator who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub operator: Uuid,
    /// What visitors see.
    pub name: String,
    /// For which departments; all if there is none.
    pub departments: Vec<Id<Department>>,
    /// Until when, unless it is said again.
    pub until: Timestamp,
}

/// An operator is there.
pub fn set_present(tx: &mut Tx<'_>, account: Id<Account>, present: &Present) -> Result<(), StoreError> {
    let departments: Vec<String> = present.departments.iter().map(Id::to_string).collect();
    let args = args![account, present.operator, &present.name, departments.join(" "), present.until];
    tx.execute(&SET_PRESENT, args).map(drop)
}

/// An operator is not there any more.
pub fn set_absent(tx: &mut Tx<'_>, account: Id<Account>, operator: Uuid) -> Result<(), StoreError> {
    tx.execute(&SET_ABSENT, args![account, operator]).map(drop)
}

/// The account's operators who are there at `now`.
pub fn present(tx: &mut Tx<'_>, account: Id<Account>, now: Timestamp) -> Result<Vec<Present>, StoreError> {
    let read = |mut row: Row| {
        Ok(Present {
            operator: row.take()?,
            name: row.take()?,
            departments: row.parse(|text| text.split_whitespace().map(|id| id.parse().ok()).collect())?,
            until: row.take()?,
        })
    };
    tx.query(&PRESENT, args![account, now])?.into_iter().map(read).collect()
}

/// Forgets those who have not been there since `now`.
pub fn forget_absent(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&FORGET_ABSENT, args![now])
}

fn transfer(department: &Department) -> (Option<Id<Department>>, Option<i64>) {
    let seconds = |after: Duration| i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    department.transfer.map_or((None, None), |(to, after)| (Some(to), Some(seconds(after))))
}

fn read(mut row: Row) -> Result<Department, StoreError> {
    Ok(Department {
        account: row.take()?,
        id: row.take()?,
        name: row.take()?,
        email: row.take()?,
        disabled: row.take()?,
        built_in: row.take()?,
        transfer: {
            let (to, after): (Option<Id<Department>>, Option<u64>) = (row.take()?, row.take()?);
            to.zip(after.map(Duration::from_secs))
        },
        created_at: row.take()?,
    })
}
