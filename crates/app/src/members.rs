//! Members: people who sign in.

use domain::{Account, Id, Invalid, Member, Role, account::check_name, answers};
use store::Tx;

use crate::AppError;

/// Who is to become a member.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// What they sign in with.
    pub email: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Adds a member whose password has been hashed. Whoever calls has made sure that they may.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    new: &NewMember,
    password: &str,
) -> Result<Member, AppError> {
    check_name("/name", &new.name)?;
    let email =
        answers::email(&new.email).map_err(|_| Invalid::field("/email", "must be an e-mail address"))?;
    let member = Member {
        id: tx.new_id(),
        account,
        email: new.email.trim().to_owned(),
        name: new.name.trim().to_owned(),
        role: new.role,
        created_at: tx.now(),
        disabled_at: None,
    };
    store::members::insert(tx, &member, &email.key, password)?;
    Ok(member)
}

/// For tests of the floors above: a member of that role whose password nobody knows, signed in.
#[cfg(feature = "samples")]
pub fn sample(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    role: Role,
) -> Result<(Member, domain::SessionToken), AppError> {
    let new = NewMember {
        email: format!("{}-{}@example.com", role.as_str(), tx.new_id::<Member>()),
        name: format!("Sam {}", role.as_str()),
        role,
    };
    let member = add(tx, account, &new, "")?;
    let (_, token) = crate::sessions::begin(tx, &member, &crate::sessions::Browser::default())?;
    Ok((member, token))
}
