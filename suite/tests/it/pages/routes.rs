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
const PEOPLE: Needs = Needs::May(Permission::People);
const CONVERSE: Needs = Needs::May(Permission::Converse);
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
    Route("/analytics", READ, NONE),
    Route("/analytics/bot-report", READ, NONE),
    Route("/analytics/bot-report/bot-report.csv", READ, NONE),
    Route("/analytics/bot-report/marker-report.csv", READ, NONE),
    Route("/analytics/events", READ, NONE),
    Route("/analytics/events/{id}", READ, NONE),
    Route("/analytics/events/{id}/deliveries/{delivery}/resend", NONE, MANAGE),
    Route("/analytics/settings/conversation-configuration/closing", READ, MANAGE),
    Route("/analytics/settings/conversation-configuration/texts", READ, MANAGE),
    Route("/analytics/settings/conversation-configuration/privacy", READ, MANAGE),
    Route("/analytics/settings/conversation-configuration/departments", READ, NONE),
    Route("/analytics/settings/conversation-configuration/departments/new", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/departments/{id}", MANAGE, MANAGE),
    Route("/analytics/settings/conversation-configuration/departments/{id}/delete", MANAGE, MANAGE),
    Route("/chatbots", READ, NONE),
    Route("/chatbots/new", MANAGE, MANAGE),
    Route("/chatbots/{id}", READ, NONE),
    Route("/chatbots/{id}/name", NONE, MANAGE),
    Route("/chatbots/{id}/delete", MANAGE, MANAGE),
    Route("/chatbots/{id}/publish", MANAGE, MANAGE),
    Route("/chatbots/{id}/versions", READ, NONE),
    Route("/chatbots/{id}/versions/{version}", READ, NONE),
    Route("/chatbots/{id}/versions/{version}/restore", NONE, MANAGE),
    Route("/chatbots/{id}/install", READ, MANAGE),
    Route("/chatbots/{id}/install/allow", NONE, MANAGE),
    Route("/chatbots/{id}/flow", READ, MANAGE),
    Route("/chatbots/{id}/flow/json", READ, MANAGE),
    Route("/chatbots/{id}/flow/export", READ, NONE),
    Route("/chatbots/{id}/flow/check", NONE, MANAGE),
    Route("/chatbots/{id}/flow/new", MANAGE, MANAGE),
    Route("/chatbots/{id}/flow/step/{step}", MANAGE, MANAGE),
    Route("/chatbots/{id}/flow/step/{step}/move", NONE, MANAGE),
    Route("/chatbots/{id}/flow/step/{step}/duplicate", NONE, MANAGE),
    Route("/chatbots/{id}/flow/step/{step}/delete", MANAGE, MANAGE),
    Route("/contacts", PEOPLE, NONE),
    Route("/contacts/export", PEOPLE, NONE),
    Route("/contacts/erased/{id}", ADMIN, NONE),
    Route("/contacts/{id}", PEOPLE, NONE),
    Route("/contacts/{id}/edit", CONVERSE, CONVERSE),
    Route("/contacts/{id}/merge", CONVERSE, CONVERSE),
    Route("/contacts/{id}/erase", ADMIN, ADMIN),
    Route("/conversations", PEOPLE, NONE),
    Route("/conversations/{id}", PEOPLE, NONE),
    Route("/conversations/{id}/accept", NONE, CONVERSE),
    Route("/conversations/{id}/reply", NONE, CONVERSE),
    Route("/conversations/{id}/hand-back", NONE, CONVERSE),
    Route("/conversations/{id}/transfer", CONVERSE, CONVERSE),
    Route("/conversations/{id}/close", CONVERSE, CONVERSE),
    Route("/conversations/texts", CONVERSE, NONE),
    Route("/conversations/texts/new", MANAGE, MANAGE),
    Route("/conversations/texts/{id}", MANAGE, MANAGE),
    Route("/conversations/texts/{id}/delete", MANAGE, MANAGE),
];
