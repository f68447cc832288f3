//! Cookies that a browser does not send back to a server of another site.

use cors_browser_model::{CookieProfile, Engine, Exchange, Kind, Request};

use super::finding::Finding;
use crate::cookie::{SameSite, SetCookie};
use crate::diagnostic::Severity;
use crate::request::{asks_for_cookies_of_another_site, is_of_another_site};
use crate::text::{Short, enumerate};

/// A note about the cookies that responses set for a page of another site, and that a browser does not send back with
/// that page's requests. `None` if every cookie is sent, or the request does not include credentials.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Credentials, Origin, Request, Response, SentRequest, Url};
/// use cors_explain::Simulation;
/// use cors_explain::server::cookies_not_sent;
///
/// let page = Origin::parse("https://app.example").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let get = get.credentials(Credentials::Include);
/// let response = Response::new(200, [("Set-Cookie", "sid=secret; HttpOnly")]);
/// let simulation = Simulation::new(&get, &mut |_: &SentRequest| Some(response.clone()));
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let finding = cookies_not_sent(&get, &run.exchanges).ok_or("nothing found")?;
/// assert!(finding.message.contains("`sid` (no `SameSite`)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cookies_not_sent(request: &Request, exchanges: &[Exchange]) -> Option<Finding> {
    if !asks_for_cookies_of_another_site(request) {
        return None;
    }
    let profiles: Vec<_> = Engine::BROWSERS
        .iter()
        .map(|engine| &engine.profile().cookies)
        .collect();
    let of_another_site = exchanges.iter().filter(|exchange| {
        exchange.kind == Kind::Actual && is_of_another_site(&request.origin, &exchange.sent.url)
    });
    let mut cookies: Vec<String> = Vec::new();
    for response in of_another_site.filter_map(|exchange| exchange.response.as_ref()) {
        for line in response.headers.values("Set-Cookie") {
            let cookie = SetCookie::parse(&String::from_utf8_lossy(line));
            let is_sent = |profile: &&CookieProfile| cookie.is_sent_to_other_sites(profile);
            if cookie.name.is_empty() || profiles.iter().all(is_sent) {
                continue;
            }
            let why = match cookie.same_site {
                None => "no `SameSite`",
                Some(SameSite::None) => "`SameSite=None` without `Secure`",
                Some(SameSite::Lax) => "`SameSite=Lax`",
                Some(SameSite::Strict) => "`SameSite=Strict`",
            };
            let text = format!("`{}` ({why})", Short(&cookie.name));
            if !cookies.contains(&text) {
                cookies.push(text);
            }
        }
    }
    if cookies.is_empty() {
        return None;
    }
    let (what, them, are) = match cookies.len() {
        1 => ("the cookie", "it", "is"),
        _ => ("the cookies", "them", "are"),
    };
    let finding = Finding::warning(
        "cookie-not-sent",
        format!(
            "{what} {} {are} not sent with this page's requests by every browser: the server is of another site",
            enumerate(&cookies)
        ),
        format!(
            "if the page needs {them}, set {them} with `SameSite=None; Secure`, and with `Partitioned` where possible; \
             Safari blocks {them} nevertheless, so serve the page and this server from one site, such as \
             `https://app.example.com` and `https://api.example.com`"
        ),
    );
    Some(finding.with_severity(Severity::Note))
}

#[cfg(test)]
mod tests {
    use cors_browser_model::{Credentials, Headers, Origin, Response, SentRequest, Url};

    use super::*;
    use crate::simulation::Simulation;

    #[track_caller]
    fn check(page: &str, credentials: Credentials, cookies: &[&str], expected: Option<&str>) {
        let url = Url::parse("https://api.example.com/").unwrap();
        let page = Origin::parse(page).unwrap();
        let get = Request::new(url, page).credentials(credentials);
        let lines = cookies.iter().map(|cookie| ("Set-Cookie", *cookie));
        let response = Response::new(200, Headers::from_iter(lines));
        let simulation = Simulation::new(&get, &mut |_: &SentRequest| Some(response.clone()));
        let (_, run) = simulation.shown().unwrap();
        let finding = cookies_not_sent(&get, &run.exchanges);
        let message = finding.map(|finding| finding.message);
        let expected = expected.map(|names| {
            format!("{names} not sent with this page's requests by every browser: the server is of another site")
        });
        assert_eq!(message, expected, "{cookies:?}");
    }

    #[test]
    fn cookies() {
        let (other, include) = ("https://app.vercel.app", Credentials::Include);
        let good = "a=b; SameSite=None; Secure";
        check(other, include, &[], None);
        check(other, include, &[good], None);
        check(
            other,
            include,
            &["sid=secret", good, "sid=again"],
            Some("the cookie `sid` (no `SameSite`) is"),
        );
        check(
            other,
            include,
            &[
                "a=b; SameSite=None",
                "b=c; SameSite=Lax; Secure",
                "c=d; SameSite=Strict",
            ],
            Some(
                "the cookies `a` (`SameSite=None` without `Secure`), `b` (`SameSite=Lax`) and `c` (`SameSite=Strict`) are",
            ),
        );
        check(other, Credentials::SameOrigin, &["sid=secret"], None);
        check(other, Credentials::Omit, &["sid=secret"], None);
        check("https://app.example.com", include, &["sid=secret"], None);
        check("https://api.example.com", include, &["sid=secret"], None);
        // For Firefox and WebKit, the scheme is not a part of the site.
        check("http://app.example.com", include, &["sid=secret"], None);
    }
}
