//! Decides whether a node is one that was meant.
//!
//! The driver knows nodes by address and asks for that address in each certificate, also where the
//! user named a host. Many clusters have certificates with names only. So a certificate is also good
//! if it is for one of the host names that the user gave: whoever holds its key may speak for the
//! cluster by the user's own word. An address that was given stands for itself alone.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// What is asked of a node's certificate.
#[derive(Debug)]
pub(super) enum Check {
    /// Nothing: anyone may stand in for a node.
    Nothing,
    /// That an authority has signed it, and its dates.
    Authority,
    /// The same, and that it is for the node's address or one of these names.
    AuthorityAndName(Vec<ServerName<'static>>),
}

/// Checks the certificates of nodes.
#[derive(Debug)]
pub(super) struct NodeVerifier {
    authority: Option<Arc<WebPkiServerVerifier>>,
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl NodeVerifier {
    /// Trusts what these authorities have signed.
    pub(super) fn new(
        roots: RootCertStore,
        check: Check,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let roots = Arc::new(roots);
        let authority =
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
        Ok(NodeVerifier { authority: Some(authority), check, provider })
    }

    /// Trusts everyone.
    pub(super) fn trusting(provider: Arc<CryptoProvider>) -> Self {
        NodeVerifier { authority: None, check: Check::Nothing, provider }
    }
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        let verdict = authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        // Names are looked at last: with this error, all else is in order.
        let Err(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) = &verdict
        else {
            return verdict;
        };
        let is_named = match &self.check {
            Check::Nothing | Check::Authority => true,
            Check::AuthorityAndName(names) => {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                names.iter().any(|name| verify_server_name(&certificate, name).is_ok())
            }
        };
        if is_named { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    // That the node holds the certificate's key is proved in any case.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
