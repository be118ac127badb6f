//! Who calls: from the key in the `Authorization` header, or the session of a page, to an actor that may do what the
//! route needs.
//!
//! Must not take a key from anywhere else, and must never keep one: the memory of recent look-ups knows only
//! hashes.

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use app::{access, accounts, sessions};
use axum::extract::FromRequestParts;
use domain::{Actor, ApiKey, ApiKeyText, Permission, Timestamp};
use http::{HeaderMap, Method, header, request::Parts};
use sha2::{Digest, Sha256};

use crate::{
    Shared,
    pages::{member, origin},
    problem::Problem,
};

/// The holder of a key that may do what `N` says. Extracted before anything else, so that whoever may not is
/// told nothing more.
pub(crate) struct Caller<N> {
    /// Who it is.
    pub(crate) actor: Actor,
    needs: PhantomData<N>,
}

/// What a route needs of its caller.
pub(crate) trait Needs {
    /// The permission.
    const PERMISSION: Permission;
    /// Another that will do as well; the use case then says which of the two it takes.
    const OR: Option<Permission> = None;
}

/// Needs [`Permission::Ingest`].
pub(crate) enum Ingest {}
/// Needs [`Permission::Read`].
pub(crate) enum Read {}
/// Needs [`Permission::People`].
pub(crate) enum People {}
/// Needs [`Permission::Converse`].
pub(crate) enum Converse {}
/// Needs [`Permission::Manage`].
pub(crate) enum Manage {}
/// Needs [`Permission::Admin`].
pub(crate) enum Admin {}
/// Needs [`Permission::Ingest`] or [`Permission::Converse`].
pub(crate) enum IngestOrConverse {}

impl Needs for Ingest {
    const PERMISSION: Permission = Permission::Ingest;
}

impl Needs for Read {
    const PERMISSION: Permission = Permission::Read;
}

impl Needs for People {
    const PERMISSION: Permission = Permission::People;
}

impl Needs for Converse {
    const PERMISSION: Permission = Permission::Converse;
}

impl Needs for Manage {
    const PERMISSION: Permission = Permission::Manage;
}

impl Needs for Admin {
    const PERMISSION: Permission = Permission::Admin;
}

impl Needs for IngestOrConverse {
    const PERMISSION: Permission = Permission::Ingest;
    const OR: Option<Permission> = Some(Permission::Converse);
}

impl<N: Needs> Caller<N> {
    /// Whether the scripts of our pages call such routes: they show and answer chats. What answers a secret, or changes
    /// what an account consists of, takes a key, or a form that asks for the password first where that is due.
    fn is_for_pages() -> bool {
        let shown = |it| matches!(it, Permission::Read | Permission::People | Permission::Converse);
        shown(N::PERMISSION) || N::OR.is_some_and(shown)
    }
}

impl<N: Needs + Send> FromRequestParts<Shared> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        let actor = match parts.headers.contains_key(header::AUTHORIZATION) {
            true => authenticate(web, &parts.headers).await?,
            false if Self::is_for_pages() => by_session(web, parts).await?,
            false => return Err(Problem::unauthorized()),
        };
        web.pace.admit(&actor, web.db.ambient().clock.now())?;
        if !N::OR.is_some_and(|other| actor.may(other)) {
            access::require(&actor, N::PERMISSION)?;
        }
        Ok(Self { actor, needs: PhantomData })
    }
}

/// The pages' own scripts call with the session of whoever looks, from our own origin.
async fn by_session(web: &Shared, parts: &Parts) -> Result<Actor, Problem> {
    let signed = member::signed_in(web, parts).await?.ok_or_else(Problem::unauthorized)?;
    // A stranger's link is no page of ours, also where it only reads: some answers are files.
    let linked = parts.headers.get("sec-fetch-site").is_some_and(|it| it != "same-origin" && it != "none");
    let method = if linked { &Method::POST } else { &parts.method };
    origin::check(&web.settings.own_origins, method, &parts.headers)?;
    Ok(signed.actor())
}

/// By what a stream was opened, as a hash: it goes on for as long as that opens what `N` says.
pub(crate) struct Opener<N> {
    hash: String,
    is_key: bool,
    needs: PhantomData<N>,
}

impl<N: Needs + Send> FromRequestParts<Shared> for Opener<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        let is_key = parts.headers.contains_key(header::AUTHORIZATION);
        let hash = match is_key {
            true => bearer(&parts.headers).and_then(ApiKeyText::parse).map(|key| key.hash()),
            false => member::token(web, &parts.headers).map(|token| token.hash()),
        };
        Ok(Self { hash: hash.ok_or_else(Problem::unauthorized)?, is_key, needs: PhantomData })
    }
}

impl<N: Needs> Opener<N> {
    /// Asks the store again. One that cannot answer ends no stream: it would not let the next one begin either.
    pub(crate) async fn still_opens(&self, web: &Shared) -> bool {
        let (hash, is_key) = (self.hash.clone(), self.is_key);
        let found = web.db.read(move |tx| match is_key {
            true => accounts::still(tx, &hash),
            false => sessions::still(tx, &hash),
        });
        found.await.map_or(true, |actor| actor.is_some_and(|it| it.may(N::PERMISSION)))
    }
}

async fn authenticate(web: &Shared, headers: &HeaderMap) -> Result<Actor, Problem> {
    let key = bearer(headers).ok_or_else(Problem::unauthorized)?;
    let hash = Sha256::digest(key.as_bytes()).into();
    // Taken before the look-up: what is remembered is as old as the question, not as the answer.
    let now = web.db.ambient().clock.now();
    if let Some(actor) = web.keys.get(&hash, now) {
        return Ok(actor);
    }
    let text = ApiKeyText::parse(key).ok_or_else(Problem::unauthorized)?;
    let found = web.db.read(move |tx| accounts::authenticate(tx, &text)).await?;
    let key = found.ok_or_else(Problem::unauthorized)?;
    let actor = accounts::actor(&key);
    web.keys.put(hash, actor, now);
    note_use(web, key, now);
    Ok(actor)
}

/// Writes down, once a minute and behind everything else, that a key is in use. Nobody waits for it, and a store that
/// takes no writes keeps nobody from reading.
fn note_use(web: &Shared, key: ApiKey, now: Timestamp) {
    if key.used_at.is_some_and(|used| now.since(used) < ApiKey::USE_NOTED_EVERY) {
        return;
    }
    let db = web.db.clone();
    tokio::spawn(async move {
        let noted = db.write_behind(move |tx| accounts::use_key(tx, &key)).await;
        if let Err(error) = noted {
            tracing::debug!(%error, "the use of a key was not noted");
        }
    });
}

/// The token of the one `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

type Hash = [u8; 32];

/// Keys that were good a moment ago, so that a busy caller costs one look-up in a while.
///
/// Only good ones: a new key works at once, and guesses fill nothing.
#[derive(Default)]
pub(crate) struct RecentKeys(RwLock<HashMap<Hash, (Actor, Timestamp)>>);

impl RecentKeys {
    /// A revoked key must fail within one second; this is half of it.
    const LIFETIME: Duration = Duration::from_millis(500);
    const CAPACITY: usize = 4_096;

    fn get(&self, hash: &Hash, now: Timestamp) -> Option<Actor> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(hash).filter(|(_, since)| fresh(*since, now)).map(|(actor, _)| *actor)
    }

    fn put(&self, hash: Hash, actor: Actor, now: Timestamp) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= Self::CAPACITY {
            keys.retain(|_, (_, since)| fresh(*since, now));
        }
        if keys.len() < Self::CAPACITY {
            keys.insert(hash, (actor, now));
        }
    }
}

/// A clock that was set back makes an entry old, never young.
fn fresh(since: Timestamp, now: Timestamp) -> bool {
    since <= now && now.since(since) < RecentKeys::LIFETIME
}

#[cfg(test)]
mod tests {
    use domain::Id;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_one_bearer_header_counts() {
        let token = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["Bearer lpk_x"]).as_deref(), Some("lpk_x"));
        assert_eq!(token(&["bearer  lpk_x "]).as_deref(), Some("lpk_x"));
        for wrong in [&["Basic lpk_x"][..], &["lpk_x"], &["Bearer a", "Bearer a"], &[]] {
            assert_eq!(token(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_good_key_is_remembered_for_half_a_second() {
        let actor = Actor::Console { account: Id::from_parts(1, &[1; 10]) };
        let (keys, start) = (RecentKeys::default(), Timestamp::from_micros(1_000_000));
        keys.put([1; 32], actor, start);
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(keys.get(&[1; 32], at(499)), Some(actor));
        assert_eq!(keys.get(&[1; 32], at(500)), None);
        assert_eq!(keys.get(&[1; 32], start.before(Duration::from_secs(1))), None);
        assert_eq!(keys.get(&[2; 32], at(0)), None);
    }
}
