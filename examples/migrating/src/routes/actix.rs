//! actix-web.

use actix_web::error::ErrorInternalServerError;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, HttpResponse};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/items")
        .route(web::get().to(items))
        .route(web::head().to(items))
        .route(web::post().to(items))
        .route(web::put().to(items))
        .route(web::method(Method::OPTIONS).to(options));
    config
        .service(resource)
        .route("/broken", web::get().to(broken))
        .route("/own", web::get().to(own));
}

async fn items() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("x-request-id", "1"))
        .body("items")
}

async fn options() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("x-request-id", "1"))
        .finish()
}

async fn broken() -> Result<HttpResponse, Error> {
    Err(ErrorInternalServerError("broken"))
}

/// A handler that writes a header which is the middleware's to write.
async fn own() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("access-control-allow-origin", "*"))
        .insert_header(("vary", "accept-encoding"))
        .finish()
}
