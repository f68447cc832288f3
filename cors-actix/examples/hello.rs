//! The smallest actix-web application with a CORS policy; the README shows it.

use actix_web::{App, HttpServer, web};
use cors_actix::{Cors, Policy};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cors = Cors::new(Policy::from_file("cors.toml")?);
    let server = HttpServer::new(move || {
        let app = App::new().route("/", web::get().to(async || "hello"));
        app.wrap(cors.clone()) // last: around everything
    });
    Ok(server.bind("127.0.0.1:8080")?.run().await?)
}
