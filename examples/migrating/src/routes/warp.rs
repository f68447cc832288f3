//! warp.

use warp::http::{Method, StatusCode};
use warp::reject::{self, Reject};
use warp::reply::{self, with_header};
use warp::ws::Ws;
use warp::{Filter, Rejection, Reply};

/// The routes.
pub fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let items = warp::path!("items").and(warp::method()).and_then(items);
    let broken = warp::path!("broken").and(warp::get()).and_then(broken);
    let own = warp::path!("own").and(warp::get()).map(own);
    let ws = warp::path!("ws").and(warp::ws()).map(ws);
    items.or(broken).or(own).or(ws)
}

async fn items(method: Method) -> Result<impl Reply, Rejection> {
    let reply = match method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT => {
            reply::html("items").into_response()
        }
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => return Err(reject::not_found()),
    };
    Ok(with_header(reply, "x-request-id", "1"))
}

#[derive(Debug)]
struct Broken;

impl Reject for Broken {}

async fn broken() -> Result<&'static str, Rejection> {
    Err(reject::custom(Broken))
}

/// A handler that writes a header which is the middleware's to write.
fn own() -> impl Reply {
    let reply = with_header(reply::reply(), "access-control-allow-origin", "*");
    with_header(reply, "vary", "accept-encoding")
}

/// A WebSocket that is closed at once.
fn ws(ws: Ws) -> impl Reply {
    ws.on_upgrade(|_socket| async {})
}
