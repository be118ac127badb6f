//! Account › Members: who works here, who is invited, and links for both.

use app::members;
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use domain::{Id, Link, LinkToken, Member, Permission, Purpose, Role};
use http::StatusCode;

use super::{confirmed, errors};
use crate::{
    Shared,
    auth::Admin,
    extract::PathId,
    links,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(Place::Members.path(), get(list).post(invite))
        .route("/account/members/new", get(ask))
        .route("/account/members/{id}/role", post(change_role))
        .route("/account/members/{id}/disable", post(disable))
        .route("/account/members/{id}/enable", post(enable))
        .route("/account/members/{id}/password", get(ask_password).post(reset_password))
        .route("/account/invitations/{id}/withdraw", post(withdraw))
}

#[derive(Template)]
#[template(path = "account/members.html")]
struct MembersPage {
    shell: Shell,
    members: Vec<Member>,
    invitations: Vec<Link>,
    own: Id<Member>,
}

impl MembersPage {
    /// Whether whoever looks may change that member: owners are an owner's business.
    fn may_touch(&self, member: &Member) -> bool {
        member.role != Role::Owner || self.shell.may(Permission::Own)
    }

    fn roles(&self) -> Vec<Role> {
        roles(&self.shell)
    }
}

/// The roles that whoever looks may give.
fn roles(shell: &Shell) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| *role != Role::Owner || shell.may(Permission::Own)).collect()
}

async fn list(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    let said = [
        ("role", "The role is changed."),
        ("disabled", "The member is shut out, and signed out everywhere."),
        ("enabled", "The member may sign in again."),
        ("withdrawn", "The invitation does not work any more."),
    ];
    let shell = Shell::new(&web, &by, Place::Members).saying(&query, &said);
    let (actor, own) = (by.actor, by.signed.member.id);
    let found = web.db.read(move |tx| Ok((members::list(tx, &actor)?, members::invitations(tx, &actor)?)));
    let (members, invitations) = found.await.map_err(|error: app::AppError| Failure::from(error))?;
    render(StatusCode::OK, &MembersPage { shell, members, invitations, own })
}

#[derive(Template)]
#[template(path = "account/invite.html")]
struct InvitePage {
    shell: Shell,
    email: String,
    role: String,
    errors: Errors,
}

impl InvitePage {
    fn roles(&self) -> Vec<Role> {
        roles(&self.shell)
    }
}

const INVITE: &str = "/account/members/new";

async fn ask(State(web): State<Shared>, by: ByMember<Admin>) -> Result<Response, Failure> {
    confirmed(&web, &by, INVITE)?;
    let shell = Shell::new(&web, &by, Place::Members).below("Invite", INVITE);
    let role = Role::Operator.as_str().to_owned();
    render(StatusCode::OK, &InvitePage { shell, email: String::new(), role, errors: Errors::default() })
}

/// A link, shown once.
#[derive(Template)]
#[template(path = "account/link.html")]
struct LinkPage {
    shell: Shell,
    invitation: bool,
    email: String,
    address: String,
    until: Option<domain::Timestamp>,
}

impl LinkPage {
    fn new(web: &Shared, shell: Shell, email: String, link: &Link, token: &LinkToken) -> Self {
        let base = web.settings.own_origins.first().map_or("", String::as_str);
        let address = links::address(base, &link.purpose, token);
        let invitation = matches!(link.purpose, Purpose::Invitation { .. });
        Self { shell, invitation, email, address, until: link.expires_at }
    }
}

async fn invite(State(web): State<Shared>, by: ByMember<Admin>, form: Form) -> Result<Response, Failure> {
    confirmed(&web, &by, INVITE)?;
    let shell = Shell::new(&web, &by, Place::Members).below("Invite", INVITE);
    let (actor, email, role) = (by.actor, form.get("email").trim().to_owned(), form.get("role").to_owned());
    let (invited, mut reading) = (email.clone(), Reading::new());
    let joins_as = reading.or(role.parse(), Role::Viewer);
    let made = web.db.write(move |tx| reading.settle(members::invite(tx, &actor, &invited, joins_as)));
    match made.await {
        Ok((link, token)) => render(StatusCode::OK, &LinkPage::new(&web, shell, email, &link, &token)),
        Err(error) => {
            let errors = errors(error, "/email")?;
            render(StatusCode::UNPROCESSABLE_ENTITY, &InvitePage { shell, email, role, errors })
        }
    }
}

async fn withdraw(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Link>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    web.db.write(move |tx| members::withdraw_invitation(tx, &by.actor, id)).await?;
    Ok(go(Place::Members.path(), "withdrawn"))
}

async fn change_role(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Member>, Problem>,
    form: Form,
) -> Result<Response, Failure> {
    confirmed(&web, &by, Place::Members.path())?;
    let PathId(id) = id?;
    let role: Role = form.get("role").parse()?;
    web.db.write(move |tx| members::change_role(tx, &by.actor, id, role)).await?;
    Ok(go(Place::Members.path(), "role"))
}

async fn disable(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Member>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    web.db.write(move |tx| members::disable(tx, &by.actor, id)).await?;
    Ok(go(Place::Members.path(), "disabled"))
}

async fn enable(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Member>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    web.db.write(move |tx| members::enable(tx, &by.actor, id)).await?;
    Ok(go(Place::Members.path(), "enabled"))
}

#[derive(Template)]
#[template(path = "account/reset.html")]
struct ResetPage {
    shell: Shell,
    member: Member,
}

/// The way to a member's page, and what stands at its end.
fn reset_path(id: Id<Member>) -> String {
    format!("/account/members/{id}/password")
}

async fn ask_password(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Member>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    confirmed(&web, &by, &reset_path(id))?;
    let shell = Shell::new(&web, &by, Place::Members).below("Password link", &reset_path(id));
    let actor = by.actor;
    let member = web.db.read(move |tx| members::get(tx, &actor, id)).await?;
    render(StatusCode::OK, &ResetPage { shell, member })
}

async fn reset_password(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<Member>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    confirmed(&web, &by, &reset_path(id))?;
    let shell = Shell::new(&web, &by, Place::Members).below("Password link", &reset_path(id));
    let actor = by.actor;
    let made =
        web.db.write(move |tx| Ok((members::get(tx, &actor, id)?, members::reset_link(tx, &actor, id)?)));
    let (member, (link, token)) = made.await.map_err(|error: app::AppError| Failure::from(error))?;
    render(StatusCode::OK, &LinkPage::new(&web, shell, member.email, &link, &token))
}
