//! TCP in front of a Unix socket.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

use crate::Error;
use crate::http::Listener;

/// Forwards the bytes of a port on loopback to a Unix socket and back, because browsers connect only to ports.
#[derive(Debug)]
pub struct Forwarder(Listener);

impl Forwarder {
    /// Forwards to a socket. Dropping it ends no open connection.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    /// use std::net::{Shutdown, TcpStream};
    /// use std::os::unix::net::UnixListener;
    ///
    /// use cors_real_browsers::Forwarder;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let socket = folder.path().join("socket");
    /// let server = UnixListener::bind(&socket)?;
    /// let forwarder = Forwarder::start(socket)?;
    ///
    /// let mut client = TcpStream::connect(("127.0.0.1", forwarder.port()))?;
    /// client.write_all(b"to the socket")?;
    /// client.shutdown(Shutdown::Write)?;
    /// let (mut accepted, _) = server.accept()?;
    /// let mut received = String::new();
    /// accepted.read_to_string(&mut received)?;
    /// assert_eq!(received, "to the socket");
    ///
    /// accepted.write_all(b"and back")?;
    /// drop(accepted);
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert_eq!(answer, "and back");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it cannot listen. If the socket does not accept a connection, the client's connection is closed.
    pub fn start(socket: PathBuf) -> Result<Self, Error> {
        let listener = Listener::start(move |client| connection(&client, &socket));
        listener.map(Self).map_err(Error::io("start a forwarder"))
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.0.port()
    }
}

fn connection(client: &TcpStream, socket: &Path) -> io::Result<()> {
    let server = &UnixStream::connect(socket)?;
    thread::scope(|scope| {
        scope.spawn(move || {
            let copied = io::copy(&mut &*server, &mut &*client);
            client.shutdown(Shutdown::Write).and(copied)
        });
        let copied = io::copy(&mut &*client, &mut &*server);
        server.shutdown(Shutdown::Write).and(copied)
    })?;
    Ok(())
}
