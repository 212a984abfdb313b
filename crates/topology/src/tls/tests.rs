//! Against listeners that only shake hands: what is accepted, and what is said where nothing is.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::connect::{ConnectOptions, connect};

type Issued = (rcgen::Certificate, KeyPair);

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| {})
    }

    fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

/// A folder of PEM files.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Files(TempDir::new().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn trusting(&self, authority: &Authority) -> TlsOptions {
        TlsOptions { ca: Some(self.write("ca.pem", authority.0.pem())), ..TlsOptions::default() }
    }

    fn identity(&self, (certificate, key): &Issued) -> (Option<PathBuf>, Option<PathBuf>) {
        let certificate = self.write("client.pem", certificate.pem());
        (Some(certificate), Some(self.write("client.key", key.serialize_pem())))
    }
}

/// A node that shakes hands and then says nothing.
async fn node((certificate, key): &Issued, clients: Option<&Authority>) -> SocketAddr {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let provider = Arc::new(aws_lc_rs::default_provider());
            let roots = authority.roots();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            match acceptor.accept(stream).into_fallible().await {
                Ok(mut stream) => drain(&mut stream).await,
                Err((_, mut stream)) => drain(&mut stream).await,
            }
        }
    })
    .await
}

/// Reads to the end: what closes with unread bytes resets the connection, and its last word is lost.
async fn drain(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut sink = Vec::new();
    let _ = stream.read_to_end(&mut sink).await;
}

async fn listen<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// What `connect` says of a node that cannot be used.
async fn refused(address: SocketAddr, tls: Option<TlsOptions>) -> Error {
    let options = ConnectOptions {
        contact_points: vec![address.to_string()],
        tls,
        ..ConnectOptions::default()
    };
    let Err(error) = connect(&options).await else { panic!("connected to {address}") };
    assert!(!error.retryable() || error.kind() == ErrorKind::Unreachable, "{error:?}");
    error
}

#[track_caller]
fn says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "'{part}' is not in: {error}");
    }
}

/// Whether a handshake succeeds, as the driver makes it: with the address for a name.
async fn shakes_hands(address: SocketAddr, tls: &TlsOptions, names: &[&'static str]) -> bool {
    let names = names.iter().map(|name| ServerName::try_from(*name).unwrap()).collect();
    let connector = TlsConnector::from(tls.config(names).unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    connector.connect(ServerName::IpAddress(address.ip().into()), stream).await.is_ok()
}

#[tokio::test]
async fn a_certificate_is_good_for_its_address_and_for_names_that_were_given() {
    let (files, authority) = (Files::new(), Authority::new());
    let tls = files.trusting(&authority);
    let by_address = node(&authority.issue("127.0.0.1"), None).await;
    assert!(shakes_hands(by_address, &tls, &[]).await);
    let by_name = node(&authority.issue("db.example"), None).await;
    assert!(shakes_hands(by_name, &tls, &["db.example"]).await);
    assert!(!shakes_hands(by_name, &tls, &["other.example"]).await);
    assert!(!shakes_hands(by_name, &tls, &[]).await);
    let unchecked = TlsOptions { verify_hostname: false, ..tls };
    assert!(shakes_hands(by_name, &unchecked, &[]).await);
}

#[tokio::test]
async fn without_checks_any_certificate_will_do_and_without_names_only_the_authoritys() {
    let (files, authority, stranger) = (Files::new(), Authority::new(), Authority::new());
    let strange = node(&stranger.issue("127.0.0.1"), None).await;
    let tls = TlsOptions { verify_hostname: false, ..files.trusting(&authority) };
    assert!(!shakes_hands(strange, &tls, &[]).await);
    assert!(shakes_hands(strange, &TlsOptions { verify: false, ..tls }, &[]).await);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_with_its_reason() {
    let (files, authority, stranger) = (Files::new(), Authority::new(), Authority::new());
    let tls = Some(files.trusting(&authority));

    let error = refused(node(&stranger.issue("127.0.0.1"), None).await, tls.clone()).await;
    says(&error, ErrorKind::Authentication, &["is not signed by the authorities in", "ca.pem"]);

    let expired =
        authority.issue_with("127.0.0.1", |params| params.not_after = date_time_ymd(2020, 1, 1));
    let error = refused(node(&expired, None).await, tls.clone()).await;
    says(&error, ErrorKind::Authentication, &["expired", "days ago", "renew"]);

    let future =
        authority.issue_with("127.0.0.1", |params| params.not_before = date_time_ymd(4000, 1, 1));
    let error = refused(node(&future, None).await, tls.clone()).await;
    says(&error, ErrorKind::Authentication, &["is not valid yet", "clocks"]);

    let error = refused(node(&authority.issue("db.example"), None).await, tls.clone()).await;
    says(&error, ErrorKind::Authentication, &["is for db.example", "neither 127.0.0.1"]);

    let nameless =
        authority.issue_with("127.0.0.1", |params| params.subject_alt_names = Vec::new());
    let error = refused(node(&nameless, None).await, tls).await;
    says(&error, ErrorKind::Authentication, &["a common name does not count"]);
}

#[tokio::test]
async fn a_node_that_wants_a_certificate_says_so_and_says_which_it_refused() {
    let (files, authority, stranger) = (Files::new(), Authority::new(), Authority::new());
    let tls = files.trusting(&authority);
    let address = node(&authority.issue("127.0.0.1"), Some(&authority)).await;

    let error = refused(address, Some(tls.clone())).await;
    says(&error, ErrorKind::Authentication, &["asks for a client certificate", "none was given"]);

    let (certificate, key) = files.identity(&stranger.issue("client"));
    let error = refused(address, Some(TlsOptions { certificate, key, ..tls.clone() })).await;
    says(&error, ErrorKind::Authentication, &["refused the client certificate", "client.pem"]);

    let (certificate, key) = files.identity(&authority.issue("client"));
    assert!(shakes_hands(address, &TlsOptions { certificate, key, ..tls }, &[]).await);
}

#[tokio::test]
async fn where_one_side_encrypts_and_the_other_does_not_both_are_told() {
    let (files, authority) = (Files::new(), Authority::new());
    // What Cassandra answers to bytes of another protocol: an error in its own.
    let plain = listen(|mut stream| async move {
        let _ = stream.write_all(&[0x85, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 10]).await;
        drain(&mut stream).await;
    })
    .await;
    let error = refused(plain, Some(files.trusting(&authority))).await;
    says(&error, ErrorKind::Invalid, &["does not speak TLS on this port"]);

    // The alert that an encrypted port may answer with.
    let encrypted = listen(|mut stream| async move {
        let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 10, 0, 0]).await;
        drain(&mut stream).await;
    })
    .await;
    says(&refused(encrypted, None).await, ErrorKind::Invalid, &["turn TLS on"]);

    let hanging_up = listen(|mut stream| async move {
        let _ = stream.read(&mut [0; 64]).await;
    })
    .await;
    says(&refused(hanging_up, None).await, ErrorKind::Unreachable, &["turn TLS on"]);
    let error = refused(hanging_up, Some(files.trusting(&authority))).await;
    says(&error, ErrorKind::Unreachable, &["closed the connection while it was secured"]);
}

/// The error of options that are wrong by themselves.
#[track_caller]
fn wrong(tls: &TlsOptions, parts: &[&str]) {
    let error = tls.config(Vec::new()).unwrap_err();
    says(&error, ErrorKind::Invalid, parts);
    let everything = format!("{error} {error:?}");
    assert!(!everything.contains("BEGIN") && !everything.contains("MIG"), "{everything}");
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_what_is_wrong() {
    let (files, authority) = (Files::new(), Authority::new());
    let good = files.trusting(&authority);
    let with_ca = |ca: &Path| TlsOptions { ca: Some(ca.to_owned()), ..TlsOptions::default() };
    let (certificate, key) = authority.issue("client");
    let key_pem = key.serialize_pem();

    wrong(&with_ca(Path::new("/no/such/ca.pem")), &["/no/such/ca.pem cannot be read"]);
    let store = files.write("store.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0]);
    wrong(&with_ca(&store), &["store.jks holds no certificate", "keytool"]);
    wrong(&with_ca(&files.write("key.pem", &key_pem)), &["key.pem holds no certificate"]);
    let cut = files.write("cut.pem", &authority.0.pem()[..200]);
    wrong(&with_ca(&cut), &["cut.pem is not proper PEM"]);
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    wrong(&with_ca(&files.write("odd.pem", odd)), &["odd.pem", "malformed"]);

    let certificate = Some(files.write("own.pem", certificate.pem()));
    let with_key = |text: &str| TlsOptions {
        certificate: certificate.clone(),
        key: Some(files.write("own.key", text)),
        ..good.clone()
    };
    let alone = TlsOptions { certificate: certificate.clone(), ..good.clone() };
    wrong(&alone, &["own.pem is given without its private key"]);
    let alone = TlsOptions { key: with_key(&key_pem).key, ..good.clone() };
    wrong(&alone, &["own.key is given without its certificate"]);
    wrong(&with_key("nothing"), &["own.key holds no private key"]);
    wrong(&with_key(&key_pem[..80]), &["own.key is not proper PEM"]);
    wrong(
        &with_key(&KeyPair::generate().unwrap().serialize_pem()),
        &["own.key does not belong to"],
    );
    let encrypted = key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    wrong(&with_key(&encrypted), &["own.key is encrypted", "openssl pkey"]);
    let odd = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    wrong(&with_key(odd), &["own.key: not a private key that TLS can use"]);
    assert!(with_key(&key_pem).config(Vec::new()).is_ok());
}

#[test]
fn what_is_printed_of_the_options_is_paths() {
    let (files, authority) = (Files::new(), Authority::new());
    let (certificate, key) = files.identity(&authority.issue("client"));
    let tls = TlsOptions { certificate, key, ..files.trusting(&authority) };
    let config = tls.config(Vec::new()).unwrap();
    let text = std::fs::read_to_string(tls.key.as_ref().unwrap()).unwrap();
    let secret = text.lines().nth(1).unwrap();
    let printed = format!("{tls:?} {config:?}");
    assert!(printed.contains("client.key") && !printed.contains(secret), "{printed}");
}
