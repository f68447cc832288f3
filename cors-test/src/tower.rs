//! Applications that are tower services.

use std::fmt::Display;
use std::future::poll_fn;

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use tower_service::Service;

use crate::application::Application;

/// The driver for tower services: axum's `Router`, `warp::service`, hyper's services in tower's form, tonic.
#[derive(Debug)]
pub enum Tower {}

impl<S, B> Application<Tower> for S
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>>,
    S::Error: Display,
    B: Body,
    B::Data: Into<Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        // A server does not send the body of a response to HEAD.
        let max_body = match *request.method() {
            http::Method::HEAD => 0,
            _ => max_body,
        };
        let ready = poll_fn(|context| self.poll_ready(context)).await;
        ready.map_err(|error| format!("the service is not ready: {error}"))?;
        let response = self.call(request.map(Full::new)).await;
        let response = response.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let bytes = match max_body {
            0 => Bytes::new(),
            _ => {
                let body = std::pin::pin!(Limited::new(body, max_body));
                let collected = body.collect().await;
                collected
                    .map_err(|error| format!("the body: {error}"))?
                    .to_bytes()
            }
        };
        Ok(http::Response::from_parts(head, bytes))
    }
}
