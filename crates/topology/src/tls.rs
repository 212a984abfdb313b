//! Encrypted connections: PEM files in, what the driver connects with out.
//!
//! Files are read once for each call of `connect`, before any node is asked, so that what is wrong
//! with a file is told as that, and not as a handshake that failed. PEM, since it is what every
//! authority hands out; Java key stores are converted with `keytool` (docs/security.md).
//!
//! No message holds anything out of a key's file.

mod reason;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, InconsistentKeys, RootCertStore};

pub(crate) use reason::{Refusal, last_word, refusal};

use self::verifier::{Check, NodeVerifier};
use crate::error::{Error, ErrorKind, Result};

/// PEM files for encrypted connections, and how strictly nodes are checked.
///
/// A node proves itself by a certificate that an authority in `ca` has signed, and that names the
/// node: by the address that the connection goes to, or by a host name among the contact points.
/// Nodes that are found later are known by address alone, so a cluster whose certificates hold host
/// names only is reached through those names, or without the check of names.
///
/// ```
/// let tls = topology::TlsOptions {
///     ca: Some("/etc/cassandra/ca.pem".into()),
///     ..topology::TlsOptions::default()
/// };
/// assert!(tls.verify && tls.verify_hostname);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// The certificates of the authorities to trust, any number in one file. `None`: those that the
    /// system trusts.
    pub ca: Option<PathBuf>,
    /// The own certificate, followed by those between it and its authority: for clusters that ask for
    /// one (`require_client_auth`). Goes with `key`.
    pub certificate: Option<PathBuf>,
    /// The private key of `certificate`, not encrypted: PKCS#8, PKCS#1 (RSA) or SEC1 (elliptic curves).
    pub key: Option<PathBuf>,
    /// Whether a node's certificate must name it. Without this, any node that the authority has
    /// signed for may stand in for any other.
    pub verify_hostname: bool,
    /// Whether a node's certificate is checked at all. Without this the connection is encrypted, but
    /// anyone on the way may read and change what goes over it.
    pub verify: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        TlsOptions { ca: None, certificate: None, key: None, verify_hostname: true, verify: true }
    }
}

impl TlsOptions {
    /// Reads the files. `names` are the host names of the contact points.
    pub(crate) fn config(&self, names: Vec<ServerName<'static>>) -> Result<Arc<ClientConfig>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let check = match (self.verify, self.verify_hostname) {
            (false, _) => Check::Nothing,
            (true, false) => Check::Authority,
            (true, true) => Check::AuthorityAndName(names),
        };
        let verifier = match check {
            Check::Nothing => NodeVerifier::trusting(Arc::clone(&provider)),
            check => NodeVerifier::new(self.roots()?, check, Arc::clone(&provider))
                .map_err(|error| self.authorities_unusable().with_source(error))?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("TLS cannot be set up").with_source(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match self.identity(&provider)? {
            Some(identity) => builder.with_client_cert_resolver(identity),
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    fn authorities_unusable(&self) -> Error {
        match &self.ca {
            Some(path) => invalid(format!("{} holds no usable authority", path.display())),
            None => invalid(
                "this system has no trusted authorities; name a PEM file with the certificate of \
                 the authority that signed the nodes' certificates",
            ),
        }
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.ca else {
            // Some certificates of a system may be too old or odd to be read: the others do.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(self.authorities_unusable());
            }
            return Ok(roots);
        };
        for certificate in certificates(path, "of the authority")? {
            roots.add(certificate).map_err(|error| {
                invalid(format!(
                    "{}: a certificate in it is malformed; export it anew",
                    path.display()
                ))
                .with_source(error)
            })?;
        }
        Ok(roots)
    }

    /// The own certificate with its key, proved to belong together.
    fn identity(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Option<Arc<rustls::sign::SingleCertAndKey>>> {
        let (certificate, key) = match (&self.certificate, &self.key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(certificate), None) => {
                return Err(invalid(format!(
                    "the certificate {} is given without its private key; name the key's file too",
                    certificate.display()
                )));
            }
            (None, Some(key)) => {
                return Err(invalid(format!(
                    "the private key {} is given without its certificate; name the certificate's \
                     file too",
                    key.display()
                )));
            }
        };
        let chain = certificates(certificate, "of this client")?;
        let identity = rustls::sign::CertifiedKey::from_der(chain, private_key(key)?, provider)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => invalid(format!(
                    "the private key {} does not belong to the certificate {}; name the pair that \
                     was made together, the own certificate first in its file",
                    key.display(),
                    certificate.display()
                )),
                // No source: it could tell of the key.
                rustls::Error::InvalidCertificate(_) => invalid(format!(
                    "{}: the first certificate in it is malformed; export it anew",
                    certificate.display()
                )),
                _ => invalid(format!(
                    "{}: not a private key that TLS can use; it takes RSA of 2048 bits or more, \
                     the curves P-256, P-384 and P-521, and Ed25519",
                    key.display()
                )),
            })?;
        Ok(Some(Arc::new(identity.into())))
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        invalid(format!(
            "{} cannot be read ({error}); check the path and its rights",
            path.display()
        ))
    })
}

fn certificates(path: &Path, whose: &str) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(path)?;
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, pem::Error>>().map_err(|_| {
            // Without a source: it quotes the file, which may be a key's by mistake.
            invalid(format!(
                "{} is not proper PEM; it ought to hold the certificate {whose}: export it anew",
                path.display()
            ))
        })?;
    if found.is_empty() {
        return Err(invalid(format!(
            "{} holds no certificate in PEM form; it ought to hold that {whose} (Java key stores \
             are converted with `keytool -exportcert -rfc`)",
            path.display()
        )));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = secrecy::zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let encrypted = text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED);
        invalid(match error {
            _ if encrypted => format!(
                "the private key {} is encrypted; decrypt it with `openssl pkey` into a file that \
                 only this user may read",
                path.display()
            ),
            pem::Error::NoItemsFound => format!(
                "{} holds no private key in PEM form; convert it with `openssl pkey`",
                path.display()
            ),
            _ => format!("{} is not proper PEM; export the private key anew", path.display()),
        })
    })
}

/// In the head of every encrypted key, whether of PKCS#8 or older.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

#[cfg(test)]
mod tests;
