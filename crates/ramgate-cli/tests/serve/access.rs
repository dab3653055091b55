//! Who may ask: tokens, TLS, certificates of clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::point::{ALLOW, Place, Point, request};

const TOKEN: &str = "0123456789abcdef";

#[test]
pub(crate) fn only_who_has_a_token() {
    let place = Place::with_snapshot(ALLOW);
    place.write(
        "tokens",
        format!("# the gateway\n{TOKEN}\nfedcba9876543210\n"),
    );
    let point = place.serve(&["--token-file", "tokens"]);
    let ask = |headers: &[(&str, &str)]| {
        point
            .post_with("/v1/check", headers, request().to_string())
            .status
    };
    for accepted in [
        ("authorization", "Bearer 0123456789abcdef"),
        ("authorization", "bearer fedcba9876543210"),
        ("x-ramgate-token", TOKEN),
    ] {
        assert_eq!(ask(&[accepted]), 200, "{accepted:?}");
    }
    for refused in [
        &[][..],
        &[("authorization", "Bearer 0123456789abcdeX")],
        &[("authorization", "Bearer 0123456789abcde")],
        &[("authorization", "Bearer ")],
        &[("authorization", TOKEN)],
        &[("authorization", "Basic 0123456789abcdef")],
        &[
            ("x-ramgate-token", "x"),
            ("authorization", "Bearer 0123456789abcdef"),
        ],
        &[("x-ramgate-token", TOKEN), ("x-ramgate-token", TOKEN)],
    ] {
        assert_eq!(ask(refused), 401, "{refused:?}");
    }
    for path in ["/access/v1/evaluation", "/v1/check/batch"] {
        assert_eq!(point.post(path, "{}").status, 401, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(point.get(path).status, 200, "{path}");
    }
    // It is no secret that there is a body, but nobody reads it.
    assert_eq!(point.post("/v1/check", "{").status, 401);
    assert_eq!(
        point.metric("ramgate_errors_total{kind=\"unknown_client\"}"),
        11.0
    );
}

#[test]
pub(crate) fn token_files_that_are_none() {
    let place = Place::with_snapshot(ALLOW);
    place.write("empty", "# nobody\n");
    place.write("short", "\nshort\n");
    place.write("blank", "0123456789 abcdef\n");
    for (file, expected) in [
        ("none", "token_file: none: cannot be read"),
        ("empty", "token_file: empty: holds no token"),
        (
            "short",
            "token_file: short:2: a token shorter than 16 bytes can be guessed",
        ),
        ("blank", "token_file: blank:1: a blank in a token"),
    ] {
        let (status, said) = place.refused(&[
            "--account",
            "snapshot.json",
            "--listen",
            "127.0.0.1:0",
            "--token-file",
            file,
        ]);
        assert_eq!((status, said.contains(expected)), (2, true), "{said}");
    }
}

#[test]
pub(crate) fn other_machines_may_ask_where_something_protects() {
    for protection in [&["--allow-unprotected"][..], &["--token-file", "tokens"]] {
        let place = Place::with_snapshot(ALLOW);
        place.write("tokens", format!("{TOKEN}\n"));
        let command = place.command(
            &[
                &["--account", "snapshot.json", "--listen", "0.0.0.0:0"],
                protection,
            ]
            .concat(),
        );
        let point = Point::start(place, command);
        point.until_said("policies loaded");
    }
}

/// An authority, and files of what it signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &self.0).unwrap().pem(),
            key.serialize_pem(),
        )
    }
}

fn over_tls(
    point: &Point,
    authority: &Authority,
    own: Option<&(String, String)>,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.0.pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            config
                .with_client_auth_cert(
                    chain,
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap()
        }
    };
    let connection =
        ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let address = point.address().strip_prefix("https://").unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    let body = request().to_string();
    write!(
        stream,
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn with_certificates(authority: &Authority) -> Place {
    let place = Place::with_snapshot(ALLOW);
    let (certificate, key) = authority.sign("localhost");
    place.write("cert.pem", certificate);
    place.write("key.pem", key);
    place.write("ca.pem", authority.0.pem());
    place
}

#[test]
pub(crate) fn tls() {
    let authority = Authority::new();
    let mut point =
        with_certificates(&authority).serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let answer = over_tls(&point, &authority, None).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"decision\":\"Allow\""),
        "{answer}"
    );
    // Who knows another authority, and who does not speak TLS, are told nothing.
    assert!(over_tls(&point, &Authority::new(), None).is_err());
    let address = point.address().strip_prefix("https://").unwrap();
    let mut plain = TcpStream::connect(address).unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    assert!(!crate::point::rest(plain).contains("HTTP"));
    point.signal("TERM");
    assert!(point.ended().success());
}

#[test]
pub(crate) fn certificates_of_clients() {
    let authority = Authority::new();
    let arguments = [
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "key.pem",
        "--tls-client-ca",
        "ca.pem",
    ];
    let point = with_certificates(&authority).serve(&arguments);
    let answer = over_tls(&point, &authority, Some(&authority.sign("client"))).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    for own in [None, Some(&Authority::new().sign("client"))] {
        let answer = over_tls(&point, &authority, own).unwrap_or_default();
        assert_eq!(answer, "");
    }
}

#[test]
pub(crate) fn files_of_tls_that_are_not_clear() {
    let authority = Authority::new();
    let place = with_certificates(&authority);
    place.write("other.pem", authority.sign("x").1);
    for (arguments, expected) in [
        (
            &["--tls-cert", "cert.pem"][..],
            "tls_cert and tls_key belong together",
        ),
        (
            &["--tls-client-ca", "ca.pem"],
            "tls_cert and tls_key belong together",
        ),
        (
            &["--tls-cert", "none", "--tls-key", "key.pem"],
            "none: cannot be read",
        ),
        (
            &["--tls-cert", "snapshot.json", "--tls-key", "key.pem"],
            "snapshot.json: holds no certificate in PEM",
        ),
        (
            &["--tls-cert", "cert.pem", "--tls-key", "cert.pem"],
            "cert.pem: holds no private key in PEM",
        ),
        (
            &["--tls-cert", "cert.pem", "--tls-key", "other.pem"],
            "cert.pem and other.pem are no certificate with its key",
        ),
        (
            &[
                "--tls-cert",
                "cert.pem",
                "--tls-key",
                "key.pem",
                "--tls-client-ca",
                "key.pem",
            ],
            "key.pem: holds no certificate in PEM",
        ),
        (
            &[
                "--listen",
                "unix:s",
                "--tls-cert",
                "cert.pem",
                "--tls-key",
                "key.pem",
            ],
            "there is no TLS on a Unix socket",
        ),
    ] {
        let (status, said) = place.refused(&[&["--account", "snapshot.json"], arguments].concat());
        assert_eq!(
            (status, said.contains(expected)),
            (2, true),
            "{arguments:?}: {said}"
        );
    }
}
