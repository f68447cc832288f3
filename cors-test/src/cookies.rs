//! The cookies of a page.

use cookie_store::{CookieStore, RawCookie};
use cors_browser_model::{Destination, Headers, Mode, Relation, Request, SentRequest, Url};

/// The cookies that the application has set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(CookieStore);

impl Cookies {
    /// Keeps the cookies of a response to a request with credentials.
    pub(crate) fn keep(&mut self, request: &Request, sent: &SentRequest, headers: &Headers) {
        for line in headers.values("Set-Cookie") {
            let text = String::from_utf8_lossy(line);
            let Ok(cookie) = RawCookie::parse(text.as_ref()) else {
                continue;
            };
            if may_cross(request, &sent.url, &cookie) {
                // An invalid cookie, such as one of another domain, is ignored, as by browsers.
                let _ = self.0.insert_raw(&cookie, &sent.url);
            }
        }
    }

    /// The value of `Cookie`.
    pub(crate) fn header(&self, request: &Request, url: &Url) -> Option<String> {
        let cookies = self.0.matches(url);
        let sent = cookies
            .iter()
            .filter(|cookie| may_cross(request, url, cookie));
        let pairs: Vec<_> = sent
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// Whether a cookie is sent from this page to this URL, and kept:
/// [RFC 6265bis, section 5.6.7.1](https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html#section-5.6.7.1).
fn may_cross(request: &Request, url: &Url, cookie: &RawCookie<'_>) -> bool {
    use cookie::SameSite;

    if Relation::of(&request.origin, url) != Relation::CrossSite {
        return true;
    }
    match cookie.same_site() {
        Some(SameSite::None) => cookie.secure() == Some(true),
        Some(SameSite::Strict) => false,
        // `Lax` is the default.
        Some(SameSite::Lax) | None => {
            request.mode == Mode::Navigate
                && request.destination == Destination::Document
                && request.method == "GET"
        }
    }
}
