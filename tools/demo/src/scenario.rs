//! The requests that the page tries: the rows of its grid.

use serde::{Deserialize, Serialize};

/// A request of a page, and what it shows.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scenario {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What it shows, for a reader who has just seen "blocked by CORS policy".
    pub(crate) about: &'static str,
    pub(crate) request: Request<&'static str, &'static [(&'static str, &'static str)]>,
    /// Which page makes the request.
    pub(crate) origin: Page,
    /// Whether the demo's policy blocks it, as `about` says. (Not on the page of the other origin, whose requests are all
    /// blocked.)
    pub(crate) blocked: bool,
}

/// A request of a page: the arguments of `fetch()`. A form uses only the path and the body, a WebSocket only the path.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request<Text, Lines> {
    pub(crate) by: By,
    pub(crate) method: Text,
    /// The path on a server.
    pub(crate) path: Text,
    pub(crate) headers: Lines,
    pub(crate) credentials: Credentials,
    pub(crate) body: Option<Text>,
}

/// How a page sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    Fetch,
    Form,
    WebSocket,
}

/// A [credentials mode](https://fetch.spec.whatwg.org/#concept-request-credentials-mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Credentials {
    Omit,
    SameOrigin,
    Include,
}

/// One of the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Page {
    /// The page that shows the grid.
    Here,
    /// The page whose origin is not in the policy.
    Refused,
}

use Credentials::{Include, SameOrigin};

const fn fetch(
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
) -> Request<&'static str, &'static [(&'static str, &'static str)]> {
    Request {
        by: By::Fetch,
        method,
        path,
        headers,
        credentials: SameOrigin,
        body: None,
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const BODY: Option<&str> = Some("{\"name\":\"Ada\"}");

pub(crate) const SCENARIOS: [Scenario; 18] = [
    Scenario {
        id: "simple-get",
        title: "Simple GET",
        about: "The browser sends it at once, and lets the page read the response because \
                `Access-Control-Allow-Origin` has the page's origin.",
        request: fetch("GET", "/echo", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "exposed-header",
        title: "Reading a header",
        about: "The server sends `x-request-id` and `x-handler`, and the page can read only the first, because \
                the policy does not expose the other.",
        request: fetch("HEAD", "/echo", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "text-post",
        title: "POST of plain text",
        about: "A form can send this, too, so the browser sends it without a preflight: the server gets it from \
                any site, and CORS decides only who can read the response.",
        request: Request {
            body: Some("hello"),
            ..fetch("POST", "/echo", &[("content-type", "text/plain")])
        },
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "json-post",
        title: "POST of JSON",
        about: "No form can send JSON, so the browser first sends a preflight, which asks whether the header \
                `content-type` is allowed.",
        request: Request {
            body: BODY,
            ..fetch("POST", "/json", &[JSON])
        },
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "put",
        title: "PUT",
        about: "The preflight asks for the method and the header, and the policy allows both.",
        request: Request {
            body: BODY,
            ..fetch("PUT", "/echo", &[JSON])
        },
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "delete",
        title: "DELETE",
        about: "The browser sends a preflight first; if the page's origin is not allowed, the server never gets the DELETE.",
        request: fetch("DELETE", "/echo", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "method-not-allowed",
        title: "PATCH, which is not allowed",
        about: "The response to the preflight does not list PATCH, so the browser does not send the request.",
        request: Request {
            body: BODY,
            ..fetch("PATCH", "/echo", &[JSON])
        },
        origin: Page::Here,
        blocked: true,
    },
    Scenario {
        id: "header-allowed",
        title: "A token in Authorization",
        about: "The preflight asks whether the page may set `authorization`; browsers send it without the token, \
                so the server must answer it without one.",
        request: fetch("GET", "/private", &[("authorization", "Bearer secret")]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "header-not-allowed",
        title: "A header that is not allowed",
        about: "`x-custom` is not in the list of allowed headers, so the browser does not send the request.",
        request: fetch("GET", "/echo", &[("x-custom", "1")]),
        origin: Page::Here,
        blocked: true,
    },
    Scenario {
        id: "cookies",
        title: "With cookies",
        about: "With `credentials: \"include\"`, the response must have `Access-Control-Allow-Credentials: true`, \
                and the origin instead of `*`.",
        request: Request {
            credentials: Include,
            ..fetch("GET", "/echo", &[])
        },
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "unauthorized",
        title: "A wrong token",
        about: "Authentication fails, and the page can read the 401: errors have the CORS headers, too, so the \
                console does not report a CORS error instead.",
        request: fetch("GET", "/private", &[("authorization", "Bearer wrong")]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "error-status",
        title: "The server fails",
        about: "The page can read the status 500, too; without the headers, it would learn only that the fetch \
                failed.",
        request: fetch("GET", "/status/500", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "not-found",
        title: "Not found",
        about: "The framework's own 404 has the headers, too, although no handler of the application ran.",
        request: fetch("GET", "/nowhere", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "own-cors",
        title: "A handler that writes CORS headers",
        about: "The handler writes `Access-Control-Allow-Origin` for another site; the policy replaces it, \
                because browsers reject two values.",
        request: fetch("GET", "/own-cors", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "vary",
        title: "Caches",
        about: "The response depends on the origin, so the policy adds `Vary: Origin` to the handler's own `Vary`, \
                and no cache gives one site's response to another.",
        request: fetch("GET", "/vary", &[]),
        origin: Page::Here,
        blocked: false,
    },
    Scenario {
        id: "not-allowed",
        title: "From a site that is not allowed",
        about: "The same GET from a page whose origin is not in the policy: the server responds, and the browser \
                does not let the page read the response.",
        request: fetch("GET", "/echo", &[]),
        origin: Page::Refused,
        blocked: true,
    },
    Scenario {
        id: "websocket",
        title: "A WebSocket from another site",
        about: "Browsers do not apply CORS to WebSockets, so a page that is not in the policy can open one and read \
                its messages, unless the policy has `refuse = [\"websocket\"]`.",
        request: Request {
            by: By::WebSocket,
            credentials: Include,
            ..fetch("GET", "/ws", &[])
        },
        origin: Page::Refused,
        blocked: false,
    },
    Scenario {
        id: "form",
        title: "A form from another site",
        about: "Browsers send a form of any page without a preflight, and the application handles it, unless the policy \
                has `refuse = [\"cross-site-writes\"]`.",
        request: Request {
            by: By::Form,
            credentials: Include,
            body: Some("name=Ada"),
            ..fetch("POST", "/echo", &[])
        },
        origin: Page::Refused,
        blocked: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_one_sentence_about_something_else() {
        let mut ids: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SCENARIOS.len());
        for scenario in &SCENARIOS {
            assert!(scenario.about.ends_with('.'), "{}", scenario.id);
            assert_eq!(scenario.about.matches(". ").count(), 0, "{}", scenario.id);
        }
    }
}
