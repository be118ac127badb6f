//! How people come in: signing in and out, giving the password once more, and the pages behind one-time links.

mod door;
mod links;

use app::{members, sessions};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::Invalid;
use http::{HeaderMap, StatusCode, header};

pub(crate) use door::{Checked, browser, check, note_refusal, now, random};

use super::{
    failure::Failure,
    form::{Errors, Form, Query},
    member::{self, ByMember, is_own_path},
    shell::render,
    when,
};
use crate::{Shared, auth::Read, peer::Origin, throttle::Try};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/sign-in", get(ask).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route(CONFIRM, get(ask_again).post(confirm))
        .merge(links::routes())
}

/// The page that asks for the password once more.
pub(crate) const CONFIRM: &str = "/confirm";

#[derive(Template, Default)]
#[template(path = "entry/sign_in.html")]
struct SignInPage {
    next: String,
    email: String,
    errors: Errors,
    /// How long to wait for the next try.
    wait: Option<String>,
    /// What has just been done.
    done: Option<&'static str>,
    insecure: bool,
}

async fn ask(State(web): State<Shared>, Query(query): Query) -> Result<Response, Failure> {
    let done = match query.get("done") {
        "password" => Some("The new password holds. Sign in with it; everywhere else you are signed out."),
        "out" => Some("You are signed out."),
        _ => None,
    };
    let next = query.get("next").to_owned();
    render(StatusCode::OK, &SignInPage { next, done, insecure: insecure(&web), ..SignInPage::default() })
}

async fn sign_in(
    State(web): State<Shared>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let browser = browser(&web, &headers, origin);
    let (email, device) = (form.get("email").to_owned(), browser.device.clone());
    let candidate = web
        .db
        .read({
            let email = email.clone();
            move |tx| members::candidate(tx, &email, device.as_ref())
        })
        .await?;
    let attempt = match &browser.device {
        Some(device) if candidate.knows_device => Try::FromDevice(device.hash()),
        _ => Try::SignIn(door::counted(&email), origin.0),
    };
    let refuse = |wait: Option<std::time::Duration>| {
        let (next, insecure) = (form.get("next").to_owned(), insecure(&web));
        let page = SignInPage { next, email: email.clone(), insecure, ..SignInPage::default() };
        refused(page, wait)
    };
    match check(&web, &attempt, form.get("password"), &candidate).await? {
        Checked::Wait(wait) => refuse(Some(wait)),
        Checked::Wrong => {
            note_refusal(&web, candidate, browser);
            refuse(None)
        }
        Checked::Right(rehashed) => {
            let signed =
                web.db.write(move |tx| members::sign_in(tx, &candidate, rehashed.as_deref(), &browser));
            match signed.await {
                Ok(entry) => Ok(entered(&web, &entry, &target(form.get("next")))),
                // Shut out, or given another password, at this moment.
                Err(app::AppError::NotFound) => refuse(None),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// The same for an address that nobody has and for a wrong password.
fn refused(page: SignInPage, wait: Option<std::time::Duration>) -> Result<Response, Failure> {
    let Some(wait) = wait else {
        let wrong = Invalid::field("/password", "address and password do not belong together");
        return render(StatusCode::UNPROCESSABLE_ENTITY, &SignInPage { errors: wrong.into(), ..page });
    };
    let page = SignInPage { wait: Some(when::duration(rounded_up(wait))), ..page };
    Ok(with_wait(render(StatusCode::TOO_MANY_REQUESTS, &page)?, wait))
}

fn rounded_up(wait: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(wait.as_millis().div_ceil(1_000) as u64)
}

fn with_wait(mut response: Response, wait: std::time::Duration) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, rounded_up(wait).as_secs().into());
    response
}

/// Sends somebody on who has just come in, with the session and what makes the browser known.
fn entered(web: &Shared, entry: &sessions::Entry, to: &str) -> Response {
    let cookies = [
        (header::SET_COOKIE, member::set_cookie(web, Some(&entry.token))),
        (header::SET_COOKIE, door::set_device(web, &entry.device)),
    ];
    (AppendHeaders(cookies), Redirect::to(to)).into_response()
}

fn target(next: &str) -> String {
    if is_own_path(next) { next.to_owned() } else { "/".to_owned() }
}

/// Whether passwords would travel in the clear.
fn insecure(web: &Shared) -> bool {
    !web.settings.secure && !web.settings.local
}

async fn sign_out(
    State(web): State<Shared>,
    by: Result<ByMember<Read>, Failure>,
) -> Result<Response, Failure> {
    match by {
        Ok(by) => web.db.write(move |tx| sessions::end(tx, &by.signed)).await?,
        // Whoever is not signed in any more has what they want.
        Err(Failure::SignIn(_)) => {}
        // The session may still be open: it is not said that it is not.
        Err(other) => return Err(other),
    }
    let cookie = [(header::SET_COOKIE, member::set_cookie(&web, None))];
    Ok((AppendHeaders(cookie), Redirect::to("/sign-in?done=out")).into_response())
}

#[derive(Template)]
#[template(path = "entry/confirm.html")]
struct ConfirmPage {
    next: String,
    name: String,
    errors: Errors,
    wait: Option<String>,
}

async fn ask_again(by: ByMember<Read>, Query(query): Query) -> Result<Response, Failure> {
    let next = target(query.get("next"));
    let (name, errors) = (by.signed.member.name, Errors::default());
    render(StatusCode::OK, &ConfirmPage { next, name, errors, wait: None })
}

async fn confirm(
    State(web): State<Shared>,
    by: ByMember<Read>,
    origin: Origin,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failure> {
    let (signed, next) = (by.signed, target(form.get("next")));
    let page =
        |errors, wait| ConfirmPage { next: next.clone(), name: signed.member.name.clone(), errors, wait };
    let attempt = Try::Confirm(signed.session.id.to_string());
    let candidate = web
        .db
        .read({
            let signed = signed.clone();
            move |tx| members::confirm_candidate(tx, &signed)
        })
        .await?;
    match check(&web, &attempt, form.get("password"), &candidate).await? {
        Checked::Wait(wait) => {
            let page = page(Errors::default(), Some(when::duration(rounded_up(wait))));
            Ok(with_wait(render(StatusCode::TOO_MANY_REQUESTS, &page)?, wait))
        }
        Checked::Wrong => {
            note_refusal(&web, candidate, browser(&web, &headers, origin));
            let wrong = Invalid::field("/password", "this is not your password");
            render(StatusCode::UNPROCESSABLE_ENTITY, &page(wrong.into(), None))
        }
        Checked::Right(_) => {
            let session = signed.session.clone();
            let token = web.db.write(move |tx| sessions::confirm(tx, &session)).await?;
            let cookie = [(header::SET_COOKIE, member::set_cookie(&web, Some(&token)))];
            Ok((AppendHeaders(cookie), Redirect::to(&next)).into_response())
        }
    }
}

#[cfg(test)]
mod tests {
    use app::members::{self as people, FirstMember};
    use http::HeaderValue;

    use super::*;
    use crate::{
        WebSettings,
        kit::{Answer, Kit},
    };

    /// What somebody gets who sets up the instance, with the page before it.
    async fn set_up(settings: WebSettings) -> (Answer, Answer) {
        let kit = Kit::start_with(settings).await;
        let link = kit.db.write(people::set_up_link).await.unwrap().unwrap();
        let page = kit.page("", &format!("/set-up?token={}", link.reveal())).await;
        let form = [
            ("token", link.reveal()),
            ("name", "Maya"),
            ("email", "maya@example.com"),
            ("account", "Acme"),
            ("password", "seven green lanterns"),
        ];
        (page, kit.submit("", "/set-up", &form).await)
    }

    fn cookies(answer: &Answer) -> Vec<String> {
        let lines = answer.headers.get_all(header::SET_COOKIE).iter().map(HeaderValue::to_str);
        // Their values are random.
        let without_value = |line: &str| {
            let (name, rest) = line.split_once('=').unwrap();
            format!("{name};{}", rest.split_once(';').unwrap().1)
        };
        lines.map(|line| without_value(line.unwrap())).collect()
    }

    #[tokio::test]
    async fn over_https_cookies_are_this_hosts_alone_and_never_go_over_http() {
        let (page, answer) = set_up(WebSettings { secure: true, ..WebSettings::default() }).await;
        assert!(!page.body.contains("plain http"), "{}", page.body);
        assert_eq!(
            cookies(&answer),
            [
                "__Host-leadpost; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800; Secure",
                "__Host-leadpost-device; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000; Secure",
            ]
        );
        assert!(answer.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[tokio::test]
    async fn over_http_a_page_warns_unless_it_stays_on_this_machine() {
        let (page, answer) = set_up(WebSettings::default()).await;
        assert!(page.body.contains("your password can be read on the way"), "{}", page.body);
        assert_eq!(
            cookies(&answer),
            [
                "leadpost; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800",
                "leadpost-device; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000",
            ]
        );
        let (page, _) = set_up(WebSettings { local: true, ..WebSettings::default() }).await;
        assert!(!page.body.contains("can be read on the way"));
    }

    #[tokio::test]
    async fn pages_with_a_secret_in_their_address_are_kept_nowhere_and_told_to_nobody() {
        let (page, _) = set_up(WebSettings::default()).await;
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
        assert!(!page.body.contains("src=\"http") && !page.body.contains("href=\"http"));
    }

    #[tokio::test]
    async fn an_account_is_made_with_the_name_that_was_given() {
        let kit = Kit::start().await;
        let link = kit.db.write(people::set_up_link).await.unwrap().unwrap();
        let first = FirstMember::default();
        let browser = sessions::Browser::default();
        let nameless = kit.db.write({
            let link = link.clone();
            move |tx| people::set_up(tx, &link, &first, "hash", &browser)
        });
        let wrong = nameless.await.unwrap_err();
        assert!(
            matches!(&wrong, app::AppError::Invalid(it) if it.errors[0].pointer == "/account"),
            "{wrong:?}"
        );
        assert!(kit.db.read(move |tx| people::look(tx, &link)).await.is_ok(), "the link still works");
    }
}
