//! Pages of the tested server's own origin, which another server has served.

use cors_real_browsers::{Browser, Fetch};

/// How often a page asks its own server.
const TRIES: usize = 20;

/// Waits until the origin of the open page leads to the tested server. `has_arrived`: a request was received there.
///
/// The connections to the server of the page have ended. If the browser still uses one, it repeats only a GET.
pub(crate) fn wait(
    browser: &mut Browser,
    origin: &str,
    has_arrived: impl Fn() -> bool,
) -> Result<(), String> {
    for attempt in 0..TRIES {
        let fetch = Fetch::get(format!("{origin}/echo?try-{attempt}"));
        let fetched = browser.fetch_all(&[fetch]);
        fetched.map_err(|error| error.to_string())?;
        if has_arrived() {
            return Ok(());
        }
    }
    Err(format!("`{origin}` does not lead to the tested server"))
}
