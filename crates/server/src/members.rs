//! `leadpost member`: who signs in, and links for them, at the machine itself, also beside a running server.

use anyhow::bail;
use app::{AppError, accounts, members};
use clap::Subcommand;
use domain::{Actor, Link, LinkToken, Member, Role};
use serde_json::json;

use crate::columns;
use crate::config::Settings;
use crate::keys::meant;
use crate::out::say;
use crate::store_args::{self, ListArgs, Purpose, StoreArgs};

/// What to do with members.
#[derive(Subcommand)]
pub enum MemberCommand {
    /// Print a link with which somebody joins an account; it works once, for seven days
    Add {
        /// Their e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        /// viewer, operator, admin or owner.
        #[arg(long, value_name = "R", value_parser = role)]
        role: Role,
        /// Id or name of the account; needed once there are two.
        #[arg(long, value_name = "A")]
        account: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the members of all accounts, or of one: id, role, whether they may come in, account, since when, e-mail
    /// address, name
    List(ListArgs),
    /// Print a link with which a member chooses a new password; it works once, for half an hour
    ResetPassword {
        /// The member's e-mail address.
        #[arg(long, value_name = "E")]
        email: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| "the roles are viewer, operator, admin and owner".to_owned())
}

/// Does it.
pub async fn run(command: MemberCommand) -> anyhow::Result<()> {
    match command {
        MemberCommand::Add { email, role, account, store } => {
            let settings = store.load(&[])?.settings;
            let db = store_args::open(&settings, Purpose::Prepare).await?;
            let made = db.write(move |tx| {
                let account = accounts::resolve(tx, account.as_deref(), true)?;
                let actor = Actor::Console { account: account.id };
                Ok::<_, AppError>((account, members::invite(tx, &actor, &email, role)?))
            });
            let (account, (link, token)) = made.await?;
            eprintln!("whoever opens this link joins {} ({}) as {}", account.id, account.name, role.as_str());
            print(&settings, &link, &token)
        }
        MemberCommand::List(args) => list(args).await,
        MemberCommand::ResetPassword { email, store } => {
            let settings = store.load(&[])?.settings;
            let db = store_args::open(&settings, Purpose::Use).await?;
            let made = db.write({
                let email = email.clone();
                move |tx| {
                    let Some(member) = members::find_by_email(tx, &email)? else { return Ok(None) };
                    let actor = Actor::Console { account: member.account };
                    Ok::<_, AppError>(Some(members::reset_link(tx, &actor, member.id)?))
                }
            });
            let Some((link, token)) = made.await? else {
                bail!("no member signs in with {email}; `leadpost member add` invites somebody");
            };
            print(&settings, &link, &token)
        }
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let ListArgs { account, json: as_json, store } = args;
    let db = store.open(Purpose::Use).await?;
    let found = db.read(move |tx| {
        let mut all = Vec::new();
        for account in meant(tx, account.as_deref())? {
            all.extend(members::list(tx, &Actor::Console { account: account.id })?);
        }
        Ok::<_, AppError>(all)
    });
    let found: Vec<Member> = found.await?;
    if as_json {
        return say!("{}", json!({ "items": found.iter().map(item).collect::<Vec<_>>() }));
    }
    if found.is_empty() {
        eprintln!("there is no member yet; `leadpost member add` invites somebody");
    }
    columns::lines(&found.iter().map(row).collect::<Vec<_>>()).iter().try_for_each(|line| say!("{line}"))
}

fn item(member: &Member) -> serde_json::Value {
    json!({
        "id": member.id.to_string(),
        "account_id": member.account.to_string(),
        "email": member.email,
        "name": member.name,
        "role": member.role.as_str(),
        "created_at": member.created_at.to_string(),
        "disabled_at": member.disabled_at.map(|at| at.to_string()),
    })
}

fn row(member: &Member) -> [String; 7] {
    let state = if member.disabled_at.is_some() { "disabled" } else { "active" };
    [
        member.id.to_string(),
        member.role.as_str().to_owned(),
        state.to_owned(),
        member.account.to_string(),
        columns::to_the_second(member.created_at).to_string(),
        member.email.clone(),
        member.name.clone(),
    ]
}

fn print(settings: &Settings, link: &Link, token: &LinkToken) -> anyhow::Result<()> {
    let base = match &settings.server.public_url {
        Some(public) => public.to_string(),
        None => {
            eprintln!(
                "server.public_url is not set: if the server is reached under another address, put that before \
                 the path"
            );
            format!("http://{}", settings.server.listen)
        }
    };
    say!("{}", web::links::address(&base, &link.purpose, token))
}
