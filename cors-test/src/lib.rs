#![doc = include_str!("../README.md")]

mod application;
mod cookies;
mod page;
mod request;
mod seen;
mod text;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "tower")]
pub use crate::tower::Tower;
pub use application::{Application, MAX_BODY};
pub use cors_browser_model::{Credentials, Engine, RedirectMode};
pub use cors_explain::FailureCode;
pub use page::Page;
pub use request::Request;
pub use seen::Seen;
