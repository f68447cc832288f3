//! The SOCKS proxy through which a browser reaches our servers, by any name and port.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use crate::Error;
use crate::http::Listener;

/// See <https://www.rfc-editor.org/rfc/rfc1928>.
#[derive(Debug)]
pub(crate) struct Gate {
    listener: Listener,
    routes: Arc<Mutex<Routes>>,
}

/// Both by host and port.
#[derive(Debug, Default)]
struct Routes {
    ports: HashMap<String, u16>,
    connections: HashMap<String, Vec<Weak<TcpStream>>>,
}

impl Gate {
    pub(crate) fn start() -> Result<Self, Error> {
        let routes = Arc::new(Mutex::new(Routes::default()));
        let shared = Arc::clone(&routes);
        let listener = Listener::start(move |stream| connection(stream, &shared))
            .map_err(Error::io("start the proxy"))?;
        Ok(Self { listener, routes })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.listener.port()
    }

    /// From now on, `authority` (host and port) leads to a port of loopback. Connections to the old port end, also those
    /// that the browser has opened in advance.
    pub(crate) fn route(&self, authority: String, port: u16) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if routes.ports.get(&authority) == Some(&port) {
            return;
        }
        let connections = routes.connections.remove(&authority);
        for client in connections.iter().flatten().filter_map(Weak::upgrade) {
            // It can be closed already.
            let _ = client.shutdown(Shutdown::Both);
        }
        routes.ports.insert(authority, port);
    }
}

fn connection(client: TcpStream, routes: &Mutex<Routes>) -> io::Result<()> {
    const VERSION: u8 = 5;
    const NO_AUTHENTICATION: u8 = 0;
    const IPV4: u8 = 1;
    const NAME: u8 = 3;
    const IPV6: u8 = 4;

    // A route that changes ends it.
    let shared = Arc::new(client);
    let mut client = &*shared;
    let [_version, methods] = read(&mut client)?;
    io::copy(&mut client.take(methods.into()), &mut io::sink())?;
    client.write_all(&[VERSION, NO_AUTHENTICATION])?;

    let [_version, _connect, _reserved, kind] = read(&mut client)?;
    let (host, loopback) = match kind {
        IPV4 => {
            let address = Ipv4Addr::from(read::<4>(&mut client)?);
            (address.to_string(), address.is_loopback())
        }
        IPV6 => {
            let address = Ipv6Addr::from(read::<16>(&mut client)?);
            (format!("[{address}]"), address.is_loopback())
        }
        NAME => {
            let [length] = read(&mut client)?;
            let mut name = String::new();
            client.take(length.into()).read_to_string(&mut name)?;
            match name.parse() {
                // Chromium sends addresses as names.
                Ok(IpAddr::V4(address)) => (name, address.is_loopback()),
                Ok(IpAddr::V6(address)) => (format!("[{name}]"), address.is_loopback()),
                Err(_) => {
                    let loopback = name == "localhost" || name.ends_with(".localhost");
                    (name, loopback)
                }
            }
        }
        _ => return Ok(()),
    };
    let port = u16::from_be_bytes(read(&mut client)?);

    let route = {
        let authority = format!("{host}:{port}");
        let mut routes = routes.lock().unwrap_or_else(PoisonError::into_inner);
        let port = routes.ports.get(&authority).copied();
        let connections = routes.connections.entry(authority).or_default();
        connections.retain(|client| client.strong_count() > 0);
        connections.push(Arc::downgrade(&shared));
        port
    };
    let server = match route.or_else(|| loopback.then_some(port)) {
        Some(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, port)),
        // A test must not reach other machines.
        None => Err(io::ErrorKind::NetworkUnreachable.into()),
    };
    let code = if server.is_ok() { 0 } else { 5 };
    client.write_all(&[VERSION, code, 0, IPV4, 127, 0, 0, 1, 0, 0])?;
    let server = server?;
    server.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| copy(&server, client));
        copy(client, &server)
    })
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    to.shutdown(Shutdown::Write)?;
    copied.map(|_| ())
}

fn read<const N: usize>(stream: &mut &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
