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
    /// The filter form: puts the policy around `routes`, which are everything that
    /// [`warp::serve`] serves.
    ///
    /// Preflights are answered before `routes` are tried. What `routes` reject becomes the response
    /// that warp itself makes of the rejection, so the result rejects nothing: see
    /// [placement](crate#placement).
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
        // Boxed, whatever `routes` reject with is a `Rejection`.
        let rendered = routes.map(R::into_response).boxed().or_else(render);
        warp::method()
            // Copied, because warp shows all lines of a field to its own filters only.
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

/// The response to a preflight. To reject is the only way for a filter not to run the next one.
///
/// A rejection shows what is in it and does not give it back: hence the lock, to take it out.
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

/// Has warp make a response of a rejection.
///
/// It is tempting to look for the known rejections with [`Rejection::find`]. That finds neither all
/// of them nor the one that warp prefers in a combination. Only a service renders exactly, and
/// within a filter warp's debug builds panic on a service: hence the task.
async fn render(rejection: Rejection) -> Result<(Response,), Infallible> {
    // A filter could be called many times; this one is called once.
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
            // A custom rejection is rendered by its `Debug`, which may panic.
            Ok(payload) => resume_unwind(payload),
            // The runtime is shutting down, and the task that waits here goes with it.
            Err(_) => pending().await,
        },
    }
}
