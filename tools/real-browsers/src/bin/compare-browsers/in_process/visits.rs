//! The exchanges, by page.

use std::collections::BTreeSet;

use cors_real_browsers::{Action, Credentials, Fetch, RedirectMode, Reply, Script, Via};

/// A page, and what it sends, in order.
pub(crate) struct Visit {
    pub(crate) page: &'static str,
    pub(crate) exchanges: Vec<Exchange>,
}

/// A request of a page, and the responses to it.
///
/// In URLs and in values of headers, `#` stands for the number of the visit. So each visit has sites of its own, and
/// neither cookies nor preflights of another one count. `PAGE` stands for the page's origin.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) sending: Sending,
    pub(crate) url: String,
    /// The responses by path, whatever the host.
    pub(crate) scripts: Vec<(String, Script)>,
}

/// How a page sends a request.
#[derive(Clone)]
pub(crate) enum Sending {
    /// The URL is the exchange's.
    Fetch(Fetch),
    Action(Action),
}

impl Visit {
    /// Whether the page sends requests to its own server. Then it cannot be opened again: a browser would use its connection
    /// to the application.
    pub(crate) fn uses_own_server(&self) -> bool {
        let page = self.page.as_bytes();
        self.exchanges.iter().any(|exchange| {
            let scripts = exchange.scripts.iter();
            let mut lines = scripts.flat_map(|(_, script)| &script.actual.lines);
            exchange.url.starts_with(self.page)
                || lines.any(|(name, value)| name == "Location" && value.starts_with(page))
        })
    }
}

impl Exchange {
    /// Whether another document takes the place of the page.
    pub(crate) fn leaves_page(&self) -> bool {
        matches!(self.sending, Sending::Action(action) if action.leaves_page())
    }

    /// The names of the headers in all responses.
    pub(crate) fn header_names(&self) -> BTreeSet<String> {
        let scripts = self.scripts.iter();
        let lines = scripts.flat_map(|(_, script)| &script.actual.lines);
        lines.map(|(name, _)| name.clone()).collect()
    }
}

const APP: &str = "https://app.s#-example.com";
const SAME_SITE: &str = "https://api.s#-example.com";
const CROSS_SITE: &str = "https://api.x#-example.com";
const THIRD_SITE: &str = "https://api.y#-example.com";
const PLAIN_APP: &str = "http://app.s#-example.com";
const PLAIN_SAME_SITE: &str = "http://api.s#-example.com";
const PLAIN_CROSS_SITE: &str = "http://api.x#-example.com";

/// The names that lead to the application.
pub(crate) const HOSTS: [&str; 7] = [
    APP,
    SAME_SITE,
    CROSS_SITE,
    THIRD_SITE,
    PLAIN_APP,
    PLAIN_SAME_SITE,
    PLAIN_CROSS_SITE,
];

/// A page, and a server of the same site and one of another site.
const PAGES: [(&str, &str, &str); 3] = [
    (APP, SAME_SITE, CROSS_SITE),
    (PLAIN_APP, PLAIN_SAME_SITE, PLAIN_CROSS_SITE),
    ("null", SAME_SITE, CROSS_SITE),
];

/// All of them.
pub(crate) fn all() -> Vec<Visit> {
    let mut visits = Vec::new();
    for (page, same_site, cross_site) in PAGES {
        visits.push(Visit {
            page,
            exchanges: [same_site, cross_site]
                .into_iter()
                .flat_map(grants)
                .collect(),
        });
        visits.push(Visit {
            page,
            exchanges: preflights(cross_site),
        });
        visits.push(Visit {
            page,
            exchanges: [same_site, cross_site]
                .into_iter()
                .flat_map(kinds)
                .collect(),
        });
    }
    visits.push(Visit {
        page: APP,
        exchanges: exposed(),
    });
    visits.push(Visit {
        page: APP,
        exchanges: redirects(),
    });
    visits.push(Visit {
        page: APP,
        exchanges: preflight_cache(CROSS_SITE),
    });
    for (page, server) in [
        (APP, APP),
        (APP, SAME_SITE),
        (APP, CROSS_SITE),
        (PLAIN_APP, PLAIN_SAME_SITE),
        (PLAIN_APP, PLAIN_CROSS_SITE),
        // The scheme is a part of the site.
        (PLAIN_APP, SAME_SITE),
        ("null", SAME_SITE),
    ] {
        visits.push(Visit {
            page,
            exchanges: cookies(page, server),
        });
    }
    visits.push(Visit {
        page: APP,
        exchanges: cookies_and_redirects(),
    });
    // Only a navigation sets every cookie of another site. The page is left, and opened again.
    for (page, same_site, cross_site) in PAGES.into_iter().take(2) {
        for server in [same_site, cross_site] {
            let mut exchanges = vec![cookie_set(server, "/set", "a=1; SameSite=Lax")];
            exchanges.push(cookie_set(server, "/set", "b=1; SameSite=None; Secure"));
            exchanges.push(cookie_set(server, "/set", "c=1; SameSite=Strict"));
            exchanges.push(acting(
                Action::Form,
                server,
                "/form",
                "nothing",
                reply(200, &[]),
            ));
            let set = reply(200, &[])
                .line("Set-Cookie", "d=1; SameSite=Lax")
                .line("Set-Cookie", "e=1; SameSite=Strict")
                .line("Set-Cookie", "f=1; SameSite=None; Secure");
            exchanges.push(acting(Action::Form, server, "/set", "nothing", set));
            let script = Script::actual(reply(200, GRANTED));
            let include = Fetch::get("").with_credentials();
            let name = format!("include, after a form of {server}");
            let scripts = vec![("/get", script)];
            exchanges.push(fetching(&name, include, server, "/get", scripts));
            let last = reply(200, &[]);
            exchanges.push(acting(Action::Form, server, "/last", "nothing", last));
            visits.push(Visit { page, exchanges });
        }
    }
    visits
}

type Lines = &'static [(&'static str, &'static str)];

/// What a server says about a page.
const GRANTS: [(&str, Lines); 9] = [
    ("nothing", &[]),
    ("the page", &[(ALLOW_ORIGIN, "PAGE")]),
    ("*", &[(ALLOW_ORIGIN, "*")]),
    (
        "the page with credentials",
        &[(ALLOW_ORIGIN, "PAGE"), (ALLOW_CREDENTIALS, "true")],
    ),
    (
        "* with credentials",
        &[(ALLOW_ORIGIN, "*"), (ALLOW_CREDENTIALS, "true")],
    ),
    (
        "credentials in another case",
        &[(ALLOW_ORIGIN, "PAGE"), (ALLOW_CREDENTIALS, "True")],
    ),
    (
        "another page",
        &[(ALLOW_ORIGIN, "https://b.s#-example.com")],
    ),
    ("null", &[(ALLOW_ORIGIN, "null")]),
    (
        "the page twice",
        &[(ALLOW_ORIGIN, "PAGE"), (ALLOW_ORIGIN, "PAGE")],
    ),
];
const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";
const EXPOSE_HEADERS: &str = "Access-Control-Expose-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";

/// With credentials, for the page.
const GRANTED: Lines = GRANTS[3].1;

/// Simple requests, with each grant.
fn grants(server: &str) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    for (granted, lines) in GRANTS {
        for (name, fetch) in [
            ("GET", Fetch::get("")),
            ("GET with credentials", Fetch::get("").with_credentials()),
            ("POST", Fetch::get("").method("POST").body("a")),
        ] {
            let name = format!("{name} to {server}, which grants {granted}");
            let scripts = vec![("/grants", Script::actual(reply(200, lines)))];
            exchanges.push(fetching(&name, fetch, server, "/grants", scripts));
        }
    }
    let refused = reply(500, GRANTED);
    for status in [401, 404, 500] {
        let scripts = vec![(
            "/status",
            Script::actual(Reply {
                status,
                ..refused.clone()
            }),
        )];
        let name = format!("{status} of {server}");
        exchanges.push(fetching(&name, Fetch::get(""), server, "/status", scripts));
    }
    exchanges
}

/// Requests with preflights, with several responses to these.
fn preflights(server: &str) -> Vec<Exchange> {
    let requests = [
        ("PUT", Fetch::get("").method("PUT")),
        ("a method in lower case", Fetch::get("").method("patch")),
        ("X-A", Fetch::get("").header("X-A", "1")),
        (
            "JSON",
            Fetch::get("")
                .method("POST")
                .header("Content-Type", "application/json")
                .body("{}"),
        ),
        (
            "credentials",
            Fetch::get("")
                .method("DELETE")
                .header("Authorization", "Basic a")
                .with_credentials(),
        ),
    ];
    let named: Lines = &[
        (ALLOW_METHODS, "PUT, patch, DELETE"),
        (ALLOW_HEADERS, "x-a, content-type, authorization"),
    ];
    let any: Lines = &[(ALLOW_METHODS, "*"), (ALLOW_HEADERS, "*")];
    let answers: [(&str, u16, Lines, Lines); 9] = [
        ("all", 204, GRANTED, named),
        ("no origin", 204, &[], named),
        ("no credentials", 204, GRANTS[1].1, named),
        ("no methods and headers", 204, GRANTED, &[]),
        ("*", 204, GRANTED, any),
        (
            "methods only",
            200,
            GRANTED,
            &[(ALLOW_METHODS, "PUT, patch, DELETE")],
        ),
        ("401", 401, GRANTED, named),
        ("404", 404, &[], &[]),
        ("a redirect", 302, GRANTED, &[("Location", "/elsewhere")]),
    ];
    let mut exchanges = Vec::new();
    for (request, fetch) in requests {
        for (number, (answer, status, grant, lines)) in answers.into_iter().enumerate() {
            let mut preflight = reply(status, grant);
            for (name, value) in lines {
                preflight = preflight.line(*name, *value);
            }
            let script = Script {
                preflight,
                actual: reply(200, GRANTED),
            };
            let path = format!("/{}-{number}", request.replace(' ', "-"));
            let name = format!("{request}, preflight: {answer}");
            let scripts = vec![(&*path, script)];
            exchanges.push(fetching(&name, fetch.clone(), server, &path, scripts));
        }
    }
    exchanges
}

/// Requests that `fetch()` does not send.
fn kinds(server: &str) -> Vec<Exchange> {
    let upload = |fetch: Fetch| fetch.via(Via::Upload);
    let post = || Fetch::get("").method("POST").body("a");
    let mut exchanges = Vec::new();
    for (number, (granted, lines)) in GRANTS.into_iter().enumerate().take(5) {
        for (name, fetch) in [
            ("XMLHttpRequest", Fetch::get("").via(Via::Xhr)),
            (
                "XMLHttpRequest with credentials",
                Fetch::get("").via(Via::Xhr).with_credentials(),
            ),
            ("upload listener", upload(post())),
            (
                "upload listener with credentials",
                upload(post().with_credentials()),
            ),
            ("no-cors", Fetch::get("").no_cors()),
            (
                "no-cors with credentials",
                post().no_cors().with_credentials(),
            ),
        ] {
            let path = format!("/{}-{number}", name.replace(' ', "-"));
            let preflight = reply(204, lines);
            let script = Script {
                preflight,
                actual: reply(200, lines),
            };
            let name = format!("{name} to {server}, which grants {granted}");
            exchanges.push(fetching(
                &name,
                fetch,
                server,
                &path,
                vec![(&*path, script)],
            ));
        }
        for (action, content_type, body) in ELEMENTS {
            let path = format!("/{action}-{number}");
            let mut reply = lined(Reply::new(200), lines).line("Content-Type", content_type);
            reply.body = body.to_vec();
            exchanges.push(acting(action, server, &path, granted, reply));
        }
    }
    exchanges.push(acting(
        Action::WebSocket,
        server,
        "/ws",
        "nothing",
        Reply::new(403),
    ));
    exchanges
}

/// What a page can read.
fn exposed() -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    for (number, expose) in [
        "x-request-id",
        "*",
        "X-Request-Id, x-secret",
        "x-request-id x-secret",
        "",
        "\"x-secret\"",
        "authorization, set-cookie",
    ]
    .into_iter()
    .enumerate()
    {
        for (name, fetch) in [
            ("GET", Fetch::get("")),
            ("GET with credentials", Fetch::get("").with_credentials()),
        ] {
            let path = format!("/exposed-{number}");
            let actual = reply(200, GRANTED)
                .line(EXPOSE_HEADERS, expose)
                .line("Set-Cookie", "a=1")
                .line("Authorization", "a");
            let name = format!("{name}, exposed: `{expose}`");
            let scripts = vec![(&*path, Script::actual(actual))];
            exchanges.push(fetching(&name, fetch, CROSS_SITE, &path, scripts));
        }
    }
    let name = "the page's own server";
    let scripts = vec![(
        "/own",
        Script::actual(reply(200, &[]).line("Set-Cookie", "b=1")),
    )];
    exchanges.push(fetching(name, Fetch::get(""), APP, "/own", scripts));
    exchanges
}

/// Redirects between servers.
fn redirects() -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let mut number = 0;
    let mut add =
        |name: &str, fetch: &Fetch, from: &str, status: u16, to: &str, grants: [Lines; 2]| {
            number += 1;
            let [path, target] = [format!("/from-{number}"), format!("/to-{number}")];
            let methods: Lines = &[
                (ALLOW_METHODS, "PUT, DELETE"),
                (ALLOW_HEADERS, "x-a, authorization"),
            ];
            let preflight = lined(reply(204, GRANTED), methods);
            // The origin of a request that two servers redirect is `null`.
            let null: Lines = &[(ALLOW_ORIGIN, "null"), (ALLOW_CREDENTIALS, "true")];
            let second = match grants[1] == null {
                true => lined(reply(204, null), methods),
                false => preflight.clone(),
            };
            let redirect = reply(status, grants[0]).line("Location", format!("{to}{target}"));
            let scripts = vec![
                (
                    &*path,
                    Script {
                        preflight,
                        actual: redirect,
                    },
                ),
                (
                    &*target,
                    Script {
                        preflight: second,
                        actual: reply(200, grants[1]),
                    },
                ),
            ];
            let name = format!("{name}: {status} from {from} to {to}");
            exchanges.push(fetching(&name, fetch.clone(), from, &path, scripts));
        };
    const NULL: Lines = &[(ALLOW_ORIGIN, "null"), (ALLOW_CREDENTIALS, "true")];
    let get = Fetch::get("");
    let included = get.clone().with_credentials();
    let post = get.clone().method("POST").body("abc");
    for (from, to, grants) in [
        (APP, APP, [&[][..], &[]]),
        (APP, CROSS_SITE, [&[], GRANTED]),
        (APP, CROSS_SITE, [&[], &[]]),
        (CROSS_SITE, CROSS_SITE, [GRANTED, GRANTED]),
        (CROSS_SITE, CROSS_SITE, [&[], GRANTED]),
        (CROSS_SITE, CROSS_SITE, [GRANTED, &[]]),
        (CROSS_SITE, SAME_SITE, [GRANTED, NULL]),
        (CROSS_SITE, SAME_SITE, [GRANTED, GRANTED]),
        (CROSS_SITE, THIRD_SITE, [GRANTED, NULL]),
        (CROSS_SITE, APP, [GRANTED, NULL]),
        (CROSS_SITE, APP, [GRANTED, &[]]),
        (SAME_SITE, CROSS_SITE, [GRANTED, GRANTS[2].1]),
    ] {
        add("GET", &get, from, 302, to, grants);
        add("GET with credentials", &included, from, 302, to, grants);
    }
    for status in [301, 302, 303, 307, 308] {
        add(
            "POST",
            &post,
            CROSS_SITE,
            status,
            CROSS_SITE,
            [GRANTED, GRANTED],
        );
        add(
            "POST",
            &post,
            CROSS_SITE,
            status,
            THIRD_SITE,
            [GRANTED, NULL],
        );
        add("POST", &post, APP, status, CROSS_SITE, [&[], GRANTED]);
        let put = get.clone().method("PUT").header("X-A", "1").body("abc");
        add(
            "PUT with X-A",
            &put,
            CROSS_SITE,
            status,
            THIRD_SITE,
            [GRANTED, NULL],
        );
        let delete = get
            .clone()
            .method("DELETE")
            .header("Authorization", "Basic a");
        add(
            "DELETE",
            &delete,
            CROSS_SITE,
            status,
            CROSS_SITE,
            [GRANTED, GRANTED],
        );
        add(
            "DELETE",
            &delete,
            CROSS_SITE,
            status,
            THIRD_SITE,
            [GRANTED, NULL],
        );
    }
    let plain_put = get.clone().method("PUT");
    let plain_delete = get.clone().method("DELETE");
    add(
        "plain DELETE",
        &plain_delete,
        CROSS_SITE,
        302,
        THIRD_SITE,
        [GRANTED, NULL],
    );
    let json = get
        .clone()
        .method("POST")
        .header("Content-Type", "application/json")
        .body("{}");
    for to in [CROSS_SITE, THIRD_SITE] {
        let second = if to == CROSS_SITE { GRANTED } else { NULL };
        for status in [301, 303] {
            add("PUT", &plain_put, CROSS_SITE, status, to, [GRANTED, second]);
            add("JSON", &json, CROSS_SITE, status, to, [GRANTED, second]);
        }
    }
    for grants in [[GRANTED, GRANTED], [GRANTED, GRANTS[2].1]] {
        add("PUT", &plain_put, CROSS_SITE, 307, THIRD_SITE, grants);
    }
    for mode in [RedirectMode::Error, RedirectMode::Manual] {
        for (from, grant) in [(APP, &[][..]), (CROSS_SITE, GRANTED), (CROSS_SITE, &[])] {
            let fetch = get.clone().redirect(mode);
            add(
                &format!("{mode:?}"),
                &fetch,
                from,
                302,
                from,
                [grant, GRANTED],
            );
        }
    }
    let upload = post.via(Via::Upload);
    add(
        "upload listener",
        &upload,
        APP,
        307,
        CROSS_SITE,
        [&[], GRANTED],
    );
    add(
        "upload listener",
        &upload,
        CROSS_SITE,
        307,
        CROSS_SITE,
        [GRANTED, GRANTED],
    );
    exchanges
}

/// Sequences of requests to one URL.
fn preflight_cache(server: &str) -> Vec<Exchange> {
    let get = || Fetch::get("");
    let put = || get().method("PUT");
    let delete = || get().method("DELETE");
    let with = |names: &[&str]| {
        let mut fetch = put();
        for name in names {
            fetch = fetch.header(*name, "1");
        }
        fetch
    };
    let listed: Lines = &[
        (MAX_AGE, "600"),
        (ALLOW_METHODS, "PUT, DELETE"),
        (ALLOW_HEADERS, "x-a, x-b"),
    ];
    let sequences: Vec<(&str, Lines, Vec<Fetch>)> = vec![
        ("twice", listed, vec![put(), put()]),
        (
            "another method",
            listed,
            vec![put(), delete(), delete().header("X-A", "1")],
        ),
        (
            "one of two methods",
            &[(MAX_AGE, "600"), (ALLOW_METHODS, "PUT")],
            vec![put(), delete(), put(), put()],
        ),
        (
            "headers",
            listed,
            vec![with(&["X-A"]), with(&["X-A", "X-B"]), put()],
        ),
        (
            "a header that is not listed",
            &[
                (MAX_AGE, "600"),
                (ALLOW_METHODS, "PUT"),
                (ALLOW_HEADERS, "x-a"),
            ],
            vec![with(&["X-A"]), with(&["X-B"]), with(&["X-A"])],
        ),
        (
            "no max-age",
            &[(MAX_AGE, "0"), (ALLOW_METHODS, "PUT")],
            vec![put(), put()],
        ),
        (
            "a negative max-age",
            &[(MAX_AGE, "-1"), (ALLOW_METHODS, "PUT")],
            vec![put(), put()],
        ),
        (
            "any",
            &[(MAX_AGE, "600"), (ALLOW_METHODS, "*"), (ALLOW_HEADERS, "*")],
            vec![
                put(),
                with(&["X-A"]),
                delete().header("Authorization", "Basic a"),
            ],
        ),
        (
            "credentials first",
            listed,
            vec![put().with_credentials(), put(), put().with_credentials()],
        ),
        (
            "credentials later",
            listed,
            vec![
                put(),
                put().with_credentials(),
                put(),
                delete().with_credentials(),
            ],
        ),
        (
            "upload listener",
            listed,
            vec![
                get().method("POST").body("a").via(Via::Upload),
                get().method("POST").body("a").via(Via::Upload),
                put().body("a").via(Via::Upload),
                put(),
            ],
        ),
    ];
    let mut exchanges = Vec::new();
    for (number, (name, lines, fetches)) in sequences.into_iter().enumerate() {
        let path = format!("/cached-{number}");
        for (turn, fetch) in (1..).zip(fetches) {
            let script = Script {
                preflight: lined(reply(204, GRANTED), lines),
                actual: reply(200, GRANTED),
            };
            let name = format!("preflight cache, {name}, {turn}");
            exchanges.push(fetching(
                &name,
                fetch,
                server,
                &path,
                vec![(&*path, script)],
            ));
        }
    }
    exchanges
}

/// Attributes of cookies. `NAME` is replaced by a name of its own.
const COOKIES: [&str; 16] = [
    "NAME=1",
    "NAME=1; SameSite=Lax",
    "NAME=1; SameSite=Strict",
    "NAME=1; SameSite=None",
    "NAME=1; SameSite=None; Secure",
    "NAME=1; Secure",
    "NAME=1; HttpOnly",
    "NAME=1; SameSite=Unknown",
    "NAME=1; SameSite=None; Secure; Partitioned",
    "NAME=1; SameSite=None; Secure; Path=/other",
    "NAME=1; SameSite=None; Secure; Max-Age=0",
    "NAME=1; SameSite=None; Secure; Max-Age=1000",
    "NAME=1; SameSite=None; Secure; Domain=other.com",
    "NAME=1; SameSite=None; Secure; Domain=com",
    "__Host-NAME=1; SameSite=None; Secure; Path=/",
    "__Host-NAME=1; SameSite=None; Secure; Path=/other",
];

/// The cookies that a server sets for a page, and with which requests of it they are sent.
fn cookies(page: &str, server: &str) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    for (number, cookie) in (1..).zip(COOKIES) {
        let cookie = cookie.replace("NAME", &format!("c{number}"));
        exchanges.push(cookie_set(server, "/set", &cookie));
    }
    let granted = |script: Script| vec![("/get", script)];
    let plain = || granted(Script::actual(reply(200, GRANTED)));
    let mut get = |name: &str, fetch: Fetch, server: &str, scripts| {
        let name = format!("{name}, after cookies of {server}");
        exchanges.push(fetching(&name, fetch, server, "/get", scripts));
    };
    get(
        "include",
        Fetch::get("").with_credentials(),
        server,
        plain(),
    );
    get("same-origin", Fetch::get(""), server, plain());
    get(
        "omit",
        Fetch::get("").credentials(Credentials::Omit),
        server,
        plain(),
    );
    get(
        "POST",
        Fetch::get("").method("POST").with_credentials(),
        server,
        plain(),
    );
    get(
        "no-cors",
        Fetch::get("").no_cors().with_credentials(),
        server,
        plain(),
    );
    get(
        "another path",
        Fetch::get("").with_credentials(),
        server,
        plain(),
    );
    let sets = |cookie: &str| {
        granted(Script::actual(
            reply(200, GRANTED).line("Set-Cookie", cookie.to_owned()),
        ))
    };
    get(
        "set with omit",
        Fetch::get("").credentials(Credentials::Omit),
        server,
        sets("omit=1; SameSite=None; Secure"),
    );
    get(
        "set with same-origin",
        Fetch::get(""),
        server,
        sets("same=1; SameSite=None; Secure"),
    );
    get(
        "set without a grant",
        Fetch::get("").with_credentials(),
        server,
        granted(Script::actual(
            reply(200, &[]).line("Set-Cookie", "blocked=1; SameSite=None; Secure"),
        )),
    );
    get(
        "replaced",
        Fetch::get("").with_credentials(),
        server,
        sets("c5=2; SameSite=None; Secure"),
    );
    get(
        "removed",
        Fetch::get("").with_credentials(),
        server,
        sets("c5=; SameSite=None; Secure; Max-Age=0"),
    );
    let preflight = lined(reply(204, GRANTED), &[(ALLOW_METHODS, "PUT")])
        .line("Set-Cookie", "preflight=1; SameSite=None; Secure");
    let script = Script {
        preflight,
        actual: reply(200, GRANTED),
    };
    get(
        "set by the preflight",
        Fetch::get("").method("PUT").with_credentials(),
        server,
        granted(script),
    );
    get(
        "in the end",
        Fetch::get("").with_credentials(),
        server,
        plain(),
    );
    for (action, content_type, body) in ELEMENTS {
        let mut reply = lined(Reply::new(200), GRANTED).line("Content-Type", content_type);
        reply.body = body.to_vec();
        let path = format!("/cookies-{action}");
        exchanges.push(acting(action, server, &path, "all", reply));
    }
    // In Chromium, a WebSocket of a sandboxed page has no cookies with `Partitioned`, and other requests of it have them.
    if page != "null" {
        let reply = Reply::new(403);
        exchanges.push(acting(Action::WebSocket, server, "/ws", "nothing", reply));
    }
    exchanges
}

/// Cookies that are set by redirects, and that a redirect leads to.
fn cookies_and_redirects() -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    for server in [SAME_SITE, CROSS_SITE] {
        for (name, attributes) in [
            ("none", "SameSite=None; Secure"),
            ("lax", "SameSite=Lax"),
            ("strict", "SameSite=Strict"),
        ] {
            exchanges.push(cookie_set(
                server,
                "/set",
                &format!("{name}=1; {attributes}"),
            ));
        }
    }
    let null: Lines = &[(ALLOW_ORIGIN, "null"), (ALLOW_CREDENTIALS, "true")];
    for (number, (from, to, grant)) in [
        (SAME_SITE, SAME_SITE, GRANTED),
        (CROSS_SITE, CROSS_SITE, GRANTED),
        (CROSS_SITE, SAME_SITE, null),
        (SAME_SITE, CROSS_SITE, null),
        (APP, CROSS_SITE, GRANTED),
    ]
    .into_iter()
    .enumerate()
    {
        for (kind, fetch) in [
            ("include", Fetch::get("").with_credentials()),
            ("same-origin", Fetch::get("")),
        ] {
            let [path, target] = [format!("/from-{number}"), format!("/to-{number}")];
            let redirect = reply(302, GRANTED)
                .line("Location", format!("{to}{target}"))
                .line(
                    "Set-Cookie",
                    format!("redirect{number}=1; SameSite=None; Secure"),
                );
            let scripts = vec![
                (&*path, Script::actual(redirect)),
                (&*target, Script::actual(reply(200, grant))),
            ];
            let name = format!("cookies, {kind}, from {from} to {to}");
            exchanges.push(fetching(&name, fetch, from, &path, scripts));
        }
    }
    exchanges
}

/// A response that sets a cookie, with credentials.
fn cookie_set(server: &str, path: &str, cookie: &str) -> Exchange {
    let actual = reply(200, GRANTED).line("Set-Cookie", cookie.to_owned());
    let name = format!("{server} sets `{cookie}`");
    let fetch = Fetch::get("").with_credentials();
    fetching(
        &name,
        fetch,
        server,
        path,
        vec![(path, Script::actual(actual))],
    )
}

fn fetching(
    name: &str,
    fetch: Fetch,
    server: &str,
    path: &str,
    scripts: Vec<(&str, Script)>,
) -> Exchange {
    let scripts = scripts.into_iter();
    Exchange {
        name: name.to_owned(),
        sending: Sending::Fetch(fetch),
        url: format!("{server}{path}"),
        scripts: scripts
            .map(|(path, script)| (path.to_owned(), script))
            .collect(),
    }
}

fn acting(action: Action, server: &str, path: &str, granted: &str, reply: Reply) -> Exchange {
    Exchange {
        name: format!("{action} to {server}, which grants {granted}"),
        sending: Sending::Action(action),
        url: format!("{server}{path}"),
        scripts: vec![(path.to_owned(), Script::actual(reply))],
    }
}

/// A response with headers of which a page can read some.
fn reply(status: u16, lines: Lines) -> Reply {
    let reply = Reply::new(status)
        .line("Content-Type", "text/plain")
        .line("X-Request-Id", "7")
        .line("X-Secret", "1");
    Reply {
        body: b"ok".to_vec(),
        ..lined(reply, lines)
    }
}

fn lined(mut reply: Reply, lines: Lines) -> Reply {
    for (name, value) in lines {
        reply = reply.line(*name, *value);
    }
    reply
}

/// Elements with CORS, with the type and the body of a response that they accept.
const ELEMENTS: [(Action, &str, &[u8]); 5] = [
    (Action::ModuleScript, "text/javascript", b"export {};"),
    (
        Action::ModuleScriptWithCredentials,
        "text/javascript",
        b"export {};",
    ),
    (Action::Font, "font/ttf", FONT),
    (Action::EventSource, "text/event-stream", b"data: a\n\n"),
    (
        Action::EventSourceWithCredentials,
        "text/event-stream",
        b"data: a\n\n",
    ),
];

/// A font with one glyph, a square, that every browser loads.
const FONT: &[u8] = include_bytes!("../square.ttf");
