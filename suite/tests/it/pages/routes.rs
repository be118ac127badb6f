//! Every address of the dashboard, and what it asks of whoever comes.

use domain::{Permission, Role};

/// What a member must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// There is no such method.
    Missing,
    /// Not even to be signed in.
    Nobody,
    May(Permission),
}

impl Needs {
    pub fn allows(self, role: Role) -> bool {
        match self {
            Needs::Missing => false,
            Needs::Nobody => true,
            Needs::May(permission) => role.allows(permission),
        }
    }
}

/// An address, what GET needs, and what POST needs.
pub struct Route(pub &'static str, pub Needs, pub Needs);

const NONE: Needs = Needs::Missing;
const OPEN: Needs = Needs::Nobody;
const READ: Needs = Needs::May(Permission::Read);
const MANAGE: Needs = Needs::May(Permission::Manage);
const ADMIN: Needs = Needs::May(Permission::Admin);

pub const ROUTES: &[Route] = &[
    Route("/", OPEN, NONE),
    Route("/live", READ, NONE),
    Route("/sign-in", OPEN, OPEN),
    Route("/sign-out", NONE, OPEN),
    Route("/confirm", READ, READ),
    Route("/set-up", OPEN, OPEN),
    Route("/join", OPEN, OPEN),
    Route("/new-password", OPEN, OPEN),
    Route("/account", READ, READ),
    Route("/account/password", READ, READ),
    Route("/account/sessions", READ, NONE),
    Route("/account/sessions/others", NONE, READ),
    Route("/account/sessions/{id}", NONE, READ),
    Route("/account/members", ADMIN, ADMIN),
    Route("/account/members/new", ADMIN, NONE),
    Route("/account/members/{id}/role", NONE, ADMIN),
    Route("/account/members/{id}/disable", NONE, ADMIN),
    Route("/account/members/{id}/enable", NONE, ADMIN),
    Route("/account/members/{id}/password", ADMIN, ADMIN),
    Route("/account/invitations/{id}/withdraw", NONE, ADMIN),
    Route("/account/keys", ADMIN, ADMIN),
    Route("/account/keys/new", ADMIN, NONE),
    Route("/account/keys/{id}/revoke", ADMIN, ADMIN),
    Route("/account/settings", ADMIN, ADMIN),
    Route("/account/audit", ADMIN, NONE),
    Route("/analytics/settings", OPEN, NONE),
    Route("/analytics/settings/conversation-configuration", OPEN, NONE),
    Route("/analytics/settings/conversation-configuration/webhooks", READ, NONE),
    Route("/analytics/settings/conversation-configuration/webhooks/new", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/new/verdict", MANAGE, NONE),
    Route("/analytics/settings/conversation-configuration/webhooks/deliveries/{delivery}", READ, NONE),
    Route(
        "/analytics/settings/conversation-configuration/webhooks/deliveries/{delivery}/resend",
        NONE,
        MANAGE,
    ),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}", READ, NONE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/edit", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/pause", NONE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/resume", NONE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/disable", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/delete", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/test", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/deliveries", READ, NONE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/secret", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/secret/rotate", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/recover", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/webhooks/{id}/recoveries/{recovery}", READ, NONE),
    Route(
        "/analytics/settings/conversation-configuration/webhooks/{id}/recoveries/{recovery}/{to}",
        NONE,
        MANAGE,
    ),
];
