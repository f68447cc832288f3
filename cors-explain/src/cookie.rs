//! What browsers do with cookies in requests to other sites.

use cors_browser_model::{CookieProfile, Origin, Relation, Url};

/// With which requests a cookie is sent:
/// [RFC 6265bis, section 5.6.7](https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html#section-5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameSite {
    /// With all requests.
    None,
    /// With those of the same site, and with navigations that only read.
    Lax,
    /// With those of the same site.
    Strict,
}

impl SameSite {
    /// The effect of a cookie's attribute in an engine. An unknown value counts as none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::Engine;
    /// use cors_explain::SameSite;
    ///
    /// let chromium = &Engine::Chromium.profile().cookies;
    /// assert_eq!(SameSite::of(chromium, None), SameSite::Lax);
    /// let firefox = &Engine::Firefox.profile().cookies;
    /// assert_eq!(SameSite::of(firefox, None), SameSite::None);
    /// assert_eq!(SameSite::of(firefox, Some(SameSite::Strict)), SameSite::Strict);
    /// ```
    pub fn of(profile: &CookieProfile, attribute: Option<Self>) -> Self {
        match attribute {
            Some(attribute) => attribute,
            None if profile.lax_by_default => Self::Lax,
            None => Self::None,
        }
    }
}

/// The parts of `Set-Cookie` that decide whether a page of another site gets the cookie sent back.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Engine;
/// use cors_explain::SetCookie;
///
/// let chromium = &Engine::Chromium.profile().cookies;
/// let cookie = SetCookie::parse("sid=secret; Path=/; HttpOnly");
/// assert_eq!(cookie.name, "sid");
/// assert!(!cookie.is_sent_to_other_sites(chromium));
/// let cookie = SetCookie::parse("sid=secret; SameSite=None; Secure");
/// assert!(cookie.is_sent_to_other_sites(chromium));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetCookie {
    /// The name.
    pub name: String,
    /// The attribute `SameSite`, if it has a known value.
    pub same_site: Option<SameSite>,
    /// Whether it has the attribute `Secure`.
    pub is_secure: bool,
}

impl SetCookie {
    /// Reads the value of `Set-Cookie`.
    pub fn parse(line: &str) -> Self {
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let name = pair.split_once('=').map_or("", |(name, _)| name.trim());
        let mut cookie = Self {
            name: name.to_owned(),
            same_site: None,
            is_secure: false,
        };
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.is_secure = true,
                "samesite" => {
                    cookie.same_site = match value.trim().to_ascii_lowercase().as_str() {
                        "none" => Some(SameSite::None),
                        "lax" => Some(SameSite::Lax),
                        "strict" => Some(SameSite::Strict),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        cookie
    }

    /// Whether an engine ignores it: `SameSite=None` needs `Secure`.
    pub fn is_ignored(&self, profile: &CookieProfile) -> bool {
        self.same_site == Some(SameSite::None) && profile.none_needs_secure && !self.is_secure
    }

    /// Whether an engine sends it with requests of other sites, as far as its attributes decide that. The user's settings
    /// may block it nevertheless.
    pub fn is_sent_to_other_sites(&self, profile: &CookieProfile) -> bool {
        SameSite::of(profile, self.same_site) == SameSite::None && !self.is_ignored(profile)
    }
}

/// Whether a request of a page is one of the same site, for cookies. In some engines, the scheme is not a part of the site.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, Origin, Url};
/// use cors_explain::is_same_site;
///
/// let page = Origin::parse("http://app.example.com").ok_or("no origin")?;
/// let url = Url::parse("https://api.example.com/")?;
/// assert!(!is_same_site(&Engine::Chromium.profile().cookies, &page, &url));
/// assert!(is_same_site(&Engine::Firefox.profile().cookies, &page, &url));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_same_site(profile: &CookieProfile, origin: &Origin, url: &Url) -> bool {
    let mut url = url.clone();
    if !profile.site_has_scheme {
        let is_https = origin.to_string().starts_with("https:");
        let scheme = if is_https { "https" } else { "http" };
        // Both schemes are special, so it succeeds: <https://url.spec.whatwg.org/#scheme-state>.
        let _ = url.set_scheme(scheme);
    }
    Relation::of(origin, &url) != Relation::CrossSite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes() {
        #[track_caller]
        fn check(line: &str, name: &str, same_site: Option<SameSite>, is_secure: bool) {
            let name = name.to_owned();
            let expected = SetCookie {
                name,
                same_site,
                is_secure,
            };
            assert_eq!(SetCookie::parse(line), expected, "{line}");
        }
        let none = Some(SameSite::None);
        check("a=b", "a", None, false);
        check(" a = b ; secure", "a", None, true);
        check("a=SameSite=None; x", "a", None, false);
        check("a=b; SameSite=None; Secure", "a", none, true);
        check("a=b;samesite = none;SECURE=", "a", none, true);
        check("a=b; SameSite=lax", "a", Some(SameSite::Lax), false);
        check("a=b; SameSite=Strict", "a", Some(SameSite::Strict), false);
        check("a=b; SameSite=Lax; SameSite=None", "a", none, false);
        check("a=b; SameSite", "a", None, false);
        check("a=b; SameSite=no", "a", None, false);
        check("b", "", None, false);
        check("", "", None, false);
    }
}
