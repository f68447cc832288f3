#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "actix")]
mod actix;
mod application;
mod battery;
mod cookies;
mod page;
#[cfg(feature = "remote")]
mod remote;
mod request;
#[cfg(feature = "rocket")]
mod rocket;
mod seen;
mod text;
#[cfg(feature = "tower")]
mod tower;
mod wire;

#[cfg(feature = "actix")]
pub use crate::actix::Actix;
#[cfg(feature = "remote")]
pub use crate::remote::{Remote, block_on};
#[cfg(feature = "rocket")]
pub use crate::rocket::Rocket;
#[cfg(feature = "tower")]
pub use crate::tower::Tower;
pub use application::{Application, MAX_BODY};
pub use battery::{Finding, Findings, Place, Route, check_application};
pub use cors_browser_model::{Credentials, Engine, RedirectMode};
pub use cors_explain::{FailureCode, Severity};
pub use page::Page;
pub use request::Request;
pub use seen::Seen;
