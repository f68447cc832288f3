//! [Fetch Metadata](https://w3c.github.io/webappsec-fetch-metadata/): what a browser tells a server about where a request
//! comes from.

use url::{Host, Url};

use crate::header::Headers;
use crate::in_flight::InFlight;
use crate::origin::Origin;
use crate::request::Mode;

/// How far a URL is from a page: the value of `Sec-Fetch-Site`.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Relation, Url};
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let of = |url: &str| Url::parse(url).map(|url| Relation::of(&page, &url));
/// assert_eq!(of("https://app.example.com/"), Ok(Relation::SameOrigin));
/// assert_eq!(of("https://api.example.com/"), Ok(Relation::SameSite));
/// assert_eq!(of("http://api.example.com/"), Ok(Relation::CrossSite));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// [Same origin](https://html.spec.whatwg.org/multipage/browsers.html#same-origin).
    #[default]
    SameOrigin,
    /// Another origin of the [same site](https://html.spec.whatwg.org/multipage/browsers.html#same-site).
    SameSite,
    /// Another site.
    CrossSite,
}

impl Relation {
    /// How far a URL is from a page of an origin.
    pub fn of(origin: &Origin, url: &Url) -> Self {
        if origin.is_same_origin(url) {
            return Self::SameOrigin;
        }
        let page = match origin {
            Origin::Opaque => None,
            Origin::Tuple(_) => Url::parse(&origin.to_string()).ok(),
        };
        match page.is_some_and(|page| is_same_site(&page, url)) {
            true => Self::SameSite,
            false => Self::CrossSite,
        }
    }

    const fn value(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

/// [Appends the Fetch metadata headers](https://w3c.github.io/webappsec-fetch-metadata/#fetch-integration) of an actual
/// request. `Sec-Fetch-User` is left out: no user does something in the model.
pub(crate) fn append(flight: &InFlight, headers: &mut Headers) {
    if !(flight.has_left && flight.profile().cross_origin_redirect_drops_metadata) {
        append_all(flight, headers);
    }
}

fn append_all(flight: &InFlight, headers: &mut Headers) {
    let request = &flight.request;
    let destination = match request.mode {
        Mode::WebSocket => flight.profile().websocket_destination,
        _ => Some(request.destination.value()),
    };
    if let Some(destination) = destination
        && is_potentially_trustworthy(&request.url)
    {
        headers.append("Sec-Fetch-Dest", destination);
        headers.append("Sec-Fetch-Mode", request.mode.value());
        headers.append("Sec-Fetch-Site", flight.relation.value());
    }
}

/// The same for a preflight.
pub(crate) fn append_to_preflight(flight: &InFlight, headers: &mut Headers) {
    if is_potentially_trustworthy(&flight.request.url) {
        append_all(flight, headers);
    } else if flight.profile().preflight_mode_to_plain_http {
        headers.append("Sec-Fetch-Mode", flight.request.mode.value());
    }
}

/// Whether a URL is
/// [potentially trustworthy](https://w3c.github.io/webappsec-secure-contexts/#is-url-trustworthy).
fn is_potentially_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Whether two URLs are [same site](https://html.spec.whatwg.org/multipage/browsers.html#same-site).
fn is_same_site(a: &Url, b: &Url) -> bool {
    let is_same_host = || match (a.host(), b.host()) {
        (Some(Host::Domain(a)), Some(Host::Domain(b))) => {
            a == b
                || registrable_domain(a).is_some_and(|domain| registrable_domain(b) == Some(domain))
        }
        (a, b) => a.is_some() && a == b,
    };
    a.scheme() == b.scheme() && is_same_host()
}

fn registrable_domain(host: &str) -> Option<&str> {
    psl::domain_str(host)
}
