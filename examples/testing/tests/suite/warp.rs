//! warp: the application, and wrong placements. `recover` or another route after the policy of `cors_warp` does not compile,
//! so that placement is shown with the filter of warp.

use cors_testing::warp::{app, authenticated, cors, recovered, routes};
use warp::Filter as _;

use crate::failure::check_failure;
use crate::pages::{ask_all, preflight, unauthorized};
use crate::peers::warp_cors;
use crate::policy::{AUTHENTICATION_OUTSIDE, check_policy};

#[tokio::test]
async fn right() {
    ask_all(&mut warp::service(app().unwrap())).await;
}

#[tokio::test]
async fn authentication_outside() {
    let app = authenticated().and(cors().unwrap().wrap(routes().recover(recovered)));
    let mut app = warp::service(app.recover(recovered));
    check_policy(&mut app, &[AUTHENTICATION_OUTSIDE]).await;
    check_failure("warp-authentication-outside.txt", preflight(&mut app)).await;
}

#[tokio::test]
async fn recover_outside() {
    let app = authenticated().and(routes()).with(warp_cors());
    let mut app = warp::service(app.recover(recovered));
    check_failure("warp-recover-outside.txt", unauthorized(&mut app)).await;
}
