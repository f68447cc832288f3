use cors_tower::{CorsService, LivePolicy, Policy, PolicySource};
use tower_layer::Layer;

use crate::head::sent_uri;

/// A [`Layer`] that applies a CORS policy: for [`WithCors::with_cors`](crate::WithCors::with_cors), or for
/// [`Router::layer`](axum::Router::layer) as the last one. See [placement](crate#placement).
///
/// It is [`cors_tower::CorsLayer`] that also knows axum's nested routers: the routes of a policy are for the path that
/// the client sent, wherever the layer is.
///
/// A clone shares the policy; it only counts a reference.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use axum::body::Body;
/// use axum::http::Request;
/// use axum::routing::get;
/// use cors_axum::{Config, CorsLayer, Grant, Policy};
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::new(Config::new([]).route("/api/public", Grant::new(["*"])))?;
/// let api = Router::new().route("/public", get("hello")).layer(CorsLayer::new(policy));
/// let app = Router::new().nest("/api", api);
///
/// let request = Request::get("/api/public").header("origin", "https://app.example.com");
/// let response = app.oneshot(request.body(Body::empty())?).await?;
/// assert_eq!(response.headers()["access-control-allow-origin"], "*");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CorsLayer(cors_tower::CorsLayer);

impl CorsLayer {
    /// A layer that applies `policy`: a [`Policy`], or a [`LivePolicy`] that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(cors_tower::CorsLayer::new(policy).sent_uri(sent_uri))
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.0.policy()
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = CorsService<S>;

    fn layer(&self, inner: S) -> CorsService<S> {
        self.0.layer(inner)
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
