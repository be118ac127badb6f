//! What every way in shares: the browser, the comparison of a password, and what makes a browser known again.

use std::time::Duration;

use app::{
    AppError,
    members::{self, Candidate},
    passwords::Verdict,
    sessions::Browser,
};
use domain::{Device, DeviceToken, Timestamp, answers};
use http::{HeaderMap, header};

use crate::{Shared, pages::member, peer::Origin, throttle::Try};

/// The browser that a request came from.
pub(crate) fn browser(web: &Shared, headers: &HeaderMap, origin: Origin) -> Browser {
    let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    Browser {
        agent: agent.to_owned(),
        address: origin.0.to_string(),
        device: member::cookie(headers, device_cookie(web)).and_then(DeviceToken::parse),
        token: member::token(web, headers),
    }
}

fn device_cookie(web: &Shared) -> &'static str {
    if web.settings.secure { "__Host-leadpost-device" } else { "leadpost-device" }
}

/// The header that lets a browser be known again.
pub(super) fn set_device(web: &Shared, device: &DeviceToken) -> String {
    let secure = if web.settings.secure { "; Secure" } else { "" };
    let (name, value, age) = (device_cookie(web), device.reveal(), Device::REMEMBERED_FOR.as_secs());
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
}

/// Under what name tries for an address are counted: one for all its spellings.
pub(super) fn counted(email: &str) -> String {
    answers::email(email).map_or_else(|_| email.trim().chars().take(254).collect(), |it| it.key)
}

/// What came of a password.
pub(crate) enum Checked {
    /// It is right; a hash at today's cost, if the stored one is old.
    Right(Option<String>),
    /// It is wrong.
    Wrong,
    /// It was not looked at.
    Wait(Duration),
}

/// Compares a password with the candidate's, unless too many were tried before.
pub(crate) async fn check(
    web: &Shared,
    attempt: &Try,
    typed: &str,
    candidate: &Candidate,
) -> Result<Checked, AppError> {
    if let Err(wait) = web.throttle.admit(attempt, now(web)) {
        return Ok(Checked::Wait(wait));
    }
    let verdict = web.hashing.verify(typed.to_owned(), candidate.stored.clone()).await?;
    if verdict == Verdict::Wrong || candidate.member.is_none() {
        return Ok(Checked::Wrong);
    }
    web.throttle.succeeded(attempt);
    let rehashed = match verdict {
        Verdict::Stale => Some(web.hashing.again(typed.to_owned(), random(web)).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    Ok(Checked::Right(rehashed))
}

/// Writes down that a wrong password was given. Nobody waits for it: how long the answer takes must not tell whether
/// there is such a member.
pub(crate) fn note_refusal(web: &Shared, candidate: Candidate, browser: Browser) {
    if candidate.member.is_none() {
        return;
    }
    let db = web.db.clone();
    tokio::spawn(async move {
        let noted = db.write_behind(move |tx| members::refuse(tx, &candidate, &browser)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a wrong password was not written down");
        }
    });
}

/// The present instant.
pub(crate) fn now(web: &Shared) -> Timestamp {
    web.db.ambient().clock.now()
}

/// 32 random bytes, fit for a salt.
pub(crate) fn random(web: &Shared) -> [u8; 32] {
    let mut bytes = [0; 32];
    web.db.ambient().random.fill(&mut bytes);
    bytes
}
