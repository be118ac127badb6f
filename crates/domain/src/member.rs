//! Members: people who sign in, what their roles let them do, their sessions and the links they are sent.

use std::{str::FromStr, time::Duration};

use crate::{
    Account, Id, Invalid, Noun, Permission, Timestamp,
    token::{Opens, Token},
};

/// A person who can sign in. Belongs to one account; the e-mail address is one member's in the whole instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `mem_…`
    pub id: Id<Member>,
    /// Whose things the member works with.
    pub account: Id<Account>,
    /// What the member signs in with, as typed.
    pub email: String,
    /// What others see.
    pub name: String,
    /// What the member may do.
    pub role: Role,
    /// When the member was added.
    pub created_at: Timestamp,
    /// When the member was shut out; the row stays for what it has done.
    pub disabled_at: Option<Timestamp>,
}

impl Noun for Member {
    const PREFIX: &'static str = "mem";
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Webhooks, logs and reports, without payloads or contacts.
    Viewer,
    /// Also conversations and contacts.
    Operator,
    /// Everything but owners.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// All roles, the one that may least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Admin, Role::Owner];

    /// The role's name, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// What it may do, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Role::Viewer => "sees webhooks, logs and reports, but no payloads and no contacts",
            Role::Operator => "also answers chats, and sees and changes contacts",
            Role::Admin => "everything but owners",
            Role::Owner => "everything",
        }
    }

    /// Whether a member with this role may do that.
    pub const fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => true,
            Permission::People | Permission::Converse => !matches!(self, Role::Viewer),
            Permission::Ingest | Permission::Manage | Permission::Admin => {
                matches!(self, Role::Admin | Role::Owner)
            }
            Permission::Own => matches!(self, Role::Owner),
        }
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Invalid::field("/role", "must be one of viewer, operator, admin, owner"))
    }
}

/// A browser in which a member is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `ses_…`
    pub id: Id<Session>,
    /// The member's account.
    pub account: Id<Account>,
    /// Who is signed in.
    pub member: Id<Member>,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it was used last.
    pub address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was used last, to within a minute.
    pub seen_at: Timestamp,
    /// When the password was last given in it.
    pub confirmed_at: Timestamp,
}

impl Noun for Session {
    const PREFIX: &'static str = "ses";
}

impl Session {
    /// How long a session lasts without being used (OWASP ASVS 5.0, 7.3.1).
    pub const IDLE: Duration = Duration::from_secs(12 * 60 * 60);
    /// How long it lasts at most (7.3.2).
    pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// How long ago the password may have been given when a secret is to be shown.
    pub const CONFIRMED_FOR: Duration = Duration::from_secs(10 * 60);

    /// Whether it still opens anything.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) < Self::IDLE && now.since(self.created_at) < Self::LONGEST
    }

    /// Whether the password was given a moment ago.
    pub fn is_confirmed(&self, now: Timestamp) -> bool {
        now.since(self.confirmed_at) < Self::CONFIRMED_FOR
    }
}

impl Opens for Session {
    const PREFIX: &'static str = "lps_";
}

/// The secret by which a browser shows that it is signed in.
pub type SessionToken = Token<Session>;

/// A link that works once: who has it may set up the instance, join an account or choose a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `lnk_…`
    pub id: Id<Link>,
    /// What it is for.
    pub purpose: Purpose,
    /// The member who made it; None: the server, or somebody at the machine.
    pub made_by: Option<Id<Member>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works; None: until it is used.
    pub expires_at: Option<Timestamp>,
}

impl Noun for Link {
    const PREFIX: &'static str = "lnk";
}

impl Opens for Link {
    const PREFIX: &'static str = "lpl_";
}

/// The secret part of a link.
pub type LinkToken = Token<Link>;

impl Link {
    /// How long an invitation works.
    pub const INVITED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// How long somebody has to choose a new password (OWASP, Forgot Password Cheat Sheet: short, once).
    pub const RESET_FOR: Duration = Duration::from_secs(30 * 60);

    /// Whether it still works.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A browser from which a member has signed in before.
pub enum Device {}

impl Device {
    /// How long it is remembered without being seen.
    pub const REMEMBERED_FOR: Duration = Duration::from_secs(400 * 24 * 60 * 60);
}

impl Opens for Device {
    const PREFIX: &'static str = "lpd_";
}

/// The secret by which a browser is known again. It opens nothing.
pub type DeviceToken = Token<Device>;

/// What a one-time link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To become the first member of a store that has none.
    SetUp,
    /// To join an account.
    Invitation {
        /// Which.
        account: Id<Account>,
        /// Who is meant; they may not choose another address.
        email: String,
        /// What they will be allowed.
        role: Role,
    },
    /// To choose a new password.
    Reset {
        /// The member's account.
        account: Id<Account>,
        /// Whose.
        member: Id<Member>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_allow_what_the_table_says() {
        use Permission::{Admin, Converse, Ingest, Manage, Own, People, Read};
        let all = [Ingest, Read, People, Converse, Manage, Admin, Own];
        for (role, allowed) in [
            (Role::Viewer, vec![Read]),
            (Role::Operator, vec![Read, People, Converse]),
            (Role::Admin, vec![Ingest, Read, People, Converse, Manage, Admin]),
            (Role::Owner, all.to_vec()),
        ] {
            assert_eq!(role.as_str().parse(), Ok(role));
            for permission in all {
                assert_eq!(role.allows(permission), allowed.contains(&permission), "{role:?} {permission:?}");
            }
        }
        assert!(Role::Viewer < Role::Operator && Role::Admin < Role::Owner);
    }

    #[test]
    fn a_session_ends_by_idling_and_by_age() {
        let start = Timestamp::from_micros(0);
        let session = Session {
            id: Id::from_parts(1, &[1; 10]),
            account: Id::from_parts(1, &[2; 10]),
            member: Id::from_parts(1, &[3; 10]),
            agent: String::new(),
            address: String::new(),
            created_at: start,
            seen_at: start + Session::IDLE,
            confirmed_at: start,
        };
        assert!(session.is_open(start + Session::IDLE + Session::IDLE / 2));
        assert!(!session.is_open(start + 2 * Session::IDLE));
        let used = Session { seen_at: start + Session::LONGEST, ..session.clone() };
        assert!(!used.is_open(start + Session::LONGEST));
        assert!(session.is_confirmed(start + Session::CONFIRMED_FOR / 2));
        assert!(!session.is_confirmed(start + Session::CONFIRMED_FOR));
    }
}
