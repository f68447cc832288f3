#![doc = include_str!("../README.md")]
//!
//! # Limits
//!
//! - [`Refusal`] says what a gateway cannot do; then nothing is written.
//! - [`Difference`] says where the gateway differs from the library.

mod envoy;
mod haproxy;
mod nginx;
mod origin_regex;
mod path_regex;
mod table;

use std::fmt;

use cors_core::Policy;

use crate::table::Table;

/// A gateway, and how it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gateway {
    /// nginx, from 1.18: maps, and a few lines for the `server` block.
    Nginx,
    /// HAProxy, from 2.6: rules and map files.
    Haproxy,
    /// Envoy: a Lua filter, in front of any routes.
    Envoy,
    /// Envoy without Lua: routes, for a listener that sends all requests to one cluster.
    EnvoyRoutes,
}

impl Gateway {
    /// Its name: `nginx`, `haproxy` or `envoy`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_export::Gateway;
    ///
    /// assert_eq!(Gateway::EnvoyRoutes.name(), "envoy");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Envoy | Self::EnvoyRoutes => "envoy",
        }
    }
}

/// What the files are called, and what their first lines say.
#[derive(Clone, Debug)]
pub struct Options {
    prefix: String,
    policy: String,
    made_from: Vec<String>,
}

impl Options {
    /// The first line of each file has this name of the policy. The prefix is `cors`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_export::Options;
    ///
    /// let options = Options::new("cors.toml").made_from("variables: APP_ORIGINS");
    /// assert!(options.clone().prefix("api").is_ok());
    /// assert!(options.prefix("my api").is_err());
    /// ```
    pub fn new(policy: impl Into<String>) -> Self {
        Self {
            prefix: "cors".to_owned(),
            policy: policy.into(),
            made_from: Vec::new(),
        }
    }

    /// What the names of files, variables and rules begin with, so that one gateway can have several policies.
    ///
    /// # Errors
    ///
    /// [`InvalidPrefix`] for any other text than a lower-case letter, followed by at most 31 lower-case letters, digits
    /// and `_`.
    pub fn prefix(self, prefix: impl Into<String>) -> Result<Self, InvalidPrefix> {
        let prefix = prefix.into();
        let is_name = prefix.starts_with(|char: char| char.is_ascii_lowercase())
            && (prefix.bytes()).all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            && prefix.len() <= 32;
        match is_name {
            true => Ok(Self { prefix, ..self }),
            false => Err(InvalidPrefix),
        }
    }

    /// Adds a line "Made from ..." to the comment at the top of each file: what else the files were made from, such as variables.
    #[must_use]
    pub fn made_from(mut self, line: impl Into<String>) -> Self {
        self.made_from.push(line.into());
        self
    }
}

/// A text cannot be a [prefix](Options::prefix).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPrefix;

impl fmt::Display for InvalidPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a prefix is a lower-case letter, followed by at most 31 lower-case letters, digits and `_`",
        )
    }
}

impl std::error::Error for InvalidPrefix {}

/// A policy as configuration of a gateway. Created by [`export`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Export {
    /// The files.
    pub files: Vec<File>,
    /// Where the gateway differs from the library.
    pub differences: Vec<Difference>,
}

/// A file of an [`Export`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Where a gateway differs from the library: in requests that no browser or hardly any page sends, or in how a header is
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Which requests.
    pub requests: &'static str,
    /// What the gateway does.
    pub answer: &'static str,
}

/// What a gateway cannot do. [`Display`](fmt::Display) has the place in the policy, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The place in the policy: `route[0].refuse`.
    pub place: String,
    /// Why, and what to do.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Writes a policy as configuration of a gateway.
///
/// The same policy has the same text. For everything that a browser can send, the gateway responds as the library does.
///
/// # Errors
///
/// Everything in the policy that the gateway cannot do.
pub fn export(
    policy: &Policy,
    gateway: Gateway,
    options: &Options,
) -> Result<Export, Vec<Refusal>> {
    let table = Table::new(policy)?;
    match gateway {
        Gateway::Nginx => nginx::export(&table, options),
        Gateway::Haproxy => haproxy::export(&table, options),
        Gateway::Envoy => envoy::export(&table, options),
        Gateway::EnvoyRoutes => envoy::export_routes(&table, options),
    }
}
