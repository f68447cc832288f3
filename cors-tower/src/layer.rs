use cors_core::{LivePolicy, Policy, PolicySource};
use tower_layer::Layer;

use crate::head::{SentUri, UNCHANGED};
use crate::http_cors::HttpCors;
use crate::service::CorsService;

/// A [`Layer`] that applies a CORS policy to a service.
///
/// It must be the outermost layer. A layer outside of it answers preflights itself, and its responses have
/// no CORS headers. In a `ServiceBuilder`, the first layer is the outermost. Put compression inside, too:
/// outside it writes a second `Vary` line, and a cache that reads only one line (nginx 1.22 does) gives the
/// response for one origin to another.
///
/// Do not nest two of these layers: see [several policies](crate#several-policies).
///
/// The inner service's response body must implement [`Default`], for the responses to preflights. The bodies
/// of axum, tonic and http-body-util do. A body that does not, such as `hyper::body::Incoming` in a proxy,
/// has to be mapped to one that does.
///
/// A clone shares the policy; it only counts a reference.
///
/// # Examples
///
/// ```
/// use cors_tower::{CorsLayer, Grant, Policy};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let service = ServiceBuilder::new()
///     .layer(CorsLayer::new(policy)) // outermost
///     .map_response(|response: Response<String>| response.map(|body| body.to_uppercase()))
///     .service_fn(async |_: Request<()>| Ok::<_, &str>(Response::new("hello".to_owned())));
///
/// let request = Request::get("/").header("origin", "https://app.example.com").body(())?;
/// let response = service.oneshot(request).await?;
/// assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
/// assert_eq!(response.body(), "HELLO");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CorsLayer {
    cors: HttpCors,
    sent_uri: SentUri,
}

impl CorsLayer {
    /// A layer that applies `policy`: a [`Policy`], or a [`LivePolicy`](cors_core::LivePolicy) that can
    /// be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self {
            cors: HttpCors::new(policy),
            sent_uri: UNCHANGED,
        }
    }

    /// For a layer within a router that changes the URI of a request: `sent_uri` finds the one that the client sent. The
    /// routes of a policy are for its path. With the path that is left after a prefix was stripped, a request would get
    /// the grant of another route.
    ///
    /// `cors_axum::CorsLayer` does this for axum.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_tower::{Config, CorsLayer, Grant, Policy};
    /// use http::{Request, Response, Uri};
    /// use tower::{Layer as _, ServiceExt as _, service_fn};
    ///
    /// /// What a router adds to the extensions of a request before it strips a prefix.
    /// #[derive(Clone)]
    /// struct Original(Uri);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let policy = Policy::new(Config::new([]).route("/public", Grant::new(["*"])))?;
    /// let layer = CorsLayer::new(policy).sent_uri(|uri, extensions| match extensions.get() {
    ///     Some(Original(uri)) => uri,
    ///     None => uri,
    /// });
    /// let service = layer.layer(service_fn(async |_: Request<()>| Ok::<_, &str>(Response::new(()))));
    ///
    /// let request = Request::get("/public").extension(Original("/private/public".parse()?)).body(())?;
    /// let response = service.oneshot(request).await?;
    /// assert!(!response.headers().contains_key("access-control-allow-origin"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sent_uri(self, sent_uri: SentUri) -> Self {
        Self { sent_uri, ..self }
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.cors.policy()
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = CorsService<S>;

    fn layer(&self, inner: S) -> CorsService<S> {
        CorsService::with_sent_uri(inner, self.cors.clone(), self.sent_uri)
    }
}

impl From<Policy> for CorsLayer {
    fn from(policy: Policy) -> Self {
        Self::new(policy)
    }
}

impl From<LivePolicy> for CorsLayer {
    fn from(policy: LivePolicy) -> Self {
        Self::new(policy)
    }
}

impl From<&LivePolicy> for CorsLayer {
    fn from(policy: &LivePolicy) -> Self {
        Self::new(policy)
    }
}
