//! warp, with `tracing-subscriber` and `warp::trace`.

use std::error::Error;

use cors_warp::{Cors, Policy};
use warp::Filter as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().without_time().init();

    let users = warp::path!("users").map(|| "[]");
    let app = Cors::new(Policy::from_file("cors.toml")?)
        .wrap(users)
        // Around the policy, so that its events are in the span of the request.
        .with(warp::trace::request());
    cors_logging::an_hour(&mut warp::service(app)).await;
    Ok(())
}
