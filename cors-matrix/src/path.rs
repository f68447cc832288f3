//! Paths of requests: those that servers read in different ways.

use std::io;
use std::iter;

use cors_core::{Config, Grant};
use fastrand::Rng;

use crate::message::{self, Answer, RawRequest, RawResponse};

/// Targets of requests, and the path of each as the client sent it. `/nest` is where a test puts a nested router.
pub const TARGETS: [(&str, &str); 37] = [
    ("/", "/"),
    ("//", "//"),
    ("/a", "/a"),
    ("/a/", "/a/"),
    ("/a//", "/a//"),
    ("/a//b", "/a//b"),
    ("/./a", "/./a"),
    ("/a/.", "/a/."),
    ("/a/../b", "/a/../b"),
    ("/a/..", "/a/.."),
    ("/../a", "/../a"),
    ("/%2e/a", "/%2e/a"),
    ("/a/%2E%2e/b", "/a/%2E%2e/b"),
    ("/a%2fb", "/a%2fb"),
    ("/a%2Fb", "/a%2Fb"),
    ("/a%5cb", "/a%5cb"),
    ("/a\\b", "/a\\b"),
    ("/a;b=c/d", "/a;b=c/d"),
    ("/%C3%BC", "/%C3%BC"),
    ("/%c3%bc", "/%c3%bc"),
    ("/\u{fc}", "/\u{fc}"),
    ("/%ff", "/%ff"),
    ("/%61", "/%61"),
    ("/%25", "/%25"),
    ("/%", "/%"),
    ("/%0", "/%0"),
    ("/%00", "/%00"),
    ("/%zz", "/%zz"),
    ("/A", "/A"),
    ("/a?b=/../c", "/a"),
    ("/a??", "/a"),
    ("/a%3fb", "/a%3fb"),
    ("/{a}|^", "/{a}|^"),
    ("http://a.example/b//c?d", "/b//c"),
    // The frameworks cannot tell these two apart: RFC 9110, section 4.2.3.
    ("http://a.example", "/"),
    ("a.example:80", ""),
    ("*", "*"),
];

/// Targets, and whether a policy grants them anything whose only route is `/public`, with `*`.
pub const PUBLIC: [(&str, bool); 33] = [
    ("/public", true),
    ("/public/", true),
    ("/public/a", true),
    ("/public/a/b", true),
    ("/public/%C3%BC", true),
    ("/public/%20", true),
    ("/public/...", true),
    ("/public?a=/../b", true),
    ("http://a.example/public", true),
    ("/", false),
    ("/publica", false),
    ("/nest", false),
    ("/nest/public", false),
    ("/nest/nest/public", false),
    ("/Public", false),
    ("/public//", false),
    ("//public", false),
    ("//a.example/public", false),
    ("/./public", false),
    ("/nest/../public", false),
    ("/public/../nest", false),
    ("/public/%2e%2e/nest", false),
    ("/%70ublic", false),
    ("/public%2fa", false),
    ("/public%5ca", false),
    ("/public\\a", false),
    ("/public;a", false),
    ("/public/%00", false),
    ("/public/%", false),
    ("/public/\u{fc}", false),
    ("http://a.example/nest/public", false),
    ("a.example:80", false),
    ("*", false),
];

/// Sends `GET` for each of [`TARGETS`] to a server that responds with the path of the request. Returns the responses
/// that are not the path as it was sent: the target, and the path or the status.
///
/// # Errors
///
/// If the server does not respond.
pub fn not_as_sent(port: u16) -> io::Result<Vec<(&'static str, String)>> {
    let mut wrong = Vec::new();
    for (target, path) in TARGETS {
        let response = exchange(port, &request("GET", target))?;
        let found = match response.status {
            200 => String::from_utf8_lossy(&response.pieces.concat()).into_owned(),
            status => status.to_string(),
        };
        if response.status != 200 || found != path {
            wrong.push((target, found));
        }
    }
    Ok(wrong)
}

/// Sends a `GET` and a preflight for each of [`PUBLIC`] to a server with that policy. Returns the targets whose
/// responses are not what the policy grants.
///
/// # Errors
///
/// If the server does not respond.
pub fn wrongly_granted(port: u16) -> io::Result<Vec<&'static str>> {
    let mut wrong = Vec::new();
    for (target, granted) in PUBLIC {
        let get = exchange(port, &request("GET", target))?;
        let mut preflight = request("OPTIONS", target);
        let asked = "Access-Control-Request-Method".to_owned();
        preflight.lines.push((asked, b"GET".to_vec()));
        let preflight = exchange(port, &preflight)?;
        // A framework may refuse a target itself.
        let is_answered = matches!(
            (granted, preflight.status),
            (true, 204) | (false, 403 | 400)
        );
        if [&get, &preflight].map(is_granted) != [granted; 2] || !is_answered {
            wrong.push(target);
        }
    }
    Ok(wrong)
}

/// Pieces of paths that servers read in different ways, and of the paths that tests have routes for.
const PIECES: [&str; 54] = [
    "/",
    "/",
    "/",
    "/",
    "/a",
    "/b",
    "/public",
    "/echo",
    "/x.y",
    "/%20",
    "//",
    "/./",
    "/../",
    "/..",
    "/.",
    "public",
    "Public",
    "realms",
    "private",
    "echo",
    "a",
    "b",
    "A",
    "B",
    ".a",
    "a.",
    "...",
    "%2e",
    "%2E%2e",
    ".%2e",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    ";",
    ";a=b",
    "%3b",
    "%61",
    "%50ublic",
    "%",
    "%2",
    "%zz",
    "%25",
    "%252e",
    "%00",
    "%7f",
    "%C3%BC",
    "%c3%bc",
    "\u{fc}",
    "{x}",
    "*",
    "?",
    "?/../",
    "~-_.!$&'()+,=:@",
];

/// Paths with pieces that servers read in different ways, the same for the same seed. Half of them are one of `paths`
/// with some changes.
pub fn awkward(seed: u64, paths: &[&str]) -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(seed);
    iter::repeat_with(move || {
        let mut path = match random.choice(paths) {
            Some(path) if random.bool() => (*path).to_owned(),
            _ => {
                let len = random.usize(..8);
                let pieces = iter::repeat_with(|| random.choice(PIECES).unwrap_or_default());
                iter::once("/").chain(pieces.take(len)).collect()
            }
        };
        for _ in 0..random.usize(..3) {
            change(&mut path, &mut random);
        }
        path
    })
}

/// Changes a path at one place.
fn change(path: &mut String, random: &mut Rng) {
    let at = random.usize(..=path.len());
    if !path.is_char_boundary(at) {
        return;
    }
    let (before, after) = path.split_at(at);
    let mut rest = after.chars();
    let next = rest.next();
    let next = match (random.u8(..4), next) {
        (0, Some(char)) if char.is_ascii() => format!("%{:02x}", u32::from(char)),
        (1, Some(char)) if char.is_ascii_lowercase() => char.to_ascii_uppercase().to_string(),
        (2, Some(_)) => String::new(),
        (_, next) => {
            let piece = random.choice(PIECES).unwrap_or_default();
            iter::once(piece.to_owned())
                .chain(next.map(String::from))
                .collect()
        }
    };
    *path = [before, &next, rest.as_str()].concat();
}

/// The handlers of an application for [`check_handlers`], with the name that each writes to `x-ran`.
pub const HANDLERS: [(&str, &str); 4] = [
    ("/", "root"),
    ("/public/echo", "public"),
    ("/realms/{realm}/echo", "realms"),
    ("/private", "private"),
];

/// The policy for [`check_handlers`]: a part for each handler, which exposes a header with the handler's name.
pub fn policy_for_handlers() -> Config {
    let grant = |name: &str| Grant::new([PAGE]).expose_headers([format!("x-{name}")]);
    Config::new([grant("root")])
        .route("/public", grant("public"))
        .route("/realms/{realm}", grant("realms"))
        .route("/private", grant("private"))
}

/// What an application responds to a path.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// The value of `x-ran`, if a handler ran.
    pub handler: Option<String>,
    /// The value of `Access-Control-Expose-Headers`, if there is a grant.
    pub exposed: Option<String>,
}

/// The page that the policies grant something.
pub const PAGE: &str = "https://app.example.com";

/// Sends awkward paths to an application with [`HANDLERS`] and [`policy_for_handlers`]. However the application reads
/// a path: if a handler ran and the response has a grant, then it is the grant of the handler's part. `respond` returns
/// `None` for what the framework's client cannot send.
///
/// # Errors
///
/// The path with another grant; or that too few paths reached a handler.
pub fn check_handlers(mut respond: impl FnMut(&str) -> Option<Ran>) -> Result<(), String> {
    let paths = [
        "/",
        "/public/echo",
        "/realms/a/echo",
        "/realms/%C3%BC/echo",
        "/private",
    ];
    let (mut granted, mut not_granted) = (0, 0);
    for path in awkward(1, &paths).take(20_000) {
        let Some(Ran { handler, exposed }) = respond(&path) else {
            continue;
        };
        match (&handler, &exposed) {
            (Some(handler), Some(exposed)) if *exposed == format!("x-{handler}") => granted += 1,
            (Some(handler), Some(exposed)) => {
                return Err(format!(
                    "{path}: `{handler}` ran, with the grant of `{exposed}`"
                ));
            }
            (Some(_), None) => not_granted += 1,
            (None, _) => {}
        }
    }
    match granted >= 1_000 && not_granted >= 100 {
        true => Ok(()),
        false => Err(format!(
            "only {granted} handlers with a grant, {not_granted} without one"
        )),
    }
}

fn is_granted(response: &RawResponse) -> bool {
    let mut lines = response.lines("access-control-allow-origin");
    lines.next().is_some()
}

fn request(method: &str, target: &str) -> RawRequest {
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: vec![("Origin".to_owned(), PAGE.into())],
        body: Vec::new(),
    }
}

fn exchange(port: u16, request: &RawRequest) -> io::Result<RawResponse> {
    match message::send(port, request)? {
        Answer::Response(response) => Ok(response),
        Answer::Closed => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
