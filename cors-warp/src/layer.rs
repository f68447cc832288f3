use cors_tower::{CorsService, HttpCors, Policy, PolicySource};
use tower_layer::Layer;

/// A CORS policy for a warp server: [`wrap`](Self::wrap) it around filters, or
/// [`layer`](Self::layer) it around a service.
///
/// A clone shares the policy; it only counts a reference.
#[derive(Clone, Debug)]
pub struct Cors(pub(crate) HttpCors);

impl Cors {
    /// Applies `policy`: a [`Policy`], or a [`LivePolicy`](crate::LivePolicy) that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(HttpCors::new(policy))
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.0.policy()
    }

    /// The tower form: applies the policy to `service`, which is
    /// [`warp::service(routes)`](warp::service), with or without other tower layers around it.
    ///
    /// It is faster than [`wrap`](Self::wrap) and does not need tokio, but [`warp::serve`] serves only
    /// filters. The [`serve`](crate::serve()) of this crate accepts it, and so does every other server of
    /// tower services. [`Cors`] also implements tower's [`Layer`], for a `ServiceBuilder`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_warp::{Cors, Grant, Policy};
    /// use tower::ServiceExt as _;
    /// use warp::Filter as _;
    /// use warp::http::{Request, StatusCode};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let routes = warp::path!("hello").map(|| "hello");
    /// let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
    /// let service = cors.layer(warp::service(routes));
    ///
    /// let request = Request::get("/nowhere").header("origin", "https://app.example.com");
    /// let response = service.oneshot(request.body(String::new())?).await?;
    /// assert_eq!(response.status(), StatusCode::NOT_FOUND);
    /// assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`warp::serve`]: https://docs.rs/warp/0.4/warp/fn.serve.html
    pub fn layer<S>(&self, service: S) -> CorsService<S> {
        CorsService::new(service, self.0.clone())
    }
}

impl<S> Layer<S> for Cors {
    type Service = CorsService<S>;

    fn layer(&self, service: S) -> CorsService<S> {
        Self::layer(self, service)
    }
}
