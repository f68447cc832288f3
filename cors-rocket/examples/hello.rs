//! The smallest Rocket application with a CORS policy; the README shows it.

use cors_rocket::{Cors, Policy};

#[rocket::get("/")]
fn hello() -> &'static str {
    "hello"
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::from_file("cors.toml")?;
    let app = rocket::build().attach(Cors::new(policy)); // first: before other fairings
    app.mount("/", rocket::routes![hello]).launch().await?;
    Ok(())
}
