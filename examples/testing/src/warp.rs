//! warp.

use std::convert::Infallible;

use bytes::Bytes;
use cors_warp::{Cors, LoadError, Policy};
use warp::http::StatusCode;
use warp::path::FullPath;
use warp::reject::{self, MethodNotAllowed, Reject};
use warp::reply::{Response, with_header, with_status};
use warp::{Filter, Rejection, Reply};

use crate::{may_enter, session};

/// The application: the policy is around authentication and `recover`.
///
/// # Errors
///
/// When the policy cannot be read, or is invalid.
pub fn app() -> Result<impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone, LoadError>
{
    let app = authenticated().and(routes()).recover(recovered);
    Ok(cors()?.wrap(app))
}

/// The policy's middleware.
///
/// # Errors
///
/// When the policy cannot be read, or is invalid.
pub fn cors() -> Result<Cors, LoadError> {
    Ok(Cors::new(Policy::from_file("cors.toml")?))
}

/// The routes.
pub fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let me = warp::path!("me").and(warp::get()).map(|| {
        let reply = with_header("Ada", "x-request-id", "1");
        with_header(reply, "x-secret", "2")
    });
    let items = warp::path!("items" / u32)
        .and(warp::put())
        .and(warp::body::bytes())
        .map(|_, body: Bytes| body.to_vec());
    let broken = warp::path!("broken")
        .and(warp::get())
        .and_then(async || Err::<&str, _>(reject::custom(Broken)));
    let login = warp::path!("login")
        .and(warp::post())
        .map(|| with_header(StatusCode::NO_CONTENT, "set-cookie", "sid=1; SameSite=Lax"));
    let session = warp::path!("session")
        .and(warp::get())
        .and(warp::header::optional("cookie"))
        .map(|cookies: Option<String>| session(cookies.unwrap_or_default().as_bytes()));
    let options = warp::path!("session")
        .and(warp::options())
        .map(|| with_header(StatusCode::NO_CONTENT, "x-request-id", "1"));
    let own = warp::path!("own")
        .and(warp::get())
        .map(|| with_header("own", "access-control-allow-origin", "*"));
    let open = login.or(session).or(options).or(own);
    me.or(items).or(broken).or(open)
}

/// Authentication: `authenticated().and(routes)`.
pub fn authenticated() -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::path::full()
        .and(warp::header::optional("authorization"))
        .and_then(async |path: FullPath, token: Option<String>| {
            match may_enter(path.as_str(), token.as_deref().map(str::as_bytes)) {
                true => Ok(()),
                false => Err(reject::custom(Unauthorized)),
            }
        })
        .untuple_one()
}

#[derive(Debug)]
struct Unauthorized;

impl Reject for Unauthorized {}

#[derive(Debug)]
struct Broken;

impl Reject for Broken {}

/// Responds to what the filters reject.
///
/// # Errors
///
/// With a rejection of other filters.
pub async fn recovered(rejection: Rejection) -> Result<Response, Rejection> {
    let (status, text) = if rejection.find::<Unauthorized>().is_some() {
        (StatusCode::UNAUTHORIZED, "who are you?")
    } else if rejection.find::<Broken>().is_some() {
        (StatusCode::INTERNAL_SERVER_ERROR, "broken")
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        (StatusCode::METHOD_NOT_ALLOWED, "not with this method")
    } else if rejection.is_not_found() {
        (StatusCode::NOT_FOUND, "no such page")
    } else {
        return Err(rejection);
    };
    Ok(with_status(text, status).into_response())
}
