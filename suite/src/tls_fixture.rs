//! Certificates for receivers in tests, good ones and bad ones, all made when they are needed.

use std::{io::Write, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::NamedTempFile;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

/// An authority that only tests trust, and only those that name its file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Authority {
    /// A new one, unlike all others.
    pub fn new() -> Self {
        let (mut params, key) = (CertificateParams::default(), key());
        // Two authorities of one name would be taken for one that signs wrongly.
        let name: String = key.public_key_raw().iter().take(9).map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name.push(DnType::CommonName, format!("Authority {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate of an authority");
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all(issuer.pem().as_bytes()).expect("a writable temporary file");
        Self { issuer, file }
    }

    /// The file with its certificate, for `extra_ca_file`.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// What a receiver with these names (or addresses) needs.
    pub fn valid_for(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.issue(&params(names))
    }

    /// The same, but its time is over.
    pub fn expired_for(&self, names: &[&str]) -> Arc<ServerConfig> {
        let mut params = params(names);
        params.not_after = date_time_ymd(2020, 2, 29);
        self.issue(&params)
    }

    /// Valid, but the receiver asks its clients for a certificate, too.
    pub fn demanding_for(&self, names: &[&str]) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("an authority is a root");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let config = ServerConfig::clone(&self.valid_for(names));
        let resolver = Arc::clone(&config.cert_resolver);
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("default versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_cert_resolver(resolver);
        Arc::new(config)
    }

    fn issue(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("a signed certificate");
        serve_with(certificate.der().clone(), &key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate that only vouches for itself.
pub fn self_signed_for(names: &[&str]) -> Arc<ServerConfig> {
    let key = key();
    let certificate = params(names).self_signed(&key).expect("a self-signed certificate");
    serve_with(certificate.der().clone(), &key)
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("names that a certificate can have")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn serve_with(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in PKCS #8");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits its certificate");
    Arc::new(config)
}
