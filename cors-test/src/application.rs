//! What answers the requests of a page.

use std::future::Future;

use bytes::Bytes;

/// The longest body of a response that is read.
pub const MAX_BODY: usize = 4 * 1024 * 1024;

/// An application in the same process. The drivers implement it, each for its own `Driver`.
///
/// Every URL leads to the same application, which sees the host in `Host`.
///
/// # Examples
///
/// An application of your own:
///
/// ```
/// use bytes::Bytes;
/// use cors_test::{Application, Page};
///
/// struct Teapot;
///
/// impl Application<Teapot> for Teapot {
///     async fn respond(&mut self, _: http::Request<Bytes>, _: usize) -> Result<http::Response<Bytes>, String> {
///         let response = http::Response::builder().status(418).header("Access-Control-Allow-Origin", "*");
///         response.body(Bytes::new()).map_err(|error| error.to_string())
///     }
/// }
///
/// # let mut runtime = tokio::runtime::Builder::new_current_thread();
/// # runtime.build()?.block_on(async {
/// let page = Page::at("https://app.example.com");
/// page.get("https://api.example.com/").send(&mut Teapot).await.assert_readable().status(418);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an application that a page can send requests to",
    note = "enable the feature `tower`, `actix` or `rocket` of cors-test, and pass axum's `Router`, `warp::service(routes)`, `actix_web::test::init_service(app).await`, or Rocket's `Client::untracked(app).await?`"
)]
pub trait Application<Driver> {
    /// Responds to a request, whose URI has the path and the query. At most `max_body` bytes of the response's body are
    /// wanted: with 0, it is not read.
    ///
    /// # Errors
    ///
    /// If the application does not respond: the reason, without a full stop. For the page, the connection has failed.
    fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> impl Future<Output = Result<http::Response<Bytes>, String>>;
}
