//! TLS: the decision point's certificate, and those of clients where they must have one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// Files in PEM.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Whose signature a client's certificate must have; without, clients need none.
    pub(crate) client_ca: Option<PathBuf>,
}

/// Reads the files.
///
/// # Errors
/// When one cannot be read or holds something else, or certificate and key are no pair.
pub(crate) fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS cannot be used")?;
    let builder = match &settings.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.with_context(|| format!("{}: a certificate that is none", path.display()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.build();
            builder.with_client_cert_verifier(verifier.with_context(|| path.display().to_string())?)
        }
    };
    let key = private_key(&settings.key)?;
    let mut config = builder
        .with_single_cert(certificates(&settings.certificate)?, key)
        .with_context(|| {
            let (certificate, key) = (settings.certificate.display(), settings.key.display());
            format!("{certificate} and {key} are no certificate with its key")
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if cfg!(feature = "ext-authz") {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let name = path.display();
    let text = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{name}: no certificate in PEM"))?;
    ensure!(!found.is_empty(), "{name}: holds no certificate in PEM");
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let name = path.display();
    let text = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        // Not with its cause: that might show a part of the key.
        Err(_) => bail!("{name}: holds no private key in PEM"),
    }
}
