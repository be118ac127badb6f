//! Where a webhook's requests go: its URL, judged by the policy and taken apart once, so that a lane does not
//! parse it again for each of its requests.

use std::sync::Arc;

use domain::{EgressPolicy, ErrorClass, WebhookUrl};
use http::{HeaderValue, Uri, uri::PathAndQuery};

use crate::attempt::{blocked, failed};

/// A URL that may be called, with the parts of a request that follow from it.
#[derive(Debug)]
pub(crate) struct Target {
    text: String,
    policy: Arc<EgressPolicy>,
    pub(crate) url: WebhookUrl,
    /// The request target in origin form (RFC 9112, section 3.2.1).
    pub(crate) uri: Uri,
    /// The `Host` header (RFC 9110, section 7.2).
    pub(crate) host: HeaderValue,
}

impl Target {
    /// Reads `text` under `policy`, which may refuse today what it allowed when the webhook was made.
    pub(crate) fn new(text: &str, policy: &Arc<EgressPolicy>) -> Result<Self, domain::AttemptError> {
        let url = WebhookUrl::parse(text, policy).map_err(|refusal| blocked(&refusal))?;
        let unsendable =
            |_| failed(ErrorClass::InternalError, "the URL cannot be written into an HTTP request");
        let path = PathAndQuery::try_from(url.path_and_query()).map_err(|_| unsendable(()))?;
        let host = HeaderValue::try_from(url.authority()).map_err(|_| unsendable(()))?;
        Ok(Self { text: text.to_owned(), policy: Arc::clone(policy), url, uri: Uri::from(path), host })
    }

    /// Whether this is what [`Target::new`] would answer again.
    pub(crate) fn is_for(&self, text: &str, policy: &Arc<EgressPolicy>) -> bool {
        Arc::ptr_eq(&self.policy, policy) && self.text == text
    }

    /// Whether a connection made for `other` may carry requests of this one: same scheme, host and port, and
    /// opened under the same policy.
    pub(crate) fn shares_connections_with(&self, other: &Target) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy)
            && self.url.is_https() == other.url.is_https()
            && self.url.port() == other.url.port()
            && self.url.host_text() == other.url.host_text()
    }
}
