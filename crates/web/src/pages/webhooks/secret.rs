//! A webhook's secret: shown to whoever has just proved who they are, replaced, and used in snippets that verify.
//!
//! Must not show a secret on a GET: showing it is a deed, and written down.

use app::webhooks;
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::Webhook;
use http::StatusCode;

use super::{known, one, path};
use crate::{
    Shared,
    auth::Manage,
    pages::{
        account::confirmed,
        failure::Failure,
        form::Query,
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::{When, filters},
    },
};

/// A function that verifies a request, in one language.
pub(super) struct Snippet {
    pub(super) language: &'static str,
    /// Names it among those of the page.
    pub(super) key: &'static str,
    pub(super) code: String,
}

/// Language, key, file with the function (which the tests run), and how the secret is given a name.
const SNIPPETS: [(&str, &str, &str, &str); 6] = [
    (
        "JavaScript (Node)",
        "js",
        include_str!("../../../../../suite/snippets/verify.js"),
        "const secret = \"{}\";",
    ),
    ("Python", "py", include_str!("../../../../../suite/snippets/verify.py"), "secret = \"{}\""),
    ("PHP", "php", include_str!("../../../../../suite/snippets/verify.php"), "$secret = '{}';"),
    ("Ruby", "rb", include_str!("../../../../../suite/snippets/verify.rb"), "secret = \"{}\""),
    ("Go", "go", include_str!("../../../../../suite/snippets/verify.go"), "const secret = \"{}\""),
    ("Rust", "rs", include_str!("../../../../../suite/snippets/verify.rs"), "const SECRET: &str = \"{}\";"),
];

/// What stands where the secret is not shown.
const HIDDEN: &str = "whsec_…";

/// All of them with that secret.
pub(super) fn snippets(secret: Option<&str>) -> Vec<Snippet> {
    let snippet = |&(language, key, file, named): &(&'static str, &'static str, &str, &str)| {
        let code = format!(
            "{}\n\n{}",
            quoted(file).trim_matches('\n'),
            named.replace("{}", secret.unwrap_or(HIDDEN))
        );
        Snippet { language, key, code }
    };
    SNIPPETS.iter().map(snippet).collect()
}

/// The part of the file between its marks.
fn quoted(file: &str) -> &str {
    let is_mark =
        |line: &str, mark: &str| ["// ", "# "].iter().any(|it| line.trim_end() == format!("{it}{mark}"));
    let (mut begin, mut end, mut place) = (0, file.len(), 0);
    for line in file.split_inclusive('\n') {
        if is_mark(line, "begin") && begin == 0 {
            begin = place + line.len();
        } else if is_mark(line, "end") {
            end = place;
        }
        place += line.len();
    }
    &file[begin..end]
}

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct SecretPage {
    shell: Shell,
    path: String,
    name: String,
    /// When the one that was replaced stops signing.
    old_until: Option<When>,
    /// Whether it may be shown without asking who it is.
    confirmed: bool,
    secret: Option<String>,
    snippets: Vec<Snippet>,
}

fn fill(web: &Shared, by: &ByMember<Manage>, webhook: &Webhook, secret: Option<String>) -> SecretPage {
    let path = path(webhook.id);
    let shell = Shell::new(web, by, Place::Webhooks)
        .below(&webhook.name, &path)
        .below("Secret", &format!("{path}/secret"));
    let old = webhook.keys.iter().filter_map(|key| key.expires_at).find(|end| *end > shell.now());
    SecretPage {
        old_until: old.map(|end| shell.when(&end)),
        confirmed: by.signed.session.is_confirmed(shell.now()),
        snippets: snippets(secret.as_deref()),
        name: webhook.name.clone(),
        secret,
        path,
        shell,
    }
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let mut page = fill(&web, &by, &webhook, None);
    page.shell = page.shell.saying(
        &query,
        &[("rotated", "There is a new secret. The old one goes on signing beside it for 24 hours.")],
    );
    render(StatusCode::OK, &page)
}

/// Shows it in the answer, and nowhere else.
pub(super) async fn reveal(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    confirmed(&web, &by, &format!("{}/secret", path(id)))?;
    let secret = web.db.write(move |tx| webhooks::reveal_secret(tx, &actor, id)).await?;
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let page = fill(&web, &by, &webhook, Some(secret.to_text().reveal().to_owned()));
    render(StatusCode::OK, &page)
}

pub(super) async fn ask_rotate(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let consequences = &[
        "A new secret is made. Requests are signed with both for 24 hours; give the new one to the receiver meanwhile.",
        "After that the old one signs nothing any more. Rotating again ends it at once.",
    ];
    one::ask(&web, by, &id, ("secret/rotate", "Rotate the secret of"), consequences).await
}

pub(super) async fn rotate(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    web.db.write(move |tx| webhooks::rotate_secret(tx, &actor, id)).await?;
    Ok(go(&format!("{}/secret", path(id)), "rotated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_is_the_function_without_its_test_and_names_the_secret() {
        for snippet in snippets(Some("whsec_abc")) {
            assert!(
                snippet.code.contains("verify") && snippet.code.contains("whsec_abc"),
                "{}",
                snippet.code
            );
            assert!(!snippet.code.contains("stdin") && !snippet.code.contains("begin"), "{}", snippet.code);
            assert!(
                !snippet.code.contains("JSON.parse") && !snippet.code.contains("json"),
                "{}",
                snippet.code
            );
        }
        assert!(snippets(None).iter().all(|it| it.code.contains(HIDDEN)));
    }
}
