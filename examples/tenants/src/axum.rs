//! The replica with axum.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use cors_axum::WithCors as _;
use tokio::net::TcpListener;

use crate::tenants::{Answer, Registration, Tenants};

/// Serves until the process is told to stop.
pub(crate) async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let tenants = Arc::new(Tenants::start()?);
    let policy = tenants.policy()?;
    let app = Router::new()
        .route("/tenants/{tenant}/orders", get(orders))
        .route("/admin/origins", put(register).delete(revoke))
        .route("/healthz", get(async |state: App| state.health()))
        .route("/metrics", get(async |state: App| state.metrics()))
        .with_state(tenants)
        // Last: around everything.
        .with_cors(policy);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app);
    Ok(server.with_graceful_shutdown(crate::stopped()).await?)
}

type App = State<Arc<Tenants>>;

async fn orders(Path(tenant): Path<String>) -> String {
    // CORS decides which pages may read this. Check here that the user may: other programs send requests, too.
    format!("the orders of {tenant}")
}

async fn register(state: App, headers: HeaderMap, Query(new): Query<Registration>) -> Answer {
    state.register(token(&headers), &new).await
}

async fn revoke(state: App, headers: HeaderMap, Query(old): Query<Registration>) -> Answer {
    state.revoke(token(&headers), &old).await
}

fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?;
    Some(value.as_bytes())
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [self.header], self.text).into_response()
    }
}
