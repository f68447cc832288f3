//! The smallest warp application with a CORS policy; the README shows it.

use cors_warp::{Cors, Policy};
use warp::Filter as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::from_file("cors.toml")?;
    let routes = warp::path::end().map(|| "hello");
    let app = Cors::new(policy).wrap(routes); // last: around everything
    warp::serve(app).run(([127, 0, 0, 1], 8080)).await;
    Ok(())
}
