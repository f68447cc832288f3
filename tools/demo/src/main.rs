//! The page of `cargo xtask demo`: a browser's real requests to the four frameworks with one policy, compared with the
//! predictions of the model of the browser.

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

use cors_core::{LoadOptions, OriginSet, Variables};
use cors_explain::Source;
use cors_matrix::server::{FixtureBinary, Framework, ORIGIN_SET};
use tokio::task::JoinSet;

use crate::demo::Demo;
use crate::options::Options;
use crate::servers::Fixtures;
use crate::site::{Bound, Kind};

/// Why the program stops, and its exit status.
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
    // Its errors contain the name of the file.
    let load = LoadOptions::default()
        .variables(Variables::none())
        .origin_set(ORIGIN_SET, &OriginSet::new());
    (load.from_file(&options.policy)).map_err(|error| used_wrongly(error.to_string()))?;
    let text =
        cors_core::read_policy(&options.policy).map_err(|error| used_wrongly(error.to_string()))?;
    // In the page, lines end with LF only.
    let text = text.replace("\r\n", "\n");
    // The page shows only the name of the file.
    let name = options.policy.file_name().unwrap_or_default();
    let source = Source::new(name.to_string_lossy(), text).variables(Variables::none());

    // Bind before the build, so that a port in use is reported at once.
    let allowed = bind(Kind::Allowed, options.port).map_err(failed)?;
    let refused = bind(Kind::Refused, options.refused_port).map_err(failed)?;

    let fixtures = match &options.servers {
        Some(folder) => {
            let all = Framework::ALL.into_iter();
            all.map(|framework| FixtureBinary::in_folder(framework, folder))
                .collect()
        }
        None => {
            eprintln!(
                "starting the fixture servers (the first time they are built, which takes some minutes)"
            );
            FixtureBinary::build(&Framework::ALL, |_| {})
        }
    };
    let fixtures = fixtures.map_err(failed)?;
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

/// Binds the requested port. Without one, binds the usual port, or another if that is in use.
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

/// Prints where the page is: a line for the user and for the process that started the program.
fn announce(demo: &Demo, open: bool) -> io::Result<()> {
    let [allowed, refused] = &demo.origins;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "The page is at {allowed} (allowed) and {refused} (refused)"
    )?;
    // In a pipe, the line would stay in the buffer.
    out.flush()?;
    if open && let Err(error) = open::that_detached(allowed) {
        eprintln!("cannot open a browser ({error}); open {allowed} yourself");
    }
    Ok(())
}

/// Exits when standard input is closed, so this process and its servers cannot outlive the one that started it.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut buffer = [0; 64];
        while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
        std::process::exit(0);
    });
}
