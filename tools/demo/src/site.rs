//! The two origins of the page.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// The same page at an origin.
#[derive(Debug)]
pub(crate) struct Site {
    origin: String,
    pub(crate) kind: Kind,
}

/// Which of the two origins it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The origin that matches a pattern in `tools/demo/cors.toml`.
    Allowed,
    /// The other origin. The pattern matches every port of `localhost`, so this origin has another host.
    Refused,
}

impl Site {
    pub(crate) fn new(kind: Kind, port: u16) -> Self {
        let host = match kind {
            Kind::Allowed => "localhost",
            Kind::Refused => "127.0.0.1",
        };
        // Browsers omit the default port.
        let origin = match port {
            80 => format!("http://{host}"),
            _ => format!("http://{host}:{port}"),
        };
        Self { origin, kind }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The `Host` of requests to it.
    pub(crate) fn host(&self) -> &str {
        let host = self.origin.strip_prefix("http://");
        host.unwrap_or(&self.origin)
    }
}

/// A site, and its listening sockets.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) site: Site,
    pub(crate) listeners: Vec<TcpListener>,
}

/// How often another free port is tried.
const TRIES: usize = 16;

impl Bound {
    /// Binds the port. If it is in use and `or_any` is true, binds a port that the system chooses.
    pub(crate) fn bind(kind: Kind, port: u16, or_any: bool) -> io::Result<Self> {
        let bound = Self::bind_to(kind, port);
        match bound {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && or_any => {
                Self::bind_to(kind, 0)
            }
            bound => bound,
        }
    }

    fn bind_to(kind: Kind, port: u16) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let listener = listen(Ipv4Addr::LOCALHOST.into(), port)?;
            let port_bound = listener.local_addr()?.port();
            let site = Site::new(kind, port_bound);
            let mut listeners = vec![listener];
            if kind == Kind::Refused {
                return Ok(Self { site, listeners });
            }
            // Browsers try this address first, so another program there would be taken for the page.
            match listen(Ipv6Addr::LOCALHOST.into(), port_bound) {
                Ok(listener) => listeners.push(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tries += 1;
                    match port == 0 && tries < TRIES {
                        true => continue,
                        false => return Err(error),
                    }
                }
                // This machine has no IPv6.
                Err(_) => {}
            }
            return Ok(Self { site, listeners });
        }
    }
}

fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::new(address, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        #[track_caller]
        fn check(kind: Kind, port: u16, origin: &str, host: &str) {
            let site = Site::new(kind, port);
            assert_eq!((site.origin(), site.host()), (origin, host));
        }
        check(
            Kind::Allowed,
            8090,
            "http://localhost:8090",
            "localhost:8090",
        );
        check(
            Kind::Refused,
            8091,
            "http://127.0.0.1:8091",
            "127.0.0.1:8091",
        );
        check(Kind::Refused, 80, "http://127.0.0.1", "127.0.0.1");
    }

    #[test]
    fn ports() {
        let first = Bound::bind(Kind::Refused, 0, false).unwrap();
        let port = first.listeners[0].local_addr().unwrap().port();
        assert_eq!(first.site.origin(), format!("http://127.0.0.1:{port}"));
        let error = Bound::bind(Kind::Allowed, port, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let other = Bound::bind(Kind::Allowed, port, true).unwrap();
        let ports = other
            .listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port());
        assert!(ports.clone().all(|other| other != port));
        // One port, whatever the family of addresses.
        assert!(ports.clone().zip(ports.skip(1)).all(|(a, b)| a == b));
    }
}
