//! warp with cors-warp.

use std::sync::mpsc::Sender;

// guide: new
use cors_warp::{Cors, Policy};
// guide: end
// guide: guard
use cors_warp::{Head, Verdict};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::path::FullPath;
use warp::reject::{self, Reject};
use warp::{Filter, Rejection};
// guide: end
use tokio::net::TcpListener;

use crate::routes::warp::routes;
use crate::server::{ServerError, listen, runtime};

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    runtime()?.block_on(async {
        let listener = TcpListener::from_std(listen(&started)?)?;
        // guide: new

        let cors = Cors::new(Policy::from_file("cors.toml")?);
        // guide: end
        // guide: guard

        let policy = cors.policy();
        let guarded = warp::path!("guarded").and(known_origin(policy));
        let guarded = guarded.map(|| "guarded").recover(refuse);
        // guide: end
        let routes = || routes().or(guarded);
        // guide: new
        let app = cors.wrap(routes()); // last: around everything
        warp::serve(app).incoming(listener).run().await;
        // guide: end
        Ok(())
    })
}

// guide: guard

/// Passes requests that are not from a page of an origin without a grant.
fn known_origin(policy: Policy) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    let check = move |method: Method, path: FullPath, headers: HeaderMap| {
        let head = Head::new(&method, path.as_str(), &headers);
        std::future::ready(match policy.decide(&head).verdict() {
            Verdict::NoGrant => Err(reject::custom(UnknownOrigin)),
            Verdict::Granted(_) | Verdict::NoOrigin => Ok(()),
        })
    };
    let head = warp::method().and(warp::path::full());
    let head = head.and(warp::header::headers_cloned());
    head.and_then(check).untuple_one()
}

#[derive(Debug)]
struct UnknownOrigin;

impl Reject for UnknownOrigin {}

async fn refuse(rejection: Rejection) -> Result<StatusCode, Rejection> {
    match rejection.find::<UnknownOrigin>() {
        Some(_) => Ok(StatusCode::FORBIDDEN),
        None => Err(rejection),
    }
}
// guide: end
