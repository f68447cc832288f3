//! Origins that customers register: two replicas, one with axum and one with actix-web, in front of one Postgres. The
//! README says more.

mod actix;
mod axum;
mod story;
mod tenants;

use std::env;
use std::error::Error;
use std::io;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
cors-tenants axum     one replica, with axum
cors-tenants actix    one replica, with actix-web
cors-tenants story    all of it, on a private Postgres

A replica needs DATABASE_URL and ADMIN_TOKEN in its environment. It listens on LISTEN, or else on 127.0.0.1:8080.
`story --log` also prints what the replicas log.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    // What `cors-postgres` reports: lost connections, wrong rows.
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match *arguments {
        ["axum"] => Runtime::new()?.block_on(self::axum::serve(&listen)),
        ["actix"] => actix_web::rt::System::new().block_on(actix::serve(&listen)),
        ["story"] => local()?.block_on(story::run(false)),
        ["story", "--log"] => local()?.block_on(story::run(true)),
        _ => Err(USAGE.into()),
    }
}

/// A runtime that stays on this thread.
fn local() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Waits until the process is told to stop: by Ctrl-C, or by SIGTERM, as containers are.
async fn stopped() {
    let [interrupt, terminate] =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    let (Some(mut interrupt), Some(mut terminate)) = (interrupt, terminate) else {
        // Without these, the process ends at once.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
