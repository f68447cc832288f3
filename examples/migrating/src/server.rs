//! What the servers have in common.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Why a server ends.
pub type ServerError = Box<dyn Error + Send + Sync>;

/// Runs a server on a thread of its own, until this process ends. Returns its port.
///
/// # Errors
///
/// When the server does not start.
pub fn start(
    serve: impl FnOnce(Sender<u16>) -> Result<(), ServerError> + Send + 'static,
) -> Result<u16, ServerError> {
    let (started, port) = mpsc::channel();
    let server = thread::spawn(move || serve(started));
    port.recv().map_err(|error| match server.join() {
        Ok(Err(why)) => why,
        _ => error.into(),
    })
}

/// Listens on a port that the system chooses, and announces it.
///
/// # Errors
///
/// When the system has no port.
pub fn listen(started: &Sender<u16>) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    // The connections that arrive before the server accepts them wait.
    let _ = started.send(listener.local_addr()?.port());
    Ok(listener)
}

/// A runtime for the frameworks that bring none.
///
/// # Errors
///
/// When the system has no resources for it.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
