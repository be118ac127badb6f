//! TLS on both sides: the server's certificate, and what the commands that call a server trust.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What answers TLS handshakes with the certificate chain and key in these PEM files.
pub fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| {
        format!("server.tls_cert: cannot read certificates from {}", certificate.display())
    })?;
    anyhow::ensure!(!chain.is_empty(), "server.tls_cert: {} has no certificate", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("server.tls_key: cannot read a private key from {}", key.display()))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .context("server.tls_cert and server.tls_key do not fit together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What makes TLS connections to servers that the operating system trusts.
pub fn connector() -> anyhow::Result<TlsConnector> {
    let config = ClientConfig::with_platform_verifier().context(
        "cannot read the certificates that this system trusts; on Debian they are in the package ca-certificates",
    )?;
    Ok(TlsConnector::from(Arc::new(config)))
}
