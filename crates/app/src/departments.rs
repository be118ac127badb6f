//! Departments: whom a chat can be handed to, and which operators are there.

use std::time::Duration;

use domain::{Account, Actor, Department, Id, Invalid, Operator, Permission, account::check_name};
pub use store::departments::Present;
use store::{StoreError, Tx};

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
};

/// How long an operator counts as there without saying so again.
pub const PRESENT_FOR: Duration = Duration::from_secs(60);

/// So many departments an operator can be there for by name.
const MOST_NAMED: usize = 100;

/// How a department is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDepartment {
    /// What flows call it; one of a kind in the account.
    pub name: String,
    /// Where it can be written to.
    pub email: Option<String>,
    /// Whether chats are not handed to it at present.
    pub disabled: bool,
    /// Where a chat goes that nobody accepts, and after how long.
    pub transfer: Option<(Id<Department>, Duration)>,
}

impl From<Department> for NewDepartment {
    fn from(it: Department) -> Self {
        Self { name: it.name, email: it.email, disabled: it.disabled, transfer: it.transfer }
    }
}

/// The account's departments, oldest first.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Department>, AppError> {
    require(actor, Permission::Read)?;
    Ok(store::departments::list(tx, actor.account())?)
}

/// Makes a department.
pub fn create(tx: &mut Tx<'_>, actor: &Actor, new: &NewDepartment) -> Result<Department, AppError> {
    require(actor, Permission::Manage)?;
    let account = actor.account();
    let mut department = Department {
        id: tx.new_id(),
        account,
        name: String::new(),
        email: None,
        disabled: false,
        built_in: false,
        transfer: None,
        created_at: tx.now(),
    };
    check(tx, &department, new, Ok(()))?;
    apply(&mut department, new);
    if !store::departments::insert(tx, &department)? {
        return Err(taken(&new.name));
    }
    let deed =
        Deed::new(Action::DepartmentCreated).to(department.id).detail(format!("{:?}", department.name));
    audit::note(tx, actor, deed)?;
    Ok(department)
}

/// Changes a department. A built-in one keeps its name.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Department>,
    new: &NewDepartment,
) -> Result<Department, AppError> {
    require(actor, Permission::Manage)?;
    let mut department = store::departments::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    let renamed = department.built_in && new.name.trim() != department.name;
    let kept = match renamed {
        true => Err(Invalid::field("/name", "a built-in department keeps its name")),
        false => Ok(()),
    };
    check(tx, &department, new, kept)?;
    apply(&mut department, new);
    let same_name = store::departments::find_by_name(tx, actor.account(), &department.name)?;
    if same_name.is_some_and(|it| it.id != id) {
        return Err(taken(&department.name));
    }
    match store::departments::update(tx, &department) {
        // Another took the name at this moment.
        Err(StoreError::Conflict { .. }) => Err(taken(&department.name)),
        Ok(true) => {
            audit::note(tx, actor, Deed::new(Action::DepartmentChanged).to(id))?;
            Ok(department)
        }
        updated => updated?.then_some(department).ok_or(AppError::NotFound),
    }
}

/// Deletes a department. Chats that wait for it go on as if nobody accepted.
pub fn delete(tx: &mut Tx<'_>, actor: &Actor, id: Id<Department>) -> Result<(), AppError> {
    require(actor, Permission::Manage)?;
    let department = store::departments::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    if department.built_in {
        let message = format!("{:?} is built in and stays; it can be disabled", department.name);
        return Err(AppError::Conflict { code: "built_in", message });
    }
    store::departments::delete(tx, actor.account(), id)?;
    audit::note(
        tx,
        actor,
        Deed::new(Action::DepartmentDeleted).to(id).detail(format!("{:?}", department.name)),
    )
}

/// All that is wrong with it at once, besides whether its name may change.
fn check(
    tx: &mut Tx<'_>,
    department: &Department,
    new: &NewDepartment,
    kept: Result<(), Invalid>,
) -> Result<(), AppError> {
    let email = new.email.as_deref().map_or(Ok(()), |email| domain::answers::email(email).map(drop));
    let rule = |holds: bool, pointer: &str, message: &str| {
        if holds { Ok(()) } else { Err(Invalid::field(pointer, message)) }
    };
    let (mut wait, mut to) = (true, true);
    if let Some((other, after)) = new.transfer {
        wait = (10..=86_400).contains(&after.as_secs());
        let known = store::departments::find(tx, department.account, other)?.is_some();
        to = known && other != department.id;
    }
    Ok(Invalid::gather([
        kept.and_then(|()| check_name("/name", &new.name)),
        email.map_err(|it| Invalid::field("/email", it.message)),
        rule(to, "/transfer_to", "must be another department of this account"),
        rule(wait, "/transfer_after_s", "must be 10 to 86400 seconds"),
    ])?)
}

fn apply(department: &mut Department, new: &NewDepartment) {
    department.name = new.name.trim().to_owned();
    department.email = new.email.clone();
    (department.disabled, department.transfer) = (new.disabled, new.transfer);
}

fn taken(name: &str) -> AppError {
    AppError::Conflict {
        code: "name_taken",
        message: format!("there is a department called {name:?} already"),
    }
}

/// The departments that a new account begins with.
pub(crate) fn make_built_in(tx: &mut Tx<'_>, account: Id<Account>) -> Result<(), AppError> {
    for name in Department::BUILT_IN {
        let department = Department {
            id: tx.new_id(),
            account,
            name: name.to_owned(),
            email: None,
            disabled: false,
            built_in: true,
            transfer: None,
            created_at: tx.now(),
        };
        store::departments::insert(tx, &department)?;
    }
    Ok(())
}

/// Who the actor is to visitors: members and API keys answer under their names.
pub(crate) fn operator(tx: &mut Tx<'_>, actor: &Actor) -> Result<Operator, AppError> {
    match *actor {
        Actor::Key { account, key, .. } => {
            let found = store::accounts::get_key(tx, account, key)?.ok_or(AppError::NotFound)?;
            Ok(Operator { id: key.uuid(), name: found.name })
        }
        Actor::Member { account, member, .. } => {
            let found = store::members::find(tx, account, member)?.ok_or(AppError::NotFound)?;
            Ok(Operator { id: member.uuid(), name: found.name })
        }
        Actor::Console { account } => Ok(Operator { id: account.uuid(), name: "Console".to_owned() }),
    }
}

/// The operator is there for these departments, or for all, for [`PRESENT_FOR`].
pub fn arrive(tx: &mut Tx<'_>, actor: &Actor, departments: Vec<Id<Department>>) -> Result<Present, AppError> {
    require(actor, Permission::Converse)?;
    if departments.len() > MOST_NAMED {
        let message = format!("must name at most {MOST_NAMED} departments; none means all");
        return Err(Invalid::field("/departments", message).into());
    }
    let Operator { id, name } = operator(tx, actor)?;
    for department in &departments {
        let known = store::departments::find(tx, actor.account(), *department)?;
        known.ok_or_else(|| Invalid::field("/departments", format!("{department} is not a department")))?;
    }
    let present = Present { operator: id, name, departments, until: tx.now() + PRESENT_FOR };
    store::departments::set_present(tx, actor.account(), &present)?;
    Ok(present)
}

/// The operator is not there any more.
pub fn leave(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), AppError> {
    require(actor, Permission::Converse)?;
    let operator = operator(tx, actor)?;
    Ok(store::departments::set_absent(tx, actor.account(), operator.id)?)
}

/// The operators who are there.
pub fn present(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Present>, AppError> {
    require(actor, Permission::Read)?;
    let now = tx.now();
    Ok(store::departments::present(tx, actor.account(), now)?)
}

/// Whether somebody is there who could accept a chat of the department.
pub(crate) fn is_staffed(tx: &mut Tx<'_>, department: &Department) -> Result<bool, AppError> {
    let now = tx.now();
    let present = store::departments::present(tx, department.account, now)?;
    let serves = |it: &Present| it.departments.is_empty() || it.departments.contains(&department.id);
    Ok(!department.disabled && present.iter().any(serves))
}
