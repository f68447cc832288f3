//! What the four fixture servers have in common: their command line, and the policies that they get while they run.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use cors_core::{LivePolicy, LoadOptions, OriginSet};
use serde_json::json;

/// The arguments of a fixture server.
#[derive(Clone, Debug)]
pub struct FixtureArgs {
    /// The policy to apply; `None` with `--bare`, where the server runs without the middleware.
    pub policy: Option<LivePolicy>,
    /// The port to bind on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// With `--cacheable`: whether to serve `/documents/{name}`, the
    /// [documents](crate::document::Document), and to compress inside of the middleware.
    pub cacheable: bool,
    /// With `--tls`: the server listens with TLS.
    pub tls: Option<Tls>,
}

/// A server's certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The file with the certificate.
    pub certificate: PathBuf,
    /// The file with the key.
    pub key: PathBuf,
}

impl Tls {
    /// The files `cert.pem` and `key.pem` of a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        }
    }

    /// The configuration of a server that offers HTTP/2 and HTTP/1.1 by
    /// [ALPN](https://www.rfc-editor.org/rfc/rfc7301).
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or is not a certificate and its key.
    #[cfg(feature = "tls")]
    pub fn server_config(&self) -> io::Result<rustls::ServerConfig> {
        use rustls::pki_types::pem::PemObject as _;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};

        let certificate = CertificateDer::from_pem_file(&self.certificate);
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(io::Error::other)?;
        let provider = rustls::crypto::ring::default_provider();
        let mut config = rustls::ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.map_err(io::Error::other)?], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

const USAGE: &str = "usage: fixture (--policy FILE | --bare) [--port N] [--origins NAME=FILE]... [--cacheable] \
                     [--tls FOLDER]";

impl FixtureArgs {
    /// Reads `--policy FILE`, `--port N`, `--origins NAME=FILE`, `--bare`, `--cacheable` and `--tls FOLDER` from the command
    /// line; the folder has the files `cert.pem` and `key.pem`. With other arguments, with a policy that has errors, or a file
    /// of origins that cannot be read, prints what is wrong and ends the process with status 2. The process prints events of
    /// level warn and error to standard error.
    ///
    /// If the port is in use, ends the process with status 1. (The frameworks notice that, too, but not all of them
    /// print a readable message.)
    pub fn from_args() -> Self {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_writer(io::stderr)
            .init();
        let fixture = match Self::parse(std::env::args_os().skip(1)) {
            Ok(fixture) => fixture,
            Err(message) => end(&message, 2),
        };
        match TcpListener::bind((Ipv4Addr::LOCALHOST, fixture.port)) {
            Ok(_) => fixture,
            Err(error) => {
                let port = fixture.port;
                end(&format!("cannot listen on 127.0.0.1:{port}: {error}"), 1)
            }
        }
    }

    fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut parser = lexopt::Parser::from_args(args);
        let usage = |error: lexopt::Error| format!("{error}\n{USAGE}");
        let (mut policy, mut port, mut bare, mut cacheable, mut tls, mut until_stdin_ends) =
            (None, 0, false, false, None, false);
        let mut options = LoadOptions::default();
        while let Some(arg) = parser.next().map_err(usage)? {
            use lexopt::prelude::*;
            match arg {
                Long("policy") => policy = Some(PathBuf::from(parser.value().map_err(usage)?)),
                Long("port") => {
                    let value = parser.value().map_err(usage)?;
                    port = value.parse().map_err(usage)?;
                }
                Long("origins") => {
                    let value = parser.value().map_err(usage)?.string().map_err(usage)?;
                    options = with_origins(options, &value)?;
                }
                Long("bare") => bare = true,
                Long("cacheable") => cacheable = true,
                Long("tls") => {
                    let folder = PathBuf::from(parser.value().map_err(usage)?);
                    tls = Some(Tls::in_folder(&folder));
                }
                Long("until-stdin-ends") => until_stdin_ends = true,
                other => return Err(usage(other.unexpected())),
            }
        }
        let policy = match policy {
            // The same server without the middleware: the policy is not read.
            _ if bare => None,
            Some(path) => {
                let policy = options.from_file(path).map_err(|error| error.to_string())?;
                Some(LivePolicy::new(policy))
            }
            None => return Err(format!("no policy was given\n{USAGE}")),
        };
        if cacheable && tls.is_some() {
            return Err(format!(
                "`--cacheable` is for servers without `--tls`\n{USAGE}"
            ));
        }
        // Only after all arguments are checked: an error ends the process with a message.
        if until_stdin_ends {
            listen_to_stdin(policy.clone(), options);
        }
        Ok(Self {
            policy,
            port,
            cacheable,
            tls,
        })
    }
}

/// Prints that the server is ready: the line that the parent process waits for.
pub fn announce(scheme: &str, port: u16) {
    println!("listening on {scheme}://127.0.0.1:{port}");
    // In a pipe, the line would stay in the buffer.
    let _ = io::stdout().flush();
}

fn end(message: &str, status: i32) -> ! {
    eprintln!("{message}");
    std::process::exit(status)
}

/// Each line is the path of a policy that replaces the current one. The response is a line of JSON with a `version` or
/// an `error`. At the end of the input, the parent process is gone, and this process exits.
fn listen_to_stdin(policy: Option<LivePolicy>, options: LoadOptions) {
    std::thread::spawn(move || {
        for path in io::stdin().lines().map_while(Result::ok) {
            let answer = match replace(policy.as_ref(), &path, &options) {
                Ok(version) => json!({ "version": version }),
                Err(error) => json!({ "error": error }),
            };
            println!("{answer}");
            let _ = io::stdout().flush();
        }
        std::process::exit(0);
    });
}

/// Adds the set that `NAME=FILE` names.
fn with_origins(options: LoadOptions, argument: &str) -> Result<LoadOptions, String> {
    let Some((name, file)) = argument.split_once('=') else {
        return Err(format!("`--origins {argument}` is not NAME=FILE\n{USAGE}"));
    };
    let set = OriginSet::watch(file).map_err(|error| error.to_string())?;
    Ok(options.origin_set(name, &set))
}

fn replace(policy: Option<&LivePolicy>, path: &str, options: &LoadOptions) -> Result<u64, String> {
    let live = policy.ok_or("the server is bare: it has no policy")?;
    let policy = options.from_file(path).map_err(|error| error.to_string())?;
    Ok(live.replace(policy))
}
