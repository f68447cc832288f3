//! A certificate that is created when it is first needed, and TLS between two sockets.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};

use crate::Error;

/// The server side of a TLS connection, shared by the thread that reads and the one that writes.
#[derive(Clone)]
pub(crate) struct Session {
    tls: Arc<Mutex<ServerConnection>>,
    stream: Arc<TcpStream>,
}

impl Session {
    pub(crate) fn new(stream: Arc<TcpStream>, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let tls = Arc::new(Mutex::new(tls));
        Ok(Self { tls, stream })
    }

    /// Reads what the client sent next; empty when it closed the connection.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 16 * 1024];
        loop {
            // Not under the lock, so that the other direction can continue.
            let count = (&*self.stream).read(&mut buffer)?;
            let mut tls = self.lock();
            let mut received = buffer.get(..count).unwrap_or_default();
            let mut plain = Vec::new();
            let mut state = tls.process_new_packets().map_err(io::Error::other)?;
            while !received.is_empty() {
                tls.read_tls(&mut received)?;
                state = tls.process_new_packets().map_err(io::Error::other)?;
                let mut part = vec![0; state.plaintext_bytes_to_read()];
                tls.reader().read_exact(&mut part)?;
                plain.extend(part);
            }
            self.flush(&mut tls)?;
            if count == 0 || !plain.is_empty() || state.peer_has_closed() {
                return Ok(plain);
            }
        }
    }

    pub(crate) fn write(&self, plain: &[u8]) -> io::Result<()> {
        let mut tls = self.lock();
        // rustls buffers only so much before it wants to send.
        for part in plain.chunks(16 * 1024) {
            tls.writer().write_all(part)?;
            self.flush(&mut tls)?;
        }
        Ok(())
    }

    /// Closes the sending side.
    pub(crate) fn close(&self) -> io::Result<()> {
        let mut tls = self.lock();
        tls.send_close_notify();
        self.flush(&mut tls)?;
        self.stream.shutdown(Shutdown::Write)
    }

    /// Sends under the lock, so that records keep their order.
    fn flush(&self, tls: &mut ServerConnection) -> io::Result<()> {
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes)?;
        }
        (&*self.stream).write_all(&bytes)
    }

    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The configuration with our certificate, the same in the whole process.
pub(crate) fn config() -> Result<Arc<ServerConfig>, Error> {
    static CONFIG: OnceLock<Result<Arc<ServerConfig>, String>> = OnceLock::new();
    let made = CONFIG.get_or_init(|| make().map_err(|error| error.to_string()));
    made.clone()
        .map_err(|error| Error::new(format!("cannot make a certificate: {error}")))
}

fn make() -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
    // The browsers are configured to accept it for every name.
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    // Only this protocol: the upstream server does not speak h2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
