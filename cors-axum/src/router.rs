use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
#[cfg(feature = "tokio")]
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::http::Request;
use axum::response::Response;
use axum::routing::IntoMakeService;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router, ServiceExt};
use cors_tower::{CorsFuture, CorsService};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::layer::CorsLayer;

/// Puts a CORS policy around a whole [`Router`].
///
/// A router that needs a state must get it first, with [`Router::with_state`].
pub trait WithCors: sealed::Sealed {
    /// The state that the router still needs. It must be `()`.
    type State;

    /// Applies `cors` to everything in this router: routes, nested routers and services, layers,
    /// fallbacks, and axum's own 404 and 405 responses. `cors` is a [`Policy`](crate::Policy), a
    /// [`LivePolicy`](crate::LivePolicy) or a [`CorsLayer`].
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use axum::body::Body;
    /// use axum::http::{Method, Request, StatusCode, header};
    /// use axum::routing::get;
    /// use cors_axum::{Grant, Policy, WithCors as _};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let policy = Policy::new(
    ///     Grant::new(["https://app.example.com"])
    ///         .allow_methods([Method::PUT, Method::DELETE])
    ///         .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]),
    /// )?;
    /// let app = Router::new()
    ///     .route("/", get(|| async { "hello" }))
    ///     .with_cors(policy);
    ///
    /// let request = Request::get("/no/such/route")
    ///     .header("origin", "https://app.example.com")
    ///     .body(Body::empty())?;
    /// let response = app.oneshot(request).await?;
    /// assert_eq!(response.status(), StatusCode::NOT_FOUND);
    /// assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A router without its state does not compile; the compiler names `with_state`:
    ///
    /// ```compile_fail,E0277
    /// # use axum::Router;
    /// # use cors_axum::{Grant, Policy, WithCors as _};
    /// # let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
    /// let app = Router::<String>::new().with_cors(policy);
    /// # Ok::<(), cors_axum::ConfigErrors>(())
    /// ```
    fn with_cors(self, cors: impl Into<CorsLayer>) -> CorsRouter
    where
        Self::State: sealed::NoState;
}

impl WithCors for Router {
    type State = ();

    fn with_cors(self, cors: impl Into<CorsLayer>) -> CorsRouter {
        // Handlers become services when a router gets its state. Without this call, that would happen
        // again for every request.
        CorsRouter(cors.into().layer(self.with_state(())))
    }
}

/// For routers that still need a state: the compiler finds the method here and says what is missing. With
/// one `impl` for all states, the compiler could not infer the type of `Router::new().with_cors(policy)`.
impl<S: Clone + Send + Sync + 'static> WithCors for &Router<S> {
    type State = S;

    fn with_cors(self, cors: impl Into<CorsLayer>) -> CorsRouter
    where
        S: sealed::NoState,
    {
        self.clone().with_state(S::VALUE).with_cors(cors)
    }
}

/// A [`Router`] with a CORS policy around it. Made by [`WithCors::with_cors`].
///
/// It is not a `Router`, so nothing can be added that the policy would not cover:
///
/// ```compile_fail,E0599
/// # use axum::Router;
/// # use axum::routing::get;
/// # use cors_axum::{CorsLayer, Grant, Policy, WithCors as _};
/// # let cors = CorsLayer::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let app = Router::new()
///     .with_cors(cors)
///     .route("/late", get(|| async { "no method named `route` found" }));
/// # Ok::<(), cors_axum::ConfigErrors>(())
/// ```
///
/// Use it in place of the router: `axum::serve` accepts it, and so does everything else that accepts
/// a [`Service`].
///
/// # Examples
///
/// ```no_run
/// use axum::Router;
/// use cors_axum::{Policy, WithCors as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Router::new().with_cors(Policy::from_file("cors.toml")?);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, app).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CorsRouter(CorsService<Router>);

impl CorsRouter {
    /// The same as [`Router::into_make_service`].
    #[must_use]
    pub fn into_make_service(self) -> IntoMakeService<Self> {
        ServiceExt::<Request<Body>>::into_make_service(self)
    }

    /// The same as [`Router::into_make_service_with_connect_info`]: for handlers that extract
    /// [`ConnectInfo`](axum::extract::ConnectInfo).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use axum::extract::ConnectInfo;
    /// use axum::routing::get;
    /// use cors_axum::{Policy, WithCors as _};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// async fn peer(ConnectInfo(peer): ConnectInfo<SocketAddr>) -> String {
    ///     peer.to_string()
    /// }
    ///
    /// let app = Router::new()
    ///     .route("/", get(peer))
    ///     .with_cors(Policy::from_file("cors.toml")?);
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Self, C> {
        ServiceExt::<Request<Body>>::into_make_service_with_connect_info(self)
    }
}

impl<B> Service<Request<B>> for CorsRouter
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = CorsFuture<RouteFuture<Infallible>, Body>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request)
    }
}

/// What `axum::serve` requires of its argument: it creates a service for each connection.
#[cfg(all(feature = "tokio", any(feature = "http1", feature = "http2")))]
impl<L: axum::serve::Listener> Service<axum::serve::IncomingStream<'_, L>> for CorsRouter {
    type Response = Self;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: axum::serve::IncomingStream<'_, L>) -> Self::Future {
        std::future::ready(Ok(self.clone()))
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for axum::Router {}
    impl<S> Sealed for &axum::Router<S> {}

    /// The state of a router that needs no state.
    #[diagnostic::on_unimplemented(
        message = "this `Router` needs a state of type `{Self}`",
        label = "call `.with_state(state)` before `.with_cors(policy)`"
    )]
    pub trait NoState {
        const VALUE: Self;
    }

    impl NoState for () {
        const VALUE: Self = ();
    }
}
