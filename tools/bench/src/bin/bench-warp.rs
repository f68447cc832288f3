//! warp: bare, with its own filter, with ours around the service, with ours as a filter.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use cors_bench::case::{EXPOSED, HEADERS, MAX_AGE, METHODS, Origins};
use cors_bench::subject::{Framework, Subject, Variant};
use cors_bench::{measure, ours, tower};
use cors_matrix::fixture::announce;
use cors_warp::Cors;
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

fn main() -> ExitCode {
    measure::run(&Warp)
}

struct Warp;

impl Framework for Warp {
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>> {
        Some(match variant {
            Variant::Base => tower::subject::<_, String, _>(warp::service(routes())),
            Variant::Peer => {
                tower::subject::<_, String, _>(warp::service(routes().with(peer(origins)?)))
            }
            Variant::Ours => {
                tower::subject::<_, String, _>(cors(origins)?.layer(warp::service(routes())))
            }
            // There is no handler, and as a filter a rejection needs a runtime.
            Variant::Other
                if matches!(
                    origins,
                    Origins::Routes(_) | Origins::Keys(_) | Origins::Changing | Origins::Writes
                ) =>
            {
                return None;
            }
            // As a filter, which `warp::serve` requires.
            Variant::Other => {
                tower::subject::<_, String, _>(warp::service(cors(origins)?.wrap(routes())))
            }
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
                match (variant, peer(origins), cors(origins)) {
                    (Variant::Peer, Some(peer), _) => {
                        warp::serve(routes().with(peer))
                            .incoming(listener)
                            .run()
                            .await;
                    }
                    (Variant::Ours, _, Some(cors)) => {
                        cors_warp::serve(listener, cors.layer(warp::service(routes()))).await;
                    }
                    (Variant::Other, _, Some(cors)) => {
                        warp::serve(cors.wrap(routes()))
                            .incoming(listener)
                            .run()
                            .await;
                    }
                    _ => warp::serve(routes()).incoming(listener).run().await,
                }
                Ok(())
            })
        });
        if let Err(error) = served {
            eprintln!("{error}");
        }
    }
}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let get = warp::path::end().and(warp::get()).map(|| "hello");
    let options = warp::path::end().and(warp::options());
    get.or(options.map(|| StatusCode::NO_CONTENT))
}

fn cors(origins: Origins) -> Option<Cors> {
    Some(Cors::new(ours::policy(origins).ok()?))
}

fn peer(origins: Origins) -> Option<warp::cors::Cors> {
    // It has no wildcards and no grants.
    let origins = origins.exact()?;
    let builder = warp::cors()
        .allow_origins(origins.iter().map(String::as_str))
        .allow_methods(METHODS)
        .allow_headers(HEADERS)
        .expose_headers([EXPOSED])
        .allow_credentials(true)
        .max_age(Duration::from_secs(MAX_AGE));
    Some(builder.build())
}
