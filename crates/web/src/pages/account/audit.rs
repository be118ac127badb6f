//! Account › Audit log: what was done, by whom.

use app::{PageRequest, audit};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use domain::{AuditEntry, Id, audit::Action};
use http::StatusCode;

use crate::{
    Shared,
    auth::Admin,
    pages::{
        failure::Failure,
        form::{Errors, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, render},
        when::filters,
    },
};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route(Place::Audit.path(), get(list))
}

#[derive(Template)]
#[template(path = "account/audit.html")]
struct AuditPage {
    shell: Shell,
    errors: Errors,
    entries: Vec<AuditEntry>,
    /// Only of this action.
    action: Option<Action>,
    next: Option<Id<AuditEntry>>,
    /// Whether this is not the newest page.
    older: bool,
}

impl AuditPage {
    fn is_chosen(&self, action: &Action) -> bool {
        self.action == Some(*action)
    }
}

async fn list(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Audit);
    let (actor, mut reading) = (by.actor, Reading::new());
    let known = |text: &str| Action::ALL.iter().copied().find(|it| it.as_str() == text);
    let action = reading.or(query.chosen("action", known), None);
    let after = reading.or(query.after(), None);
    let (errors, older) = (Errors::from(reading), after.is_some());
    if !errors.is_empty() {
        let page = AuditPage { shell, errors, entries: Vec::new(), action, next: None, older };
        return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let page = PageRequest { after, limit: PageRequest::<AuditEntry>::DEFAULT };
    let found = web.db.read(move |tx| audit::list(tx, &actor, action, page)).await?;
    let (entries, next) = (found.items, found.next);
    render(StatusCode::OK, &AuditPage { shell, errors, entries, action, next, older })
}
