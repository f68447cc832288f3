//! https.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::server::{APP, probe, probe_in, probe_with};

/// A server with a certificate of its own, and that certificate.
fn server() -> (String, String) {
    server_with(IsCa::NoCa)
}

fn server_with(is_ca: IsCa) -> (String, String) {
    let mut parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    parameters.is_ca = is_ca;
    let signing_key = KeyPair::generate().unwrap();
    let cert = parameters.self_signed(&signing_key).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            // A client that does not trust us says goodbye.
            if stream.read(&mut [0; 4096]).is_ok() {
                let head = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(head);
            }
        }
    });
    (format!("https://127.0.0.1:{port}/"), cert.pem())
}

#[test]
fn certificates_are_checked_unless_told_otherwise() {
    let (url, certificate) = server();
    let dir = TempDir::new().unwrap();
    let (ours, other) = (dir.path().join("ours.pem"), dir.path().join("other.pem"));
    fs::write(&ours, certificate).unwrap();
    fs::write(&other, server().1).unwrap();

    let origin = format!("--origin {APP}");
    probe(&origin, &url)
        .has_status(2)
        .complains(&["no response from", "TLS: "]);
    probe(&format!("-k {origin}"), &url)
        .has_status(0)
        .says(&["allowed"]);
    // As if the system trusted it.
    let system = [("SSL_CERT_FILE", ours.to_str().unwrap())];
    probe_in(&system, &["--origin", APP], &url)
        .has_status(0)
        .says(&["allowed"]);
    let with = |file: &Path| {
        let args = ["--cacert", file.to_str().unwrap(), "--origin", APP];
        probe_with(&args, &url)
    };
    with(&ours).has_status(0).says(&["allowed"]);
    let done = with(&other).has_status(2);
    done.complains(&[
        "TLS: invalid peer certificate",
        "CORS request did not succeed",
    ]);
}

/// Red team, finding 8: the certificates of `openssl req -x509` are those of an authority.
#[test]
fn a_certificate_that_says_it_is_an_authority() {
    let (url, certificate) = server_with(IsCa::Ca(BasicConstraints::Unconstrained));
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("ours.pem");
    fs::write(&file, certificate).unwrap();
    let args = format!("--cacert {} --origin {APP}", file.display());
    probe(&args, &url).has_status(2).complains(&[
        "is that of an authority (`CA:TRUE`)",
        "`-addext basicConstraints=critical,CA:FALSE`",
    ]);
    probe(&format!("-k --origin {APP}"), &url).has_status(0);
}

#[test]
fn what_is_no_certificate_is_no_trust() {
    let dir = TempDir::new().unwrap();
    for text in [
        "",
        "hello\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let file = dir.path().join("ca.pem");
        fs::write(&file, text).unwrap();
        let args = ["--cacert", file.to_str().unwrap(), "--origin", APP];
        let done = probe_with(&args, "https://127.0.0.1:1/").has_status(2);
        done.complains(&[&format!("the certificates in `{}`: ", file.display())]);
    }
}

#[test]
fn https_to_a_server_that_speaks_http() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            // What is not read yet would have the connection reset.
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let url = format!("https://127.0.0.1:{port}/");
    let done = probe(&format!("--origin {APP}"), &url).has_status(2);
    done.complains(&[
        "no response from `",
        "does the server use plain http on this port?",
    ]);
}
