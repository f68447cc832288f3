//! A handful of fetches from a bare fixture server behind real gateways, which apply what `cors export` has written.

use std::path::Path;

use cors_browser_model::{Credentials, Origin, Request, Url};
use cors_matrix::column::Column;
use cors_matrix::gateway::{Gateways, InFront, RunningGateway};
use cors_matrix::run::Subject as _;
use cors_matrix::server::{self, FixtureBinary, FixtureServer};
use cors_real_browsers::{Browser, Forwarder, Front, Observed, Outcome};

use crate::compare::{Tally, compare};
use crate::exchanges::Exchanges;
use crate::shared::script;

/// A grant with credentials, and a part that every page may read without them.
const POLICY: &str = r#"
allow_origins     = ["https://app.example.com", "https://*.example.org"]
allow_methods     = ["PUT", "DELETE"]
allow_headers     = ["content-type", "authorization"]
expose_headers    = ["x-request-id"]
allow_credentials = true
max_age           = 600

[[route]]
path           = "/public"
allow_origins  = ["*"]
expose_headers = ["*"]
"#;

/// Fetches: the origin of the page, whether credentials are included, the method and the path, a header line if the
/// script sets one, and what the page gets.
///
/// That is the status, with `id` if the page can also read `x-request-id`, or `blocked`. After `or`, what it gets behind
/// other gateways.
#[rustfmt::skip] // One row, one line.
const FETCHES: [[&str; 5]; 21] = [
    // The server closes the connection, and the gateway responds itself. This is the first request on a connection: on a later
    // one HAProxy closes the connection, too, so that the browser sends the request again.
    ["https://b.example.org", "include", "GET /panic", "", "502 or 503"],
    // Requests without preflights, and with them.
    ["https://app.example.com", "include", "GET /echo", "", "200 id"],
    ["https://app.example.com", "same-origin", "POST /echo", "", "200 id"],
    ["https://app.example.com", "include", "PUT /echo", "Content-Type: application/json", "200 id"],
    ["https://app.example.com", "include", "PATCH /echo", "", "blocked"],
    ["https://app.example.com", "include", "GET /echo", "X-Other: 1", "blocked"],
    // Errors of the application.
    ["https://app.example.com", "include", "DELETE /private", "", "401"],
    ["https://app.example.com", "include", "GET /status/404", "", "404"],
    ["https://app.example.com", "include", "GET /error", "", "500"],
    // `*` does not include credentials.
    ["https://app.example.com", "include", "GET /public/echo", "", "blocked"],
    // The pattern of an origin.
    ["https://a.example.org", "include", "GET /echo", "", "200 id"],
    ["https://a.example.org", "same-origin", "GET /private", "Authorization: Bearer secret", "200 id"],
    ["https://example.org", "include", "GET /echo", "", "blocked"],
    ["http://app.example.com", "same-origin", "GET /echo", "", "blocked"],
    // Pages without a grant. The gateway removes the header of the application at `/own-cors`.
    ["https://evil.example", "same-origin", "GET /echo", "", "blocked"],
    ["https://evil.example", "include", "PUT /echo", "", "blocked"],
    ["https://evil.example", "same-origin", "GET /own-cors", "", "blocked"],
    ["https://evil.example", "same-origin", "GET /public/echo", "", "200 id"],
    ["https://evil.example", "same-origin", "PUT /public/echo", "", "blocked"],
    ["null", "same-origin", "GET /echo", "", "blocked"],
    ["null", "same-origin", "GET /public/echo", "", "200 id"],
];

/// Gateways that run in front of a bare server with [`POLICY`].
pub(crate) struct Setup {
    // Dropped in this order.
    gateways: Vec<Gateway>,
    _server: FixtureServer,
}

struct Gateway {
    column: Column,
    _running: RunningGateway,
    forwarder: Forwarder,
}

impl Setup {
    /// Starts them.
    pub(crate) fn start(gateways: &Gateways, fixture: &FixtureBinary) -> Result<Self, String> {
        let cors = server::build_cors(|_| {})?;
        let server = fixture.start(None)?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("cors.toml");
        std::fs::write(&file, POLICY).map_err(|error| error.to_string())?;
        let start = |installed| {
            let through = InFront {
                installed,
                framework: fixture.framework,
                port: server.port(),
                cors: &cors,
            };
            Gateway::start(&through, &file)
        };
        let gateways = gateways.0.iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self {
            gateways,
            _server: server,
        })
    }

    /// Lets pages in one browser fetch through each gateway.
    pub(crate) fn run(&self, browser: &mut Browser) -> Result<Vec<(Column, Tally)>, String> {
        let gateways = self.gateways.iter().enumerate();
        let tallies = gateways.map(|(number, gateway)| {
            let tally = gateway.run(browser, number)?;
            Ok((gateway.column, tally))
        });
        tallies.collect()
    }
}

impl Gateway {
    fn start(through: &InFront<'_>, policy: &Path) -> Result<Self, String> {
        let running = through
            .run(Some(policy))
            .map_err(|error| error.to_string())?;
        let forwarder = Forwarder::start(running.socket().to_owned());
        Ok(Self {
            column: through.column(),
            _running: running,
            forwarder: forwarder.map_err(|error| error.to_string())?,
        })
    }

    /// `number` is that of the gateway: it makes the URLs different from those of the others.
    fn run(&self, browser: &mut Browser, number: usize) -> Result<Tally, String> {
        let port = self.forwarder.port();
        // Browsers let an https page send requests only to https.
        let doors = [Front::plain(port), Front::tls(port)];
        let [plain, tls] = doors.map(|door| door.map_err(|error| error.to_string()));
        let (plain, tls) = (plain?, tls?);
        let engine = browser.engine();
        let mut tally = Tally::default();
        let mut fetch = 0;
        for rows in FETCHES.chunk_by(|[a, ..], [b, ..]| a == b) {
            let Some([page, ..]) = rows.first() else {
                continue;
            };
            let door = match page.starts_with("https:") {
                true => &tls,
                false => &plain,
            };
            let mut requests = Vec::new();
            for row in rows {
                // A query of its own identifies the fetch of each exchange.
                fetch += 1;
                requests.push(request(row, &door.origin(), &format!("{number}-{fetch}"))?);
            }
            browser.open(page).map_err(|error| error.to_string())?;
            let fetches: Vec<_> = requests.iter().map(script).collect();
            let observed = browser.fetch_all(&fetches);
            let observed = observed.map_err(|error| error.to_string())?;
            let recorded = door.take();
            for ((row, request), observed) in rows.iter().zip(&requests).zip(&observed) {
                let [_, credentials, sent, header, expected] = row;
                let exchanges = Exchanges::of(&request.url, &recorded);
                let compared = compare_expected(observed, expected).and_then(|()| {
                    let run = exchanges.modelled(engine, request);
                    compare(engine, &run, observed, &exchanges.requests())
                });
                let name = format!("{page} ({credentials}): {sent} {header}");
                tally.add(name.trim_end(), compared);
            }
        }
        Ok(tally)
    }
}

/// The request of one of the [`FETCHES`] to a server.
fn request(row: &[&str; 5], server: &str, query: &str) -> Result<Request, String> {
    let [page, credentials, sent, header, _] = row;
    let (method, path) = sent.split_once(' ').unwrap_or(("GET", sent));
    let url = Url::parse(&format!("{server}{path}?fetch={query}"));
    let origin = Origin::parse(page).unwrap_or(Origin::Opaque);
    let request = Request::new(url.map_err(|error| error.to_string())?, origin).method(method);
    let request = match *credentials {
        "include" => request.credentials(Credentials::Include),
        _ => request,
    };
    Ok(match header.split_once(": ") {
        Some((name, value)) => request.header(name, value),
        None => request,
    })
}

/// Compares what a page got with what the policy grants. The model alone, which gets the response of the gateway, would
/// agree with a browser that reads too much because of a wrong export.
fn compare_expected(observed: &Observed, expected: &str) -> Result<(), String> {
    let seen = match &observed.outcome {
        Outcome::Blocked { .. } => "blocked".to_owned(),
        Outcome::Read {
            status, headers, ..
        } => {
            let has_id = headers.iter().any(|(name, _)| name == "x-request-id");
            format!("{status}{}", if has_id { " id" } else { "" })
        }
    };
    match expected.split(" or ").any(|expected| expected == seen) {
        true => Ok(()),
        false => Err(format!("the page gets `{seen}`; expected `{expected}`")),
    }
}
