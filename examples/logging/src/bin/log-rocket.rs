//! Rocket, with its own log.

use std::error::Error;

use cors_rocket::{Cors, Policy};
use rocket::local::asynchronous::Client;
use rocket::{Config, routes};

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config {
        cli_colors: false,
        ..Config::debug_default()
    };
    let app = rocket::custom(config)
        .attach(Cors::new(Policy::from_file("cors.toml")?))
        .mount("/", routes![users, put_users]);
    let mut client = Client::untracked(app).await?;
    cors_logging::an_hour(&mut client).await;
    Ok(())
}

#[rocket::get("/users")]
fn users() -> &'static str {
    "[]"
}

#[rocket::put("/users")]
fn put_users() -> &'static str {
    "[]"
}
