//! What the middleware guarantees, in typical applications.

// All of it counts as test code to clippy, helpers included.
#![cfg(test)]

mod errors;
mod harness;
mod hello;
mod live;
mod paths;
mod placement;
mod responses;
mod sockets;
