//! Accounts, API keys, and who may do what.

use std::{fmt, str::FromStr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Id, Invalid, Member, Noun, Role, Timestamp};

/// The owner of everything else. An instance may hold several; none sees another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `acc_…`
    pub id: Id<Account>,
    /// What people call it; need not be unique.
    pub name: String,
    /// In which its days begin and its times are shown (IANA time zone).
    pub time_zone: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Checks name and time zone.
    pub fn check(&self) -> Result<(), Invalid> {
        let zone = match jiff::tz::TimeZone::get(&self.time_zone) {
            Ok(_) => Ok(()),
            Err(_) => Err(Invalid::field("/time_zone", "must be a time zone such as Asia/Kolkata")),
        };
        Invalid::gather([check_name("/name", &self.name), zone])
    }
}

impl Noun for Account {
    const PREFIX: &'static str = "acc";
}

/// A key for the HTTP API, without its secret text, of which only the hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// `key_…`
    pub id: Id<ApiKey>,
    /// The account that the key opens.
    pub account: Id<Account>,
    /// What the key is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; None: it does not expire.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to within a minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked; a revoked key opens nothing.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// How exactly it is known when a key was used last.
    pub const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

    /// Whether it opens anything.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Noun for ApiKey {
    const PREFIX: &'static str = "key";
}

/// The secret text of an API key: `lpk_`, 256 random bits, and four check characters.
///
/// Shown once, when it is made. `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText(String);

impl ApiKeyText {
    /// The text of a key from its 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let digits = URL_SAFE_NO_PAD.encode(bytes);
        let check = check_characters(&digits);
        Self(format!("lpk_{digits}{check}"))
    }

    /// Reads a text and checks its form, so that a mistyped key costs no look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, check) = text.strip_prefix("lpk_")?.split_at_checked(43)?;
        (check_characters(digits) == check).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one moment when it is shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up: SHA-256 in hexadecimal. The text has 256 random bits, so a slow
    /// hash would add nothing but a way to keep the server busy.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyText(***)")
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_characters(digits: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(digits.as_bytes())[..3])
}

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Post events and use the inbound API; read nothing.
    Ingest,
    /// Every GET.
    Read,
    /// Read, and change webhooks, deliveries, recoveries, chatbots and contacts.
    Manage,
    /// Everything.
    Admin,
}

impl Scope {
    /// All scopes, narrowest first.
    pub const ALL: [Scope; 4] = [Scope::Ingest, Scope::Read, Scope::Manage, Scope::Admin];

    /// The scope's name, as typed and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Manage => "manage",
            Scope::Admin => "admin",
        }
    }

    /// Whether a key of this scope may do that.
    pub const fn allows(self, permission: Permission) -> bool {
        matches!(
            (self, permission),
            (Scope::Ingest, Permission::Ingest)
                | (Scope::Read | Scope::Manage, Permission::Read | Permission::People)
                | (Scope::Manage, Permission::Converse | Permission::Manage)
                | (
                    Scope::Admin,
                    Permission::Ingest
                        | Permission::Read
                        | Permission::People
                        | Permission::Converse
                        | Permission::Manage
                        | Permission::Admin
                )
        )
    }
}

impl FromStr for Scope {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| Invalid::field("/scope", "must be one of ingest, read, manage, admin"))
    }
}

/// What a use case needs of the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Put events in.
    Ingest,
    /// See webhooks, logs and reports.
    Read,
    /// See what was said and who said it: payloads, conversations, contacts.
    People,
    /// Answer chats and change contacts.
    Converse,
    /// Change what an account consists of.
    Manage,
    /// Keys, members, erasing.
    Admin,
    /// Owners.
    Own,
}

impl Permission {
    /// The narrowest scope that has it, for the message that refuses.
    pub const fn scope(self) -> Scope {
        match self {
            Permission::Ingest => Scope::Ingest,
            Permission::Read | Permission::People => Scope::Read,
            Permission::Converse | Permission::Manage => Scope::Manage,
            Permission::Admin | Permission::Own => Scope::Admin,
        }
    }

    /// The role that has it and may least, for the message that refuses.
    pub fn role(self) -> Role {
        Role::ALL.into_iter().find(|role| role.allows(self)).unwrap_or(Role::Owner)
    }
}

/// Who asks: every use case takes one and begins by checking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The holder of an API key.
    Key {
        /// Whose things may be seen and touched.
        account: Id<Account>,
        /// The key itself.
        key: Id<ApiKey>,
        /// What the key may do.
        scope: Scope,
    },
    /// A member who is signed in.
    Member {
        /// Whose things may be seen and touched.
        account: Id<Account>,
        /// Who it is.
        member: Id<Member>,
        /// What the member may do.
        role: Role,
    },
    /// Somebody at the machine itself, using the commands of the binary on one account.
    Console {
        /// The account named on the command line.
        account: Id<Account>,
    },
}

impl Actor {
    /// The account that the actor belongs to.
    pub const fn account(&self) -> Id<Account> {
        match self {
            Actor::Key { account, .. } | Actor::Member { account, .. } | Actor::Console { account } => {
                *account
            }
        }
    }

    /// Whether the actor may do that.
    pub const fn may(&self, permission: Permission) -> bool {
        match self {
            Actor::Key { scope, .. } => scope.allows(permission),
            Actor::Member { role, .. } => role.allows(permission),
            Actor::Console { .. } => true,
        }
    }
}

/// Checks a name that people give (account, key, webhook): 1 to 200 characters, no control characters.
pub fn check_name(pointer: &str, name: &str) -> Result<(), Invalid> {
    match name {
        _ if name.trim().is_empty() => Err(Invalid::field(pointer, "must not be empty")),
        _ if name.chars().count() > 200 => Err(Invalid::field(pointer, "must have at most 200 characters")),
        _ if name.chars().any(char::is_control) => {
            Err(Invalid::field(pointer, "must not contain control characters"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_until_it_expires_or_is_revoked() {
        let at = Timestamp::from_micros;
        let key = |expires_at, revoked_at| ApiKey {
            id: Id::from_parts(1, &[1; 10]),
            account: Id::from_parts(1, &[2; 10]),
            name: "CI".into(),
            scope: Scope::Read,
            created_at: at(0),
            expires_at,
            used_at: None,
            revoked_at,
        };
        assert!(key(None, None).is_open(at(1 << 60)));
        assert!(key(Some(at(10)), None).is_open(at(9)));
        assert!(!key(Some(at(10)), None).is_open(at(10)));
        assert!(!key(None, Some(at(5))).is_open(at(4)), "revoked is revoked, whatever the clock says");
    }

    #[test]
    fn an_account_has_a_name_and_a_time_zone_that_exists() {
        let account = |name: &str, time_zone: &str| Account {
            id: Id::from_parts(1, &[1; 10]),
            name: name.into(),
            time_zone: time_zone.into(),
            created_at: Timestamp::from_micros(0),
        };
        assert_eq!(account("Acme", "Asia/Kolkata").check(), Ok(()));
        let wrong = account(" ", "Mars/Olympus").check().unwrap_err();
        assert_eq!(
            wrong.errors.iter().map(|it| it.pointer.as_str()).collect::<Vec<_>>(),
            ["/name", "/time_zone"]
        );
    }

    #[test]
    fn a_key_text_is_checked_before_any_look_up() {
        let key = ApiKeyText::from_bytes(&[42; 32]);
        assert_eq!(ApiKeyText::parse(key.reveal()), Some(key.clone()));
        assert_eq!(ApiKeyText::parse(&key.reveal().replace("lpk_K", "lpk_L")), None);
        assert_eq!(ApiKeyText::parse("lpk_"), None);
        assert_eq!(ApiKeyText::parse("lpk_ééééééééééééééééééééééé"), None);
        assert_eq!(format!("{key:?}"), "ApiKeyText(***)");
        assert_eq!(key.hash().len(), 64);
    }

    #[test]
    fn scopes_allow_what_the_table_says() {
        use Permission::*;
        for (scope, allowed) in [
            (Scope::Ingest, vec![Ingest]),
            (Scope::Read, vec![Read, People]),
            (Scope::Manage, vec![Read, People, Converse, Manage]),
            (Scope::Admin, vec![Ingest, Read, People, Converse, Manage, Admin]),
        ] {
            for permission in [Ingest, Read, People, Converse, Manage, Admin, Own] {
                assert_eq!(
                    scope.allows(permission),
                    allowed.contains(&permission),
                    "{scope:?} {permission:?}"
                );
            }
        }
    }
}
