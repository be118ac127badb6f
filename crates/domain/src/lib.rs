//! The words and rules of Leadpost.
//!
//! Everything here is pure: no I/O, no async, no clock, no randomness. A rule that can be a function
//! from values to a value lives here and is tested in a millisecond; whoever needs an instant or a
//! random byte gets it passed in.

pub mod account;
pub mod address;
pub mod answers;
pub mod audit;
pub mod canned;
pub mod chatbot;
pub mod contact;
pub mod conversation;
pub mod csv;
pub mod delivery;
pub mod event;
pub mod flow;
pub mod hold;
pub mod id;
pub mod invalid;
pub mod json;
pub mod ledger;
pub mod marker;
pub mod member;
pub mod password;
pub mod recovery;
pub mod report;
pub mod retry;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod search;
pub mod signature;
pub mod throttle;
pub mod time;
pub mod token;
pub mod webhook;
pub mod webhook_url;
pub mod why;

pub use account::{Account, Actor, ApiKey, ApiKeyText, Permission, Scope};
pub use address::{EgressPolicy, HostRule, Refusal};
pub use answers::{DateRules, Email, NumberRules, Pattern, Phone, Rejected};
pub use audit::AuditEntry;
pub use canned::CannedText;
pub use chatbot::{Chatbot, ChatbotSettings, Department, VisitorToken};
pub use contact::{Contact, Fields};
pub use conversation::{Author, CloseReason, Consent, Conversation, Message, Operator, Phase, Visitor};
pub use delivery::{
    Attempt, AttemptError, AttemptKind, Delivery, DeliveryState, ErrorClass, ExhaustReason, Finish, Outcome,
    Phases, Response, SkipReason, Tally,
};
pub use event::{BodyForm, CheckedEvent, Context, Event, EventType, NewEvent};
pub use flow::{Flow, early_contact};
pub use hold::{Health, Notice};
pub use id::{Id, Noun};
pub use invalid::{FieldError, Invalid};
pub use ledger::Ledger;
pub use marker::MarkerRun;
pub use member::{Device, DeviceToken, Link, LinkToken, Member, Purpose, Role, Session, SessionToken};
pub use password::Password;
pub use recovery::{EndState, NewRecovery, Recovery, RecoveryCounts, RecoveryPlan, RecoveryState};
pub use report::{BotReport, MarkerRow, ReportPeriod};
pub use retry::RetryPolicy;
pub use signature::{Secret, SecretText};
pub use throttle::Failures;
pub use time::{Ambient, Clock, Random, Timestamp};
pub use webhook::{DisableReason, NewWebhook, Ordering, SigningKey, Webhook, WebhookState, WebhookUpdate};
pub use webhook_url::WebhookUrl;
pub use why::{Standing, Why};
