//! The replica with actix-web.

use std::error::Error;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder};
use cors_actix::Cors;

use crate::tenants::{Answer, Registration, Tenants};

/// Serves until the process is told to stop.
pub(crate) async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    // One set for all workers.
    let tenants = Data::new(Tenants::start()?);
    let cors = Cors::new(tenants.policy()?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(tenants.clone())
            .service(web::resource("/tenants/{tenant}/orders").get(orders))
            .service(web::resource("/admin/origins").put(register).delete(revoke))
            .route("/healthz", web::get().to(health))
            .route("/metrics", web::get().to(metrics))
            // Last: around everything.
            .wrap(cors.clone())
    });
    let server = server.bind(address)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}

async fn orders(tenant: Path<String>) -> String {
    // CORS decides which pages may read this. Check here that the user may: other programs send requests, too.
    format!("the orders of {tenant}")
}

async fn register(
    tenants: Data<Tenants>,
    request: HttpRequest,
    new: Query<Registration>,
) -> Answer {
    tenants.register(token(&request), &new).await
}

async fn revoke(tenants: Data<Tenants>, request: HttpRequest, old: Query<Registration>) -> Answer {
    tenants.revoke(token(&request), &old).await
}

async fn health(tenants: Data<Tenants>) -> Answer {
    tenants.health()
}

async fn metrics(tenants: Data<Tenants>) -> Answer {
    tenants.metrics()
}

fn token(request: &HttpRequest) -> Option<&[u8]> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    Some(value.as_bytes())
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status);
        HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .insert_header(self.header)
            .body(self.text)
    }
}
