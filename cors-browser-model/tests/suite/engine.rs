//! What is known of an engine and does not change what the model computes: other crates and people read it.

use cors_browser_model::{CrossSiteCookies, Engine, Reconnection};

#[test]
fn messages_of_network_errors() {
    let messages = Engine::ALL.map(Engine::type_error);
    let expected = [
        "",
        "Failed to fetch",
        "NetworkError when attempting to fetch resource.",
        "Load failed",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn reconnections() {
    let found = Engine::ALL.map(|engine| engine.profile().reconnection);
    let expected = [
        Reconnection::SameRequest,
        Reconnection::LastUrl,
        Reconnection::LastUrlIfPermanent,
        Reconnection::FirstUrl,
    ];
    assert_eq!(found, expected);
}

#[test]
fn cookies() {
    let found = Engine::ALL.map(|engine| {
        let cookies = &engine.profile().cookies;
        let rules = [
            cookies.lax_by_default,
            cookies.none_needs_secure,
            cookies.site_has_scheme,
            cookies.redirects_count,
        ];
        (rules, cookies.cross_site)
    });
    let expected = [
        ([true, true, true, false], CrossSiteCookies::BySameSite),
        ([true, true, true, false], CrossSiteCookies::BySameSite),
        ([false, true, false, true], CrossSiteCookies::Separate),
        ([false, false, false, true], CrossSiteCookies::NotKept),
    ];
    assert_eq!(found, expected);
}
