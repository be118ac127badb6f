//! `leadpost member`: links for people who sign in, made at the machine itself, also beside a running server.

use anyhow::bail;
use app::{AppError, accounts, members};
use clap::Subcommand;
use domain::{Actor, Link, LinkToken, Role};

use crate::config::Settings;
use crate::out::say;
use crate::store_args::{self, Purpose, StoreArgs};

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
