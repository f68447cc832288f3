//! The page of `cargo xtask demo`: a browser's real requests to the four frameworks under one policy, beside what
//! the model of the browser says of them.

mod api;
mod application;
mod demo;
mod files;
mod finding;
mod guard;
mod options;
mod predict;
mod scenario;
mod serve;
mod servers;
mod site;

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use cors_core::Policy;
use cors_explain::Source;
use cors_matrix::server::{FixtureBinary, Framework};
use tokio::task::JoinSet;

use crate::demo::Demo;
use crate::options::Options;
use crate::servers::Fixtures;
use crate::site::{Bound, Kind};

/// Why the program ends, and with which status.
struct Error(u8, String);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error(status, message)) => {
            eprintln!("{message}");
            ExitCode::from(status)
        }
    }
}

fn run() -> Result<(), Error> {
    let used_wrongly = |message| Error(2, message);
    let failed = |message| Error(1, message);
    let Some(options) = Options::parse(std::env::args_os().skip(1)).map_err(used_wrongly)? else {
        print!("{}", options::HELP);
        return Ok(());
    };
    // It says its mistakes better than a text without a name can.
    Policy::from_file(&options.policy).map_err(|error| used_wrongly(error.to_string()))?;
    let text =
        cors_core::read_policy(&options.policy).map_err(|error| used_wrongly(error.to_string()))?;
    // Where the page has it, lines end in one way only.
    let text = text.replace("\r\n", "\n");
    // Its folders say nothing in the page.
    let name = options.policy.file_name().unwrap_or_default();
    let source = Source::new(name.to_string_lossy(), text);

    // Before the build: nobody should wait for it to hear of a port that is in use.
    let allowed = bind(Kind::Allowed, options.port).map_err(failed)?;
    let refused = bind(Kind::Refused, options.refused_port).map_err(failed)?;

    eprintln!(
        "starting the fixture servers (the first time they are built, which takes some minutes)"
    );
    let fixtures = FixtureBinary::build(&Framework::ALL, |_| {}).map_err(failed)?;
    let fixtures = Fixtures::start(&fixtures, &source.text).map_err(failed)?;
    let urls = fixtures.urls();
    let origins = [&allowed, &refused].map(|bound| bound.site.origin().to_owned());
    let demo = Demo::new(origins, urls, source, Box::new(fixtures)).map_err(failed)?;
    if options.until_stdin_ends {
        end_with_stdin();
    }
    serve(Arc::new(demo), [allowed, refused], options.open)
        .map_err(|error| failed(format!("cannot serve the page: {error}")))
}

/// Binds the port that was asked for, or the usual one, or where that is in use another.
fn bind(kind: Kind, port: Option<u16>) -> Result<Bound, String> {
    let usual = match kind {
        Kind::Allowed => options::PORT,
        Kind::Refused => options::REFUSED_PORT,
    };
    let wanted = port.unwrap_or(usual);
    Bound::bind(kind, wanted, port.is_none())
        .map_err(|error| format!("cannot listen on port {wanted}: {error}"))
}

fn serve(demo: Arc<Demo>, sites: [Bound; 2], open: bool) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for bound in sites {
            let site = Arc::new(bound.site);
            for listener in bound.listeners {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let (site, demo) = (Arc::clone(&site), Arc::clone(&demo));
                tasks.spawn(serve::serve(listener, site, demo));
            }
        }
        announce(&demo, open)?;
        match tasks.join_next().await {
            Some(Ok(never)) => match never {},
            Some(Err(error)) => Err(error.into()),
            None => Ok(()),
        }
    })
}

/// Says where the page is, on a line for people and for whoever started the program.
fn announce(demo: &Demo, open: bool) -> io::Result<()> {
    let [allowed, refused] = &demo.origins;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "The page is at {allowed} (allowed) and {refused} (refused)"
    )?;
    // Into a pipe the line would wait for more.
    out.flush()?;
    if open && let Err(error) = open::that_detached(allowed) {
        eprintln!("cannot open a browser ({error}); open {allowed} yourself");
    }
    Ok(())
}

/// Ends this process, and with it the servers, when whoever started it is gone.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut buffer = [0; 64];
        while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
        std::process::exit(0);
    });
}
