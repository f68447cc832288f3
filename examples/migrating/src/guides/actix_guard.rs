//! A check of `Origin` in actix-web.

// guide: begin
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use cors_actix::{Head, Policy, Verdict};

/// Refuses writes and WebSockets from pages of origins without a grant.
pub async fn guard(
    policy: web::Data<Policy>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let only_reads = request.method().is_safe() && !request.headers().contains_key(header::UPGRADE);
    match policy.decide(&Head::from(&request)).verdict() {
        Verdict::NoGrant if !only_reads => Err(ErrorForbidden("origin not allowed")),
        _ => next.call(request).await,
    }
}
// guide: end

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, StatusCode};
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use actix_web::{App, HttpResponse};
    use cors_actix::{Cors, Grant};

    use super::*;

    #[test]
    fn refuses_what_it_says() {
        actix_web::rt::System::new().block_on(async {
            let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
            let cors = Cors::new(policy.clone());
            let app = App::new().default_service(web::to(HttpResponse::Ok));
            let app = app.app_data(web::Data::new(policy));
            let app = init_service(app.wrap(from_fn(guard)).wrap(cors)).await;
            for (method, origin, status) in [
                (Method::POST, "https://app.example.com", 200),
                (Method::POST, "https://other.example", 403),
                (Method::GET, "https://other.example", 200),
            ] {
                let request = TestRequest::default().method(method);
                let request = request.insert_header(("origin", origin));
                let response = try_call_service(&app, request.to_request()).await;
                let got = match &response {
                    Ok(response) => response.status(),
                    Err(error) => error.as_response_error().status_code(),
                };
                assert_eq!(got, StatusCode::from_u16(status).unwrap(), "{origin}");
            }
        });
    }
}
