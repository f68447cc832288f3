use std::convert::Infallible;
use std::error::Error;
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_service::Service;
use warp::http::{Request, Response};

/// Serves a tower service as [`warp::serve`] serves a filter: HTTP/1.1 and HTTP/2, upgrades included.
/// It does not return.
///
/// With it, [`warp::addr::remote`] is `None` in every route, and [`warp::log`] shows no address, because
/// the data that they read is private to warp. If you need the address, use
/// [`Cors::wrap`](crate::Cors::wrap).
///
/// # Examples
///
/// ```no_run
/// use cors_warp::{Cors, Policy};
/// use tokio::net::TcpListener;
/// use warp::Filter as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let routes = warp::path!("hello").map(|| "hello");
/// let cors = Cors::new(Policy::from_file("cors.toml")?);
/// let listener = TcpListener::bind("127.0.0.1:3030").await?;
/// cors_warp::serve(listener, cors.layer(warp::service(routes))).await;
/// # Ok(())
/// # }
/// ```
///
/// [`warp::serve`]: https://docs.rs/warp/0.4/warp/fn.serve.html
/// [`warp::log`]: fn@warp::log
pub async fn serve<S, B>(listener: TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    serve_with_shutdown(listener, service, pending()).await;
}

/// The same as [`serve()`] until `signal` completes. Then it accepts no more connections, and returns
/// after the requests that it has accepted are answered.
///
/// # Examples
///
/// ```
/// # use cors_warp::{Cors, Grant, Policy};
/// # use tokio::net::TcpListener;
/// use warp::Filter as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let service = cors.layer(warp::service(warp::any().map(|| "hello")));
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let server = tokio::spawn(cors_warp::serve_with_shutdown(listener, service, async {
///     let _ = stopped.await;
/// }));
///
/// let _ = stop.send(());
/// server.await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve_with_shutdown<S, B>(
    listener: TcpListener,
    service: S,
    signal: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connections = GracefulShutdown::new();
    let mut signal = pin!(signal);
    while let Some(accepted) = poll_fn(|cx| match signal.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => listener.poll_accept(cx).map(Some),
    })
    .await
    {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                wait_after(&error).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = connections.watcher();
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = connection.watch(served).await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Do not accept again at once: a process that has no more file descriptors would do nothing else.
async fn wait_after(error: &io::Error) {
    let of_the_connection = matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    );
    if !of_the_connection {
        tracing::error!(%error, "no connection could be accepted");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock is stopped, and goes on when all tasks wait for it.
    #[tokio::test(start_paused = true)]
    async fn waits_after_errors_of_the_system() {
        for (kind, seconds) in [
            (ErrorKind::ConnectionAborted, 0),
            (ErrorKind::ConnectionReset, 0),
            (ErrorKind::Other, 1),
        ] {
            let start = tokio::time::Instant::now();
            wait_after(&kind.into()).await;
            assert_eq!(start.elapsed().as_secs(), seconds, "{kind}");
        }
    }
}
