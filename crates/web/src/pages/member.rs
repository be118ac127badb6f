//! Who looks at a page: from the session's cookie to a member who may do what the page needs.

use std::{marker::PhantomData, time::Duration};

use app::{access, sessions, sessions::SignedIn};
use axum::extract::FromRequestParts;
use domain::{Actor, Session, SessionToken};
use http::{HeaderMap, Uri, header, request::Parts};

use super::failure::Failure;
use crate::{Shared, auth::Needs, peer, problem::Problem};

/// A member who may do what `N` says.
pub(crate) struct ByMember<N> {
    /// The member, the account and the session.
    pub(crate) signed: SignedIn,
    /// The member as an actor.
    pub(crate) actor: Actor,
    needs: PhantomData<N>,
}

impl<N: Needs + Send> FromRequestParts<Shared> for ByMember<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Failure> {
        let signed = signed_in(web, parts).await?.ok_or_else(|| Failure::SignIn(next(parts)))?;
        let actor = signed.actor();
        access::require(&actor, N::PERMISSION)?;
        Ok(Self { signed, actor, needs: PhantomData })
    }
}

/// Where to go on after signing in: to a page, not to what a form does.
fn next(parts: &Parts) -> String {
    match parts.method.is_safe() {
        true => parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
        false => "/".to_owned(),
    }
}

/// Whether that is an address on this server that one may be sent on to.
pub(crate) fn is_own_path(next: &str) -> bool {
    let path = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    path && next.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none())
}

/// How exactly it is written down when a session was used.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Who is signed in, if anybody is.
pub(crate) async fn signed_in(web: &Shared, parts: &Parts) -> Result<Option<SignedIn>, Problem> {
    let Some(token) = token(web, &parts.headers) else { return Ok(None) };
    let signed = recognise(web, token).await?;
    if let Some(SignedIn { session, .. }) = &signed
        && web.db.ambient().clock.now().since(session.seen_at) >= TOUCH_EVERY
    {
        note_use(web, session.clone(), peer::origin(parts, &web.settings.trusted_proxies).to_string()).await;
    }
    Ok(signed)
}

/// Who has that token, without noting that it was used.
pub(crate) async fn recognise(web: &Shared, token: SessionToken) -> Result<Option<SignedIn>, Problem> {
    Ok(web.db.read(move |tx| sessions::recognise(tx, &token)).await?)
}

/// A store that takes no writes keeps nobody from reading.
async fn note_use(web: &Shared, session: Session, address: String) {
    let noted = web.db.write_behind(move |tx| sessions::touch(tx, &session, &address)).await;
    if let Err(error) = noted {
        tracing::debug!(%error, "the use of a session was not noted");
    }
}

/// The name of the session's cookie. Over https it is one that only this host can have set (RFC 6265bis, 4.1.3.2).
pub(crate) fn cookie_name(web: &Shared) -> &'static str {
    if web.settings.secure { "__Host-leadpost" } else { "leadpost" }
}

/// The session's token from the request's cookies.
pub(crate) fn token(web: &Shared, headers: &HeaderMap) -> Option<SessionToken> {
    cookie(headers, cookie_name(web)).and_then(SessionToken::parse)
}

/// The value of a cookie, if the request has exactly one of that name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// The header that lets a browser keep the session, or forget it if there is no token.
pub(crate) fn set_cookie(web: &Shared, token: Option<&SessionToken>) -> String {
    let (name, secure) = (cookie_name(web), if web.settings.secure { "; Secure" } else { "" });
    let (value, age) = token.map_or(("", 0), |token| (token.reveal(), Session::LONGEST.as_secs()));
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_counts_if_there_is_one_of_its_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; leadpost=x; b=2"));
        assert_eq!(cookie(&headers, "leadpost"), Some("x"));
        assert_eq!(cookie(&headers, "post"), None);
        headers.append(header::COOKIE, HeaderValue::from_static("leadpost=y"));
        assert_eq!(cookie(&headers, "leadpost"), None);
    }

    #[test]
    fn one_is_sent_on_to_this_server_only() {
        for own in ["/", "/analytics?x=1", "/a/b#c"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in ["", "//evil.test", "https://evil.test", "/\\evil.test", "\\/evil.test", "/a\nb", "x"] {
            assert!(!is_own_path(other), "{other}");
        }
    }
}
