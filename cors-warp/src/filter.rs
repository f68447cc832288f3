use std::cell::Cell;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use cors_tower::{Head, HttpCors, Outcome, ResponseHeaders};
use tower_service::Service as _;
use warp::http::Request;
use warp::http::uri::Authority;
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
        // A boxed filter always rejects with a `Rejection`.
        let rendered = routes.map(R::into_response).boxed().or_else(render);
        decide(self.0.clone())
            .and(rendered)
            .map(|headers: ResponseHeaders, mut response: Response| {
                headers.write(response.headers_mut());
                response
            })
            .or_else(answer)
    }
}

/// Decides the request. Rejects a preflight, with the response to it.
fn decide(
    cors: HttpCors,
) -> impl Filter<Extract = (ResponseHeaders,), Error = Rejection> + Clone + Send + Sync {
    thread_local! {
        /// The headers of the response of the application, or the response to a preflight.
        static DECIDED: Cell<Option<Result<ResponseHeaders, Response>>> = const { Cell::new(None) };
        /// `:authority`, where there is no `Host`.
        static AUTHORITY: Cell<Option<Authority>> = const { Cell::new(None) };
    }
    // Only a log gets the whole head of a request: its path as the client sent it, and all lines of its headers. Do
    // not use `warp::path::full` for the path: it panics if the target is `a.example:80`, and it is `/` with older
    // versions of `http`. A log cannot return anything, but the next filter runs in the same call of `poll`.
    let log = warp::log::custom(move |request| {
        let authority = AUTHORITY.take();
        let head = Head::new(request.method(), request.path(), request.request_headers());
        let head = head.authority(authority.as_ref().map(Authority::as_str));
        DECIDED.set(Some(match cors.decide(head) {
            Outcome::Forward(headers) => Ok(headers),
            Outcome::Respond(response) => Err(response),
        }));
    });
    let decided = warp::any().map(warp::reply).with(log);
    let known = authority().map(|authority| AUTHORITY.set(authority));
    known.untuple_one().and(decided).and_then(|_| {
        ready(match DECIDED.take() {
            Some(Ok(headers)) => Ok(headers),
            Some(Err(response)) => Err(reject::custom(Preflight(Mutex::new(Some(response))))),
            // Never.
            None => Err(reject::not_found()),
        })
    })
}

/// `:authority` of HTTP/2, where there is no `Host`. A log does not get it.
fn authority() -> impl Filter<Extract = (Option<Authority>,), Error = Infallible> + Copy {
    // Where there is a `Host`, nothing is parsed.
    warp::header::value("host")
        .map(|_| None)
        .or(warp::host::optional())
        .unify()
        .or(warp::any().map(|| None))
        .unify()
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
