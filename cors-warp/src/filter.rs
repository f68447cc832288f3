use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use cors_tower::{Outcome, ResponseHeaders};
use tower_service::Service as _;
use warp::http::{HeaderMap, Method, Request};
use warp::reject::{self, Reject};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::layer::Cors;

impl Cors {
    /// The filter form: applies the policy to `routes`, which must be everything that
    /// [`warp::serve`] serves.
    ///
    /// Preflights are answered before `routes` are tried. A rejection by `routes` becomes the response
    /// that warp itself makes of it, so the result never rejects: see [placement](crate#placement).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_warp::{Cors, Policy};
    /// use warp::Filter as _;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let routes = warp::path!("hello").map(|| "hello");
    /// let cors = Cors::new(Policy::from_file("cors.toml")?);
    /// warp::serve(cors.wrap(routes)).run(([127, 0, 0, 1], 3030)).await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`warp::serve`]: https://docs.rs/warp/0.4/warp/fn.serve.html
    pub fn wrap<F, R>(
        &self,
        routes: F,
    ) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static + use<F, R>
    where
        F: Filter<Extract = (R,)> + Clone + Send + Sync + 'static,
        F::Error: Into<Rejection>,
        R: Reply + 'static,
    {
        let cors = self.0.clone();
        let decide = move |method: Method, headers: HeaderMap| {
            ready(match cors.decide(&method, &headers) {
                Outcome::Respond(response) => {
                    Err(reject::custom(Preflight(Mutex::new(Some(response)))))
                }
                Outcome::Forward(headers) => Ok(headers),
            })
        };
        // A boxed filter always rejects with a `Rejection`.
        let rendered = routes.map(R::into_response).boxed().or_else(render);
        warp::method()
            // Copied, because only warp's own filters can see all lines of a header.
            .and(warp::header::headers_cloned())
            .and_then(decide)
            .and(rendered)
            .map(|headers: ResponseHeaders, mut response: Response| {
                headers.write(response.headers_mut());
                response
            })
            .or_else(answer)
    }
}

/// The response to a preflight. Only a rejection keeps warp from running the next filter.
///
/// A rejection gives only a reference to its content. The lock makes it possible to take the response out.
#[derive(Debug)]
struct Preflight(Mutex<Option<Response>>);

impl Reject for Preflight {}

async fn answer(rejection: Rejection) -> Result<(Response,), Infallible> {
    let preflight = rejection
        .find::<Preflight>()
        .and_then(|Preflight(response)| {
            let mut response = response.lock().unwrap_or_else(PoisonError::into_inner);
            response.take()
        });
    match preflight {
        Some(response) => Ok((response,)),
        None => render(rejection).await,
    }
}

/// Lets warp turn a rejection into a response.
///
/// Do not look for the known rejections with [`Rejection::find`]: it does not find all of them, nor the one
/// that warp prefers in a combination. Only a service renders every rejection as warp does. In a debug build,
/// warp panics if a service runs within a filter, so the service runs in a task of its own.
async fn render(rejection: Rejection) -> Result<(Response,), Infallible> {
    // The type of a filter allows many calls; this one is called once.
    let rejection = Arc::new(Mutex::new(Some(rejection)));
    let reject = move || {
        let mut rejection = rejection.lock().unwrap_or_else(PoisonError::into_inner);
        let rejection = rejection.take().unwrap_or_else(reject::not_found);
        ready(Err::<Response, _>(rejection))
    };
    let mut service = warp::service(warp::any().and_then(reject));
    let request = Request::new(String::new());
    match tokio::spawn(async move { service.call(request).await }).await {
        Ok(Ok(response)) => Ok((response,)),
        Err(error) => match error.try_into_panic() {
            // warp renders a custom rejection by its `Debug`, which may panic.
            Ok(payload) => resume_unwind(payload),
            // The runtime is shutting down, and will drop the task that waits here.
            Err(_) => pending().await,
        },
    }
}
