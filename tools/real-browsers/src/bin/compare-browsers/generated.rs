//! Generated cases, with a server that sends values that our own servers never send: wrong, doubled, padded, upper-case,
//! wildcard, missing and hostile ones.

use std::time::Duration;

use cors_browser_model::{
    Credentials, Headers, Kind, Origin, PreflightCache, Request, Response, SentRequest, Url, fetch,
};
use cors_real_browsers::{
    Browser, Fetch, Observed, ReceivedRequest, Reply, Script, ScriptedServer,
};

use crate::compare::{Agreement, Tally, compare, profile};

/// The pages that fetch.
const PAGES: [&str; 3] = ["http://localhost:18080", "http://app.example.test", "null"];
/// How many lines at most are removed one by one to find what a disagreement needs.
const MAX_CUTS: usize = 40;

/// Runs `count` cases of a seed in a browser.
pub(crate) fn run(browser: &mut Browser, count: usize, seed: u64) -> Result<Tally, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let cases: Vec<Case> = (0..count).map(|_| Case::any(&mut random)).collect();
    let mut tally = Tally::default();
    for page in PAGES {
        let of_page: Vec<_> = (0..)
            .zip(&cases)
            .filter(|(_, case)| case.page == page)
            .collect();
        let only: Vec<&Case> = of_page.iter().map(|(_, case)| *case).collect();
        let compared = try_all(browser, page, &only)?;
        for ((number, case), compared) in of_page.into_iter().zip(compared) {
            if compared.is_err() {
                let (case, how) = minimal(browser, case)?;
                tally.add(
                    format!("seed {seed}, case {number}, cut down to {case:?}"),
                    Err(how),
                );
            } else {
                tally.add(number, compared);
            }
        }
    }
    Ok(tally)
}

/// Removes the parts that a disagreement does not need.
fn minimal(browser: &mut Browser, case: &Case) -> Result<(Case, String), String> {
    let mut case = case.clone();
    let mut how = "it did not occur again".to_owned();
    if let Some(Err(again)) = try_all(browser, case.page, &[&case])?.pop() {
        how = again;
    }
    let mut cuts = 0;
    let mut at = 0;
    while cuts < MAX_CUTS {
        let Some(smaller) = case.without(at) else {
            break;
        };
        cuts += 1;
        match try_all(browser, case.page, &[&smaller])?.pop() {
            Some(Err(same)) => (case, how) = (smaller, same),
            _ => at += 1,
        }
    }
    Ok((case, how))
}

fn try_all(
    browser: &mut Browser,
    page: &str,
    cases: &[&Case],
) -> Result<Vec<Result<Agreement, String>>, String> {
    let server = ScriptedServer::start().map_err(|error| error.to_string())?;
    for (number, case) in cases.iter().enumerate() {
        server.script(number.to_string(), case.script());
    }
    browser.open(page).map_err(|error| error.to_string())?;
    let requests = cases
        .iter()
        .enumerate()
        .map(|(number, case)| case.request(&server.url(&number.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    let fetches: Vec<Fetch> = requests
        .iter()
        .zip(cases)
        .map(|(r, case)| case.fetch(r))
        .collect();
    let observed = browser
        .fetch_all(&fetches)
        .map_err(|error| error.to_string())?;
    let results = cases.iter().zip(&requests).zip(&observed).enumerate();
    Ok(results
        .map(|(number, ((case, request), observed))| {
            let seen = server.seen(&number.to_string());
            case.judge(browser, request, observed, &seen)
        })
        .collect())
}

/// A fetch, and the responses to it.
#[derive(Clone, Debug)]
struct Case {
    page: &'static str,
    method: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    credentials: bool,
    preflight: Answer,
    actual: Answer,
}

#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    lines: Vec<(&'static str, Vec<u8>)>,
}

impl Case {
    fn any(random: &mut fastrand::Rng) -> Self {
        let page = one(random, &PAGES);
        let method = one(
            random,
            &[
                "GET", "GET", "POST", "HEAD", "PUT", "PUT", "put", "DELETE", "PATCH", "patch",
                "PURGE", "OPTIONS",
            ],
        );
        let headers = some(
            random,
            &[
                ("X-Custom", "1"),
                ("x-other", "2"),
                ("Content-Type", "application/json"),
                ("Content-Type", "text/plain"),
                ("Authorization", "Bearer secret"),
                ("Accept", "text/html"),
                ("Accept-Language", "en, de;q=0.5"),
                ("Range", "bytes=0-9"),
                ("User-Agent", "x"),
                ("Last-Event-ID", "7"),
            ],
        );
        Self {
            page,
            method,
            headers,
            credentials: random.u8(..3) == 0,
            preflight: Answer::any(random, page, Kind::Preflight),
            actual: Answer::any(random, page, Kind::Actual),
        }
    }

    fn script(&self) -> Script {
        Script {
            preflight: self.preflight.reply(),
            actual: self.actual.reply(),
        }
    }

    fn request(&self, url: &str) -> Result<Request, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let origin = Origin::parse(self.page).unwrap_or(Origin::Opaque);
        let credentials = match self.credentials {
            true => Credentials::Include,
            false => Credentials::SameOrigin,
        };
        let request = Request::new(url, origin)
            .method(self.method)
            .credentials(credentials);
        let headers = self.headers.iter();
        Ok(headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        }))
    }

    fn fetch(&self, request: &Request) -> Fetch {
        let fetch = Fetch::get(request.url.as_str()).method(self.method);
        let headers = self.headers.iter();
        let fetch = headers.fold(fetch, |fetch, (name, value)| fetch.header(*name, *value));
        match self.credentials {
            true => fetch.with_credentials(),
            false => fetch,
        }
    }

    fn judge(
        &self,
        browser: &Browser,
        request: &Request,
        observed: &Observed,
        received: &[ReceivedRequest],
    ) -> Result<Agreement, String> {
        let mut server = |sent: &SentRequest| {
            let preflight = sent.headers.contains("access-control-request-method");
            Some(
                if preflight {
                    &self.preflight
                } else {
                    &self.actual
                }
                .response(),
            )
        };
        let engine = browser.engine();
        let mut cache = PreflightCache::new();
        let run = fetch(
            profile(engine),
            request,
            &mut cache,
            Duration::ZERO,
            &mut server,
        );
        compare(engine, &run, observed, received)
    }

    /// Without its part number `at`, if it has that many.
    fn without(&self, at: usize) -> Option<Self> {
        let mut case = self.clone();
        let (headers, preflight) = (case.headers.len(), case.preflight.lines.len());
        if at < headers {
            case.headers.remove(at);
        } else if at - headers < preflight {
            case.preflight.lines.remove(at - headers);
        } else if at - headers - preflight < case.actual.lines.len() {
            case.actual.lines.remove(at - headers - preflight);
        } else {
            return None;
        }
        Some(case)
    }
}

impl Answer {
    fn any(random: &mut fastrand::Rng, page: &str, kind: Kind) -> Self {
        let statuses: &[u16] = match kind {
            Kind::Preflight => &[200, 200, 204, 204, 204, 299, 300, 304, 400, 403, 404, 500],
            Kind::Actual => &[200, 200, 200, 201, 299, 400, 401, 403, 404, 418, 500, 503],
        };
        let mut lines = allow_origin(random, page);
        lines.extend(allow_credentials(random));
        if kind == Kind::Preflight || random.u8(..4) == 0 {
            lines.extend(list(random, "Access-Control-Allow-Methods", METHODS));
            lines.extend(list(random, "Access-Control-Allow-Headers", HEADERS));
        }
        if random.bool() {
            lines.extend(list(random, "Access-Control-Expose-Headers", EXPOSED));
        }
        if kind == Kind::Actual {
            let value: &[u8] = one(random, &[b"1", b"\xc3\xa9", b"a\xe9\xff", b"a\tb", b""]);
            lines.push(("X-Request-Id", value.to_vec()));
            lines.push(("ETag", b"\"a\"".to_vec()));
        }
        Self {
            status: one(random, statuses),
            lines,
        }
    }

    fn reply(&self) -> Reply {
        let reply = Reply::new(self.status);
        let lines = self.lines.iter();
        lines.fold(reply, |reply, (name, value)| {
            reply.line(*name, value.clone())
        })
    }

    fn response(&self) -> Response {
        let mut headers = Headers::new();
        for (name, value) in &self.lines {
            headers.append(name, value);
        }
        // The server adds it.
        headers.append("Content-Length", "0");
        Response::new(self.status, headers)
    }
}

const METHODS: &[&str] = &[
    "PUT",
    "put",
    "PUT, DELETE",
    "PUT,,DELETE,",
    "*",
    "PATCH",
    "PATCH, patch, PURGE",
    "PUT POST",
    "",
    "GET",
    "OPTIONS",
    "\"PUT\"",
    " PUT ",
    "P\u{e9}T",
    "*, PUT",
    "PUT;",
];
const HEADERS: &[&str] = &[
    "X-Custom",
    "x-custom",
    "X-CUSTOM, x-other",
    "*",
    "authorization",
    "*, Authorization",
    "content-type, x-custom",
    "X-Custom X-Other",
    "",
    ",,x-custom,",
    "x-custom, x-other, content-type, authorization, range",
    "x-custom: 1",
    "x\u{fc}",
    "range",
    "x-custom, USER-AGENT",
];
const EXPOSED: &[&str] = &[
    "X-Request-Id",
    "x-request-id, etag",
    "*",
    "",
    "X-Request-Id ETag",
    "set-cookie",
    "ETag,",
    "*, x y",
];

fn allow_origin(random: &mut fastrand::Rng, page: &str) -> Vec<(&'static str, Vec<u8>)> {
    const NAME: &str = "Access-Control-Allow-Origin";
    let values: &[String] = match random.u8(..24) {
        0 => &[],
        1..=6 | 16.. => &[page.to_owned()],
        7 | 8 => &["*".to_owned()],
        9 => &["null".to_owned()],
        10 => &[format!("{page}/")],
        11 => &[page.to_uppercase()],
        12 => &[format!("  {page}\t")],
        13 => &[page.to_owned(), page.to_owned()],
        14 => &[format!("{page}, *")],
        15 => &["https://other.example".to_owned()],
    };
    values
        .iter()
        .map(|value| (NAME, value.clone().into_bytes()))
        .collect()
}

fn allow_credentials(random: &mut fastrand::Rng) -> Vec<(&'static str, Vec<u8>)> {
    let values: &[&str] = match random.u8(..12) {
        0..=4 | 10.. => &["true"],
        5 => &["TRUE"],
        6 => &["false"],
        7 => &["true", "true"],
        8 => &[" true "],
        _ => &[],
    };
    let lines = values.iter();
    lines
        .map(|value| {
            (
                "Access-Control-Allow-Credentials",
                value.as_bytes().to_vec(),
            )
        })
        .collect()
}

fn list(
    random: &mut fastrand::Rng,
    name: &'static str,
    values: &[&str],
) -> Vec<(&'static str, Vec<u8>)> {
    let lines = one(random, &[0, 1, 1, 1, 1, 1, 2]);
    (0..lines)
        .map(|_| (name, one(random, values).as_bytes().to_vec()))
        .collect()
}

fn one<T: Copy + Default>(random: &mut fastrand::Rng, of: &[T]) -> T {
    of.get(random.usize(..of.len()))
        .copied()
        .unwrap_or_default()
}

fn some<T: Copy>(random: &mut fastrand::Rng, of: &[T]) -> Vec<T> {
    of.iter().copied().filter(|_| random.u8(..5) == 0).collect()
}
