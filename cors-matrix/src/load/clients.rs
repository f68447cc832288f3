//! Clients: those that send requests as fast as they can, those that send a byte now and then, and those that only connect.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::Load;
use super::asked::{Asked, Moment};
use super::process::Process;
use crate::message::Connection;
use crate::versions;

/// How many slow clients there are, and how long each waits after a byte.
const SLOW: u64 = 20;
const PAUSE: Duration = Duration::from_millis(10);
/// actix-web closes a connection that sends no complete request for 5 seconds. Then the request is not lost: the client was
/// too slow, which happens on a busy machine.
const TOO_SLOW: Duration = Duration::from_secs(4);
/// What an idle connection sends, if it is one of those that have begun.
const HALF: &[u8] = b"GET /echo HTTP/1.1\r\nHost: 127";

/// How many file descriptors a server has without those of connections. A worker of a server can start after the server
/// listens, and opens some. So this counts while some connections are open that have got a response, and subtracts them.
pub(super) fn descriptors_without_clients(load: &Load, process: &Process) -> Result<usize, String> {
    const CONNECTIONS: u64 = 32;
    let connections = (0..CONNECTIONS).map(|_| accepted(load));
    let connections = connections.collect::<Result<Vec<_>, String>>()?;
    // A thread that reads a file for a moment has another one.
    let counts = (0..CONNECTIONS).map(|_| process.descriptors());
    let counts = counts.collect::<Result<Vec<_>, _>>()?;
    let least = counts.into_iter().min().unwrap_or_default();
    Ok(least.saturating_sub(connections.len()))
}

/// A connection that has got a response. So the server has accepted it, and those before it.
fn accepted(load: &Load) -> Result<Connection<TcpStream>, String> {
    let mut connection = Connection::new(load.connect()?);
    let response = connection.exchange(&versions::get("/echo"));
    response.map_err(|error| format!("before the load: {error}"))?;
    Ok(connection)
}

/// Sends requests of all kinds on one connection, and checks the responses.
pub(super) fn fast(load: &Load, index: u64) -> Result<(), String> {
    let mut connection = Connection::new(load.connect()?);
    let mut last = Instant::now();
    // The numbers of two clients differ.
    let mut number = index << 32;
    while !load.is_done() {
        let oldest = load.oldest();
        let asked = Asked::new(number, load.written.load(Ordering::SeqCst));
        match connection.exchange(&asked.request) {
            Ok(response) => {
                load.check(&asked, &response, oldest)?;
                load.requests.fetch_add(1, Ordering::SeqCst);
                number += 1;
            }
            Err(_) if last.elapsed() > TOO_SLOW => connection = Connection::new(load.connect()?),
            Err(error) => return Err(format!("a response is lost: {error}")),
        }
        last = Instant::now();
    }
    Ok(())
}

/// Sends a byte of each of several requests, then waits.
pub(super) fn slow(load: &Load) -> Result<(), String> {
    let clients = (0..SLOW).map(|number| {
        Ok(SlowClient {
            connection: Connection::new(load.connect()?),
            number,
            request: SlowRequest::new(load, number),
        })
    });
    let mut clients = clients.collect::<Result<Vec<_>, String>>()?;
    while !load.is_done() {
        for client in &mut clients {
            client.go_on(load)?;
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

struct SlowClient {
    connection: Connection<TcpStream>,
    number: u64,
    request: SlowRequest,
}

struct SlowRequest {
    asked: Asked,
    /// The bytes that are not sent yet, the last one first.
    bytes: Vec<u8>,
    start: Instant,
    /// A server reads the policy when the head has arrived, before the rest of the body.
    oldest: Moment,
}

impl SlowRequest {
    fn new(load: &Load, number: u64) -> Self {
        let oldest = load.oldest();
        let asked = Asked::new(number, load.written.load(Ordering::SeqCst));
        let mut bytes = asked.request.to_bytes(b"keep-alive");
        bytes.reverse();
        Self {
            asked,
            bytes,
            start: Instant::now(),
            oldest,
        }
    }
}

impl SlowClient {
    /// Sends a byte, and after the last one reads the response.
    fn go_on(&mut self, load: &Load) -> Result<(), String> {
        let byte = self.request.bytes.pop();
        let sent = self.connection.send_bytes(byte.as_slice());
        if sent.is_ok() && !self.request.bytes.is_empty() {
            return Ok(());
        }
        let response = sent.and_then(|()| self.connection.receive(&self.request.asked.request));
        let SlowRequest {
            asked,
            start,
            oldest,
            ..
        } = &self.request;
        let is_too_slow = start.elapsed() > TOO_SLOW;
        match response {
            Ok(response) if response.status != 408 || !is_too_slow => {
                load.check(asked, &response, *oldest)?;
            }
            Err(error) if !is_too_slow => {
                return Err(format!("a response to a slow client is lost: {error}"));
            }
            _ => self.connection = Connection::new(load.connect()?),
        }
        load.slow.fetch_add(1, Ordering::SeqCst);
        self.number += 1;
        self.request = SlowRequest::new(load, self.number);
        Ok(())
    }
}

/// Connections that have sent nothing, or half of a head.
pub(super) struct IdleConnections {
    streams: Vec<TcpStream>,
    /// How many the server has closed.
    pub(super) reopened: u64,
}

impl IdleConnections {
    pub(super) fn new(load: &Load, count: usize) -> Result<Self, String> {
        // Fewer than a server has room for before it accepts them. Others would wait for a second.
        const AT_ONCE: usize = 64;
        let streams = (0..count).map(|index| {
            if index % AT_ONCE == 0 {
                accepted(load)?;
            }
            idle(load, index)
        });
        Ok(Self {
            streams: streams.collect::<Result<_, String>>()?,
            reopened: 0,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Opens those again that the server has closed.
    pub(super) fn keep(&mut self, load: &Load) -> Result<(), String> {
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let is_open = match stream.read(&mut [0; 1024]) {
                Err(error) => error.kind() == ErrorKind::WouldBlock,
                // The end, or a response that says why it is closed.
                Ok(_) => false,
            };
            if !is_open {
                *stream = idle(load, index)?;
                self.reopened += 1;
            }
        }
        Ok(())
    }
}

fn idle(load: &Load, index: usize) -> Result<TcpStream, String> {
    let mut stream = load.connect()?;
    let sent = match index % 2 {
        0 => Ok(()),
        _ => stream.write_all(HALF),
    };
    let ready = sent.and_then(|()| stream.set_nonblocking(true));
    ready.map_err(|error| format!("an idle connection: {error}"))?;
    Ok(stream)
}
