//! TLS to receivers: whom to trust, and what to say when it fails.
//!
//! Certificates are always checked, against the machine's own roots and those that the operator adds; there
//! is no switch to skip it. TLS 1.2 and 1.3 only. HTTP/1.1 is the only protocol offered.

use std::{
    error::Error as _,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::{AttemptError, Clock, ErrorClass, Timestamp, WebhookUrl};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, PeerIncompatible, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem, pem::PemObject},
    time_provider::TimeProvider,
};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Host;

use crate::{attempt::failed, egress::EgressError};

/// Makes TLS connections.
pub(crate) struct Tls {
    /// Or why there can be none; then only `https` fails, and a program without it works.
    connector: Result<TlsConnector, rustls::Error>,
}

impl Tls {
    pub(crate) fn new(extra_ca_file: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self, EgressError> {
        let extra = extra_ca_file.map_or(Ok(Vec::new()), read_certificates)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let connector = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
            .and_then(|verifier| configure(provider, Arc::new(verifier), clock))
            .inspect_err(|error| tracing::warn!(%error, "webhooks cannot be sent over https"));
        Ok(Self { connector })
    }

    /// The handshake. The name asked for and checked is the URL's host. The caller limits the time.
    pub(crate) async fn connect(
        &self,
        url: &WebhookUrl,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, AttemptError> {
        let connector = self.connector.as_ref().map_err(|error| {
            let detail = format!(
                "this server cannot check certificates ({error}); install the system's ca-certificates or \
                 set egress.extra_ca_file"
            );
            failed(ErrorClass::InternalError, detail)
        })?;
        let name = match url.host() {
            Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| {
                failed(ErrorClass::TlsError, "the host is not a name that a certificate can have")
            })?,
            Host::Ipv4(ip) => ServerName::from(std::net::IpAddr::from(ip)),
            Host::Ipv6(ip) => ServerName::from(std::net::IpAddr::from(ip)),
        };
        connector
            .connect(name, stream)
            .await
            .map_err(|error| failed(ErrorClass::TlsError, explain(&error, url.host_text())))
    }
}

fn configure(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    clock: Arc<dyn Clock>,
) -> Result<TlsConnector, rustls::Error> {
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallClock(clock)))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates of a PEM file (RFC 7468), each of them usable as a root.
fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    let wrong = |what: String| EgressError::CaFile { path: path.to_owned(), what };
    let read = |error: pem::Error| match error {
        pem::Error::Io(source) => EgressError::UnreadableCaFile { path: PathBuf::from(path), source },
        other => wrong(format!("is not in PEM form: {other}")),
    };
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(read)?.collect::<Result<_, _>>().map_err(read)?;
    if certificates.is_empty() {
        return Err(wrong("holds no certificate".to_owned()));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        let unusable =
            |error| wrong(format!("holds a certificate that cannot be used, number {}: {error}", index + 1));
        RootCertStore::empty().add(certificate.clone()).map_err(unusable)?;
    }
    Ok(certificates)
}

/// Certificates are valid or not at the program's own time.
struct WallClock(Arc<dyn Clock>);

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_epoch = u64::try_from(self.0.now().micros()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(since_epoch)))
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}

/// The TLS error inside `error`, if that is what it is.
pub(crate) fn source_of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What went wrong in the handshake with `host`, for somebody who can mend it.
fn explain(error: &io::Error, host: &str) -> String {
    match (source_of(error), error.kind()) {
        (Some(error), _) => words(error, host),
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            "the receiver closed the connection during the TLS handshake".to_owned()
        }
        (None, _) => format!("the TLS handshake failed: {error}"),
    }
}

/// A TLS error in plain words.
pub(crate) fn words(error: &rustls::Error, host: &str) -> String {
    use AlertDescription as Alert;
    let said = match error {
        rustls::Error::InvalidCertificate(error) => return certificate_words(error, host),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        )
        | rustls::Error::AlertReceived(Alert::ProtocolVersion) => {
            "the receiver's TLS is too old: it does not speak TLS 1.2 or 1.3"
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => {
            "the receiver and Leadpost have no TLS cipher or key exchange in common; the receiver's TLS is \
             probably too old"
        }
        rustls::Error::AlertReceived(Alert::CertificateRequired | Alert::NoCertificate) => {
            "the receiver demands a client certificate, which Leadpost does not send"
        }
        rustls::Error::AlertReceived(Alert::UnrecognisedName) => {
            return format!("the receiver does not serve the name {host} over TLS");
        }
        rustls::Error::NoApplicationProtocol | rustls::Error::AlertReceived(Alert::NoApplicationProtocol) => {
            "the receiver does not accept HTTP/1.1 over TLS"
        }
        rustls::Error::InvalidMessage(_) => {
            "what answers at this port does not speak TLS; it may expect http instead of https"
        }
        other => return format!("the TLS connection failed: {other}"),
    };
    said.to_owned()
}

fn certificate_words(error: &CertificateError, host: &str) -> String {
    match error {
        CertificateError::Expired => "the receiver's certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the receiver's certificate has expired: it was valid until {}", date(not_after))
        }
        CertificateError::NotValidYet => "the receiver's certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the receiver's certificate is not valid yet: it begins at {}", date(not_before))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the receiver's certificate is for another name, not for {host}")
        }
        CertificateError::UnknownIssuer => {
            "the receiver's certificate has an unknown issuer: it is self-signed, \
             from a private authority, or sent without its intermediate certificate; the operator can trust \
             another authority with egress.extra_ca_file"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the receiver's certificate is not signed by the authority that it names".to_owned()
        }
        CertificateError::Revoked => "the receiver's certificate has been revoked".to_owned(),
        CertificateError::Other(other) => {
            let reason = other.source().map_or_else(|| other.to_string(), ToString::to_string);
            format!("the receiver's certificate cannot be trusted: {reason}")
        }
        other => format!("the receiver's certificate cannot be trusted: {other}"),
    }
}

fn date(instant: &UnixTime) -> Timestamp {
    Timestamp::default() + Duration::from_secs(instant.as_secs())
}
