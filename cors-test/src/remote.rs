//! Applications in other processes.

use std::io::Read as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::{Authority, Scheme};
use ureq::Agent;

use crate::application::Application;
use crate::page::fail;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A server that runs in another process, or on another thread. Every URL leads to it, with its host in `Host`.
///
/// It is asked without TLS, without a proxy, and on a new connection for each request. The requests block the thread: do not
/// run the server on the same one. Their futures never wait, so [`block_on`] is enough for them.
///
/// # Examples
///
/// ```no_run
/// use cors_test::{Page, Remote, block_on};
///
/// let mut server = Remote::at("http://127.0.0.1:8080");
/// let page = Page::at("https://app.example.com");
/// let seen = block_on(page.get("https://api.example.com/me").send(&mut server));
/// seen.status(401);
/// ```
#[derive(Clone, Debug)]
pub struct Remote {
    agent: Agent,
    authority: Authority,
    timeout: Duration,
}

impl Remote {
    /// The server at this address: `http://`, a host and a port. A request may take 10 seconds.
    ///
    /// # Panics
    ///
    /// If it is not such an address. The message says what to write.
    #[track_caller]
    pub fn at(address: &str) -> Self {
        match authority(address) {
            Some(authority) => Self {
                agent: agent(TIMEOUT),
                authority,
                timeout: TIMEOUT,
            },
            None => fail(&format!(
                "`{}` is not the address of a server: write it as `http://127.0.0.1:8080`, without a path",
                address.escape_debug()
            )),
        }
    }

    /// With another limit for the time from the connection to the end of a response.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.agent = agent(timeout);
        self.timeout = timeout;
        self
    }

    fn exchange(
        &self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        let (mut head, body) = request.into_parts();
        let mut target = head.uri.into_parts();
        target.scheme = Some(Scheme::HTTP);
        target.authority = Some(self.authority.clone());
        head.uri = Uri::from_parts(target).map_err(|error| error.to_string())?;
        // Fetch sends `Content-Length: 0` with these methods. Without a body, the library would send a `chunked` one.
        let has_body = !body.is_empty() || matches!(head.method.as_str(), "POST" | "PUT" | "PATCH");
        let response = match has_body {
            true => self.agent.run(http::Request::from_parts(head, &*body)),
            false => self.agent.run(http::Request::from_parts(head, ())),
        };
        let response = response.map_err(|error| self.explained(&error))?;
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        if max_body > 0 {
            let limit = u64::try_from(max_body).unwrap_or(u64::MAX);
            // One more byte shows that the body is longer.
            let read = body
                .as_reader()
                .take(limit.saturating_add(1))
                .read_to_end(&mut bytes);
            read.map_err(|error| format!("the body: {error}"))?;
            if bytes.len() > max_body {
                return Err(format!("the body: it is longer than {max_body} bytes"));
            }
        }
        Ok(http::Response::from_parts(head, bytes.into()))
    }

    fn explained(&self, error: &ureq::Error) -> String {
        let server = &self.authority;
        match error {
            ureq::Error::Timeout(_) => {
                let seconds = self.timeout.as_secs_f64();
                format!("no response from http://{server} within {seconds} s")
            }
            error => format!("http://{server}: {error}"),
        }
    }
}

impl Application<Remote> for Remote {
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        self.exchange(request, max_body)
    }
}

fn authority(address: &str) -> Option<Authority> {
    let uri: Uri = address.parse().ok()?;
    let is_server =
        uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/" && uri.query().is_none();
    let authority = uri.into_parts().authority?;
    (is_server && !authority.as_str().contains('@')).then_some(authority)
}

fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .proxy(None)
        // The model of the browser follows redirects, by the rules of Fetch.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        // The server may have closed a kept connection.
        .max_idle_connections(0)
        .timeout_global(Some(timeout))
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .build();
    config.into()
}

/// Waits for a future on this thread, without a runtime: enough for requests to a [`Remote`].
///
/// # Examples
///
/// ```
/// assert_eq!(cors_test::block_on(async { 1 + 1 }), 2);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
