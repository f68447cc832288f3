//! The columns of the matrix: web frameworks, and gateways in front of the bare server of one.

use std::fmt;
use std::str::FromStr;

use crate::server::Framework;

/// What a column of the matrix is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The framework of the fixture server.
    pub framework: Framework,
    /// The gateway that applies the policy. Without one, the fixture server does.
    pub gateway: Option<GatewayVersion>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.gateway {
            Some(gateway) => f.pad(&gateway.to_string()),
            None => f.pad(self.framework.name()),
        }
    }
}

/// A gateway, and how a policy is exported to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// nginx
    Nginx,
    /// HAProxy
    Haproxy,
    /// Envoy, with a Lua filter
    Envoy,
    /// Envoy, with routes
    EnvoyRoutes,
}

impl Gateway {
    /// All of them, in the order of every table.
    pub const ALL: [Self; 4] = [Self::Nginx, Self::Haproxy, Self::Envoy, Self::EnvoyRoutes];

    /// Its name: the arguments of `cors export`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Envoy => "envoy",
            Self::EnvoyRoutes => "envoy --no-lua",
        }
    }

    /// The name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Envoy | Self::EnvoyRoutes => "envoy",
        }
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Gateway {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|gateway| gateway.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join("`, `");
            format!("`{name}` is not a gateway; use one of `{names}`")
        })
    }
}

/// A gateway in a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayVersion {
    /// The gateway.
    pub gateway: Gateway,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for GatewayVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.gateway.program();
        let option = match self.gateway {
            Gateway::EnvoyRoutes => " --no-lua",
            Gateway::Nginx | Gateway::Haproxy | Gateway::Envoy => "",
        };
        write!(f, "{program} {}{option}", self.version)
    }
}

/// The first two numbers of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u16,
    minor: u16,
}

impl Version {
    /// Finds the first text like `1.22` or `1.22.1` after the word `version` in what a program prints.
    pub fn find(text: &str) -> Option<Self> {
        let (_, text) = text.split_once("version")?;
        let mut words = text.split(|char: char| !char.is_ascii_digit() && char != '.');
        words.find_map(|word| word.parse().ok())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(format!("`{text}` is not a version such as `1.23`")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let found = Version::find(text).map(|version| version.to_string());
            assert_eq!(found.as_deref(), expected);
        }
        check("nginx version: nginx/1.22.1\n", Some("1.22"));
        check("HAProxy version 2.6.12-1+deb12u4 2026/10/17", Some("2.6"));
        check(
            "/python3.11/bin/envoy  version: 9e55/1.40.0/Clean/RELEASE",
            Some("1.40"),
        );
        check("version 7.", None);
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("1.9") < version("1.23"));
        assert!("1".parse::<Version>().is_err());
    }
}
