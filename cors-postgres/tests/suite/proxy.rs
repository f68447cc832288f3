//! What is between a follower and its database: it can hold back what the server sends, and change what the client sends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

/// Ends with the test's runtime.
pub(crate) struct Proxy {
    port: u16,
    limit: watch::Sender<Limit>,
    is_holding: watch::Receiver<bool>,
    /// How many connections there were.
    accepted: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
struct Limit {
    /// How many bytes the server may send on a connection.
    bytes: usize,
    /// The number of the first connection for which this counts.
    from: usize,
}

impl Limit {
    const NONE: Self = Self {
        bytes: usize::MAX,
        from: 0,
    };

    fn allows(self, connection: usize, bytes: usize) -> bool {
        connection < self.from || bytes <= self.bytes
    }
}

impl Proxy {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        Self::start_with(socket, |_| {}).await
    }

    /// `change` changes what the client sends, in place.
    pub(crate) async fn start_with(socket: PathBuf, change: fn(&mut [u8])) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (limit, _) = watch::channel(Limit::NONE);
        let (holding, is_holding) = watch::channel(false);
        let limits = limit.clone();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::Relaxed);
                // As if the proxy was not there.
                let Ok(server) = UnixStream::connect(&socket).await else {
                    continue;
                };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                        change(&mut buffer[..read]);
                        if to_server.write_all(&buffer[..read]).await.is_err() {
                            return;
                        }
                    }
                });
                let (mut limits, holding) = (limits.subscribe(), holding.clone());
                tokio::spawn(async move {
                    let (mut buffer, mut sent) = ([0; 4096], 0);
                    while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                        let allows = |limit: &Limit| limit.allows(number, sent + read);
                        if !allows(&limits.borrow()) {
                            holding.send_replace(true);
                            if limits.wait_for(allows).await.is_err() {
                                return;
                            }
                            holding.send_replace(false);
                        }
                        if to_client.write_all(&buffer[..read]).await.is_err() {
                            return;
                        }
                        sent += read;
                    }
                });
            }
        });
        Self {
            port,
            limit,
            is_holding,
            accepted,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Holds back what the server sends, on every connection.
    pub(crate) fn hold(&self) {
        self.limit.send_replace(Limit { bytes: 0, from: 0 });
    }

    /// Holds back what the server sends after so many bytes of each new connection.
    pub(crate) fn hold_new_after(&self, bytes: usize) {
        let from = self.accepted.load(Ordering::Relaxed);
        self.limit.send_replace(Limit { bytes, from });
    }

    /// Waits until something is held back.
    pub(crate) async fn is_holding(&self) {
        self.is_holding
            .clone()
            .wait_for(|holding| *holding)
            .await
            .unwrap();
    }

    pub(crate) fn release(&self) {
        self.limit.send_replace(Limit::NONE);
    }
}
