//! What the middleware guarantees, in applications as users write them.

// All of it counts as test code to clippy, helpers included.
#![cfg(test)]

mod errors;
mod harness;
mod hello;
mod live;
mod placement;
mod responses;
mod sockets;
