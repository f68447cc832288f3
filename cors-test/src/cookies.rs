//! The cookies of a page.

use cookie_store::{CookieStore, RawCookie};
use cors_browser_model::{
    CookieProfile, CrossSiteCookies, Destination, Engine, Headers, Mode, Origin, Relation, Request,
    SentRequest, Url,
};
use cors_explain::{SameSite, SetCookie, is_same_site};

/// The cookies that the application has set in one browser.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies {
    store: CookieStore,
    /// Those that are kept for the site of the page, of other sites.
    of_page: CookieStore,
}

impl Cookies {
    /// Keeps the cookies of a response to a request with credentials.
    pub(crate) fn keep(
        &mut self,
        engine: Engine,
        request: &Request,
        sent: &SentRequest,
        headers: &Headers,
    ) {
        let profile = &engine.profile().cookies;
        let context = Context::of(profile, request, sent);
        for line in headers.values("Set-Cookie") {
            let text = String::from_utf8_lossy(line);
            let Ok(cookie) = RawCookie::parse(text.as_ref()) else {
                continue;
            };
            let set = SetCookie::parse(&text);
            let is_kept = match context {
                Context::SameSite | Context::Redirected | Context::Navigation { .. } => {
                    !set.is_ignored(profile)
                }
                Context::CrossSite => set.is_sent_to_other_sites(profile),
            };
            if !is_kept || is_of_public_suffix(&cookie, &sent.url) {
                continue;
            }
            let for_page = context == Context::CrossSite
                && match profile.cross_site {
                    CrossSiteCookies::NotKept => continue,
                    CrossSiteCookies::Separate => true,
                    CrossSiteCookies::BySameSite => cookie.partitioned() == Some(true),
                };
            let store = match for_page {
                true => &mut self.of_page,
                false => &mut self.store,
            };
            // An invalid cookie, such as one of another domain, is ignored, as by browsers.
            let _ = store.insert_raw(&cookie, &sent.url);
        }
    }

    /// The value of `Cookie`, after redirects from other URLs.
    pub(crate) fn header(
        &self,
        engine: Engine,
        request: &Request,
        sent: &SentRequest,
        before: &[Url],
    ) -> Option<String> {
        let profile = &engine.profile().cookies;
        let mut context = Context::of(profile, request, sent);
        let is_other = |url: &Url| !is_same_site(profile, &request.origin, url);
        if context == Context::SameSite && profile.redirects_count && before.iter().any(is_other) {
            context = Context::Redirected;
        }
        let stores = match (context, profile.cross_site) {
            (Context::SameSite | Context::Redirected | Context::Navigation { .. }, _) => {
                vec![&self.store]
            }
            (Context::CrossSite, CrossSiteCookies::BySameSite) => vec![&self.store, &self.of_page],
            (Context::CrossSite, CrossSiteCookies::Separate) => vec![&self.of_page],
            (Context::CrossSite, CrossSiteCookies::NotKept) => vec![&self.store],
        };
        let cookies = stores
            .into_iter()
            .flat_map(|store| store.matches(&sent.url));
        let cookies = cookies.filter(|cookie| match same_site(profile, cookie) {
            SameSite::None => true,
            SameSite::Lax => matches!(
                context,
                Context::SameSite | Context::Navigation { is_safe: true }
            ),
            SameSite::Strict => context == Context::SameSite,
        });
        let pairs: Vec<_> = cookies
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// From where a request comes, as cookies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    SameSite,
    /// From a page of the same site, through another site.
    Redirected,
    /// Another document takes the place of the page, of another site. `is_safe`: the method is safe.
    Navigation {
        is_safe: bool,
    },
    CrossSite,
}

impl Context {
    fn of(profile: &CookieProfile, request: &Request, sent: &SentRequest) -> Self {
        if is_same_site(profile, &request.origin, &sent.url) {
            return Self::SameSite;
        }
        match request.mode == Mode::Navigate && request.destination == Destination::Document {
            true => Self::Navigation {
                is_safe: sent.method == "GET",
            },
            false => Self::CrossSite,
        }
    }
}

fn same_site(profile: &CookieProfile, cookie: &RawCookie<'_>) -> SameSite {
    let attribute = cookie.same_site().map(|attribute| match attribute {
        cookie::SameSite::None => SameSite::None,
        cookie::SameSite::Lax => SameSite::Lax,
        cookie::SameSite::Strict => SameSite::Strict,
    });
    SameSite::of(profile, attribute)
}

/// Whether a cookie is for all names under a public suffix, such as `com`. Browsers ignore it.
fn is_of_public_suffix(cookie: &RawCookie<'_>, url: &Url) -> bool {
    let Some(domain) = cookie
        .domain()
        .filter(|domain| Some(*domain) != url.host_str())
    else {
        return false;
    };
    let [parent, child] =
        ["", "a."].map(|prefix| Url::parse(&format!("https://{prefix}{domain}/")).ok());
    let parent = parent.and_then(|url| Origin::parse(&url.origin().ascii_serialization()));
    match (parent, child) {
        (Some(parent), Some(child)) => Relation::of(&parent, &child) == Relation::CrossSite,
        _ => false,
    }
}
