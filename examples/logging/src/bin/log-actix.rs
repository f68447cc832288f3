//! actix-web, with `env_logger` and actix-web's `Logger`.

use std::error::Error;

use actix_web::middleware::Logger;
use actix_web::test::init_service;
use actix_web::{App, web};
use cors_actix::{Cors, Policy};
use env_logger::Env;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let env = Env::default().default_filter_or("info");
    env_logger::Builder::from_env(env)
        .format_timestamp(None)
        .init();

    let users = web::resource("/users")
        .get(async || "[]")
        .put(async || "[]");
    let app = App::new()
        .service(users)
        .wrap(Cors::new(Policy::from_file("cors.toml")?))
        .wrap(Logger::new("%r %s"));
    cors_logging::an_hour(&mut init_service(app).await).await;
    Ok(())
}
