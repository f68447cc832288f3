//! axum: bare, with tower-http, with ours.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::routing::get;
use cors_axum::{CorsLayer, WithCors as _};
use cors_bench::case::{ALLOWED, EXPOSED, HEADERS, MAX_AGE, METHODS, Origins, WILDCARD_DOMAIN};
use cors_bench::subject::{Framework, Subject, Variant};
use cors_bench::{measure, ours, tower};
use cors_matrix::fixture::announce;
use tower_http::cors::{self, AllowOrigin};
use tower_http::csrf::CsrfLayer;

fn main() -> ExitCode {
    measure::run(&Axum)
}

struct Axum;

impl Framework for Axum {
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>> {
        Some(match variant {
            Variant::Base => tower::subject::<_, Body, _>(app(origins)),
            Variant::Peer => tower::subject::<_, Body, _>(with_peer(origins)?),
            Variant::Ours => tower::subject::<_, Body, _>(app(origins).with_cors(layer(origins)?)),
            // As an ordinary layer, which axum boxes.
            Variant::Other => tower::subject::<_, Body, _>(app(origins).layer(layer(origins)?)),
        })
    }

    fn serve(&self, variant: Variant, origins: Origins) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let served = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                announce("http", listener.local_addr()?.port());
                match (variant, layer(origins)) {
                    (Variant::Ours, Some(layer)) => {
                        axum::serve(listener, app(origins).with_cors(layer)).await
                    }
                    (Variant::Other, Some(layer)) => {
                        axum::serve(listener, app(origins).layer(layer)).await
                    }
                    (Variant::Peer, _) => {
                        axum::serve(listener, with_peer(origins).unwrap_or_default()).await
                    }
                    _ => axum::serve(listener, app(origins)).await,
                }
            })
        });
        if let Err(error) = served {
            eprintln!("{error}");
        }
    }
}

fn app(origins: Origins) -> Router {
    let mut answer = get(|| async { "hello" }).options(|| async { StatusCode::NO_CONTENT });
    if origins == Origins::Writes {
        answer = answer.post(|| async { "hello" });
    }
    Router::new().route("/", answer).with_state(())
}

fn layer(origins: Origins) -> Option<CorsLayer> {
    Some(CorsLayer::new(ours::policy(origins).ok()?))
}

fn with_peer(origins: Origins) -> Option<Router> {
    let allowed = match origins {
        Origins::Exact(_) => AllowOrigin::list(
            origins
                .exact()?
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        ),
        // The closest to our wildcards. It matches only `https://*.example.com`.
        Origins::Wildcards => AllowOrigin::predicate(|origin: &HeaderValue, _: &Parts| {
            let host = origin.as_bytes().strip_prefix(b"https://");
            let label = host.and_then(|host| host.strip_suffix(WILDCARD_DOMAIN.as_bytes()));
            label.is_some_and(|label| label.ends_with(b"."))
        }),
        Origins::Writes => AllowOrigin::list([HeaderValue::from_static(ALLOWED)]),
        Origins::Domains
        | Origins::Names
        | Origins::Grants
        | Origins::Routes(_)
        | Origins::Set(_)
        | Origins::Keys(_)
        | Origins::Changing
        | Origins::Hosts
        | Origins::Live => return None,
    };
    let layer = cors::CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(
            METHODS.map(|method| Method::from_bytes(method.as_bytes()).unwrap_or_default()),
        )
        .allow_headers(HEADERS.map(HeaderName::from_static))
        .expose_headers([HeaderName::from_static(EXPOSED)])
        .allow_credentials(true)
        .max_age(Duration::from_secs(MAX_AGE));
    let app = app(origins).layer(layer);
    if origins == Origins::Writes {
        // Around the other layer: a refused request does not reach it.
        let csrf = CsrfLayer::new().add_trusted_origin(ALLOWED).ok()?;
        return Some(app.layer(csrf));
    }
    Some(app)
}
