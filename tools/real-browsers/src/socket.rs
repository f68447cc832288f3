//! JSON messages over a WebSocket: commands with ids, answers with the same ids, and events between.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::{Message, WebSocket};

use crate::Error;

/// A connection with the message format of all three debugging protocols.
pub(crate) struct Socket {
    socket: WebSocket<TcpStream>,
    last_id: u64,
    events: VecDeque<Value>,
}

impl Socket {
    /// Connects to a port of loopback.
    pub(crate) fn connect(port: u16, path: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let stream = stream.map_err(Error::io("connect to the browser"))?;
        let timeout = Some(Duration::from_secs(10));
        stream
            .set_read_timeout(timeout)
            .and_then(|()| stream.set_nodelay(true))
            .map_err(Error::io("set up the connection to the browser"))?;
        let url = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tungstenite::client(url, stream)
            .map_err(|error| Error::new(format!("cannot open a WebSocket: {error}")))?;
        Ok(Self {
            socket,
            last_id: 0,
            events: VecDeque::new(),
        })
    }

    /// The id for the next message. A protocol within a protocol needs two.
    pub(crate) const fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn send(&mut self, message: &Value) -> Result<(), Error> {
        let text = message.to_string();
        self.socket
            .send(Message::text(text))
            .map_err(|error| Error::new(format!("cannot send to the browser: {error}")))
    }

    /// The next message; nothing when the deadline passes before there is one.
    pub(crate) fn receive(&mut self, deadline: Instant) -> Result<Option<Value>, Error> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.read(left) {
                Ok(Message::Text(text)) => {
                    let value = serde_json::from_str(&text);
                    return value.map(Some).map_err(|error| {
                        Error::new(format!("the browser sent invalid JSON ({error}): `{text}`"))
                    });
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    if Instant::now() >= deadline {
                        return Ok(None);
                    }
                }
                Err(error) => {
                    return Err(Error::new(format!(
                        "lost the connection to the browser: {error}"
                    )));
                }
            }
        }
    }

    fn read(&mut self, timeout: Duration) -> tungstenite::Result<Message> {
        let stream = self.socket.get_ref();
        // Even for the shortest timeout, the kernel waits for several of its ticks.
        if timeout.is_zero() {
            stream.set_nonblocking(true)?;
        } else {
            stream.set_read_timeout(Some(timeout))?;
        }
        let message = self.socket.read();
        self.socket.get_ref().set_nonblocking(false)?;
        message
    }

    /// Receives until `pick` accepts a message. The others stay as events.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        deadline: Instant,
        mut pick: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T, Error> {
        while let Some(message) = self.receive(deadline)? {
            if let Some(picked) = pick(&message) {
                return Ok(picked);
            }
            self.events.push_back(message);
        }
        Err(Error::new(format!(
            "the browser took too long to respond to {what}"
        )))
    }

    /// The next event: an earlier one, or one that comes before the deadline.
    pub(crate) fn event(&mut self, deadline: Instant) -> Result<Option<Value>, Error> {
        match self.events.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.receive(deadline),
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

/// A string inside a message; empty if there is none.
pub(crate) fn text(message: &Value, pointer: &str) -> String {
    let value = message.pointer(pointer).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}
