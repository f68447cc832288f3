//! A route of an application.

use bytes::Bytes;
use cors_browser_model::{Headers, Url};

use crate::page::fail;

/// A route of the application, and what a request to it needs.
///
/// # Examples
///
/// ```
/// use cors_test::Route;
///
/// let routes = [
///     Route::new("/me").header("Authorization", "Bearer secret").status(200),
///     Route::new("/items").methods(["GET", "POST"]).body("application/json", "{}"),
///     Route::new("/error").status(500),
/// ];
/// # let _ = routes;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a route does nothing by itself"]
pub struct Route {
    pub(super) url: Url,
    pub(super) methods: Vec<String>,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
    pub(super) status: Option<u16>,
}

/// The server of a route that is only a path.
pub(super) const SERVER: &str = "https://cors-test.example";

impl Route {
    /// A path, with `GET`; or a URL, if the application or the `hosts` of the policy look at the host.
    ///
    /// # Panics
    ///
    /// If this is neither a path that begins with a slash nor a URL with http or https.
    #[track_caller]
    pub fn new(path: &str) -> Self {
        let url = match path.starts_with('/') {
            true => format!("{SERVER}{path}"),
            false => path.to_owned(),
        };
        let url = match cors_explain::parse_url(&url) {
            Ok(url) => url,
            Err(error) => fail(&format!("{error}; a path begins with a slash: `/me`")),
        };
        Self {
            url,
            methods: vec!["GET".to_owned()],
            headers: Headers::new(),
            body: Bytes::new(),
            status: None,
        }
    }

    /// With these methods, instead of `GET`.
    ///
    /// # Panics
    ///
    /// If one is not a method.
    #[track_caller]
    pub fn methods<T: AsRef<str>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        let methods = methods.into_iter();
        self.methods = methods.map(|method| method.as_ref().to_owned()).collect();
        for method in &self.methods {
            if http::Method::from_bytes(method.as_bytes()).is_err() {
                fail(&format!("`{}` is not a method", method.escape_debug()));
            }
        }
        self
    }

    /// With a header that its requests need, such as `Authorization` or `Cookie`. The same requests are also sent without all of
    /// these headers.
    ///
    /// # Panics
    ///
    /// If a header cannot have this name or this value.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            fail(&format!("`{}` is not a header name", name.escape_debug()));
        }
        if http::HeaderValue::from_str(value).is_err() {
            fail(&format!("the value of `{name}` is not one of a header"));
        }
        self.headers.append(name, value);
        self
    }

    /// With a body for every method but `GET`, `HEAD` and `OPTIONS`, and its `Content-Type`.
    ///
    /// # Panics
    ///
    /// As [`header`](Self::header).
    #[track_caller]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// With this status of the responses to requests with the route's methods and headers. Another one is a finding: then the
    /// check did not test what was meant. Without it, any status is right.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}
