//! The cases whose common response a framework or a gateway makes impossible, and why: `differences.toml` and
//! `gateway-differences.toml`. And the policies that are not exported to a gateway.

use std::fmt;
use std::path::Path;

use regex_lite::Regex;
use serde::Deserialize;

use crate::case::{Case, Expected};
use crate::column::{Column, Gateway, Version};
use crate::message::RawRequest;
use crate::server::Framework;

/// The contents of a file.
#[derive(Debug, Default)]
pub struct Differences {
    /// Its known differences.
    pub known: Vec<KnownDifference>,
    /// The policies that are not exported.
    pub refused: Vec<KnownRefusal>,
}

/// A known difference. In its cases, the response must be the one that it describes. A response that the case
/// expects is an error then, because the difference no longer exists.
#[derive(Debug)]
pub struct KnownDifference {
    /// Where it is known.
    pub columns: Columns,
    /// The names of the cases that it applies to.
    cases: Regex,
    /// Only these of their requests.
    request: Option<Regex>,
    instead: Instead,
    /// Why the framework or the gateway cannot do better.
    pub reason: String,
}

/// Policies that cannot be exported to a gateway. To export one of them must fail.
#[derive(Debug)]
pub struct KnownRefusal {
    /// The gateways.
    pub columns: Columns,
    /// The names of the policies.
    policies: Regex,
    /// A part of what is printed then.
    error: String,
    /// Why the gateway cannot do better.
    pub reason: String,
}

/// Columns that an entry of a file is about.
#[derive(Clone, Copy, Debug)]
pub enum Columns {
    /// The column of a framework.
    Framework(Framework),
    /// The columns of a gateway.
    Gateway {
        /// The gateway.
        gateway: Gateway,
        /// Only versions before this one.
        before: Option<Version>,
        /// Only in front of this framework's server.
        framework: Option<Framework>,
    },
}

impl Columns {
    /// Whether a column is among them.
    pub fn has(&self, column: Column) -> bool {
        match (self, column.gateway) {
            (Self::Framework(framework), None) => *framework == column.framework,
            (Self::Framework(_), Some(_)) | (Self::Gateway { .. }, None) => false,
            (
                Self::Gateway {
                    gateway,
                    before,
                    framework,
                },
                Some(found),
            ) => {
                *gateway == found.gateway
                    && before.is_none_or(|before| found.version < before)
                    && framework.is_none_or(|framework| framework == column.framework)
            }
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Framework(framework) => write!(f, "{framework}"),
            Self::Gateway {
                gateway, before, ..
            } => {
                write!(f, "{gateway}")?;
                match before {
                    Some(before) => write!(f, " before {before}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[derive(Debug)]
enum Instead {
    /// The same headers with another status.
    Status(u16),
    /// Another response.
    Answer(Expected),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "difference")]
    differences: Vec<Entry>,
    #[serde(default, rename = "refused")]
    refusals: Vec<RefusalEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    framework: Option<String>,
    gateway: Option<String>,
    before: Option<String>,
    cases: String,
    request: Option<String>,
    status: Option<u16>,
    answer: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalEntry {
    gateway: String,
    before: Option<String>,
    policies: String,
    error: String,
    reason: String,
}

impl Differences {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn read(file: &Path) -> Result<Self, String> {
        let named = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
        let source = std::fs::read_to_string(file).map_err(|error| named(&error))?;
        Self::parse(&source).map_err(|error| named(&error))
    }

    fn parse(source: &str) -> Result<Self, String> {
        let file: File = toml::from_str(source).map_err(|error| error.to_string())?;
        let differences = file.differences.into_iter().map(KnownDifference::parse);
        let refusals = file.refusals.into_iter().map(KnownRefusal::parse);
        Ok(Self {
            known: differences.collect::<Result<_, _>>()?,
            refused: refusals.collect::<Result<_, _>>()?,
        })
    }
}

impl KnownDifference {
    fn parse(entry: Entry) -> Result<Self, String> {
        let instead = match (entry.status, &entry.answer) {
            (Some(status), None) => Instead::Status(status),
            (None, Some(answer)) => Instead::Answer(Expected::parse(answer.as_bytes())?),
            _ => return Err(format!("`{}` needs `status` or `answer`", entry.cases)),
        };
        let Entry {
            framework,
            gateway,
            before,
            ..
        } = &entry;
        Ok(Self {
            columns: columns(framework.as_deref(), gateway.as_deref(), before.as_deref())
                .map_err(|error| format!("`{}`: {error}", entry.cases))?,
            cases: Regex::new(&entry.cases).map_err(|error| error.to_string())?,
            request: (entry.request.as_deref())
                .map(Regex::new)
                .transpose()
                .map_err(|error| error.to_string())?,
            instead,
            reason: entry.reason.trim().to_owned(),
        })
    }

    /// Whether it is about this case in this column.
    pub fn applies(&self, column: Column, case: &Case) -> bool {
        self.columns.has(column)
            && self.cases.is_match(&case.name)
            && (self.request.as_ref()).is_none_or(|request| request.is_match(&text(&case.request)))
    }

    /// The response instead of the expected one.
    pub fn instead(&self, expected: &Expected) -> Expected {
        match (&self.instead, expected) {
            (Instead::Status(status), Expected::Response { lines, .. }) => Expected::Response {
                status: Some(*status),
                lines: lines.clone(),
            },
            (Instead::Status(_), Expected::Closed) => Expected::Closed,
            (Instead::Answer(answer), _) => answer.clone(),
        }
    }

    /// The pattern of case names, as it is written in the file.
    pub fn cases(&self) -> &str {
        self.cases.as_str()
    }
}

impl KnownRefusal {
    fn parse(entry: RefusalEntry) -> Result<Self, String> {
        let columns = columns(None, Some(&entry.gateway), entry.before.as_deref());
        Ok(Self {
            columns: columns.map_err(|error| format!("`{}`: {error}", entry.policies))?,
            policies: Regex::new(&entry.policies).map_err(|error| error.to_string())?,
            error: entry.error,
            reason: entry.reason.trim().to_owned(),
        })
    }

    /// Whether it is about this policy in this column.
    pub fn applies(&self, column: Column, policy: &str) -> bool {
        self.columns.has(column) && self.policies.is_match(policy)
    }

    /// Whether a policy is refused for the reason that is listed, by what is printed then.
    pub fn explains(&self, message: &str) -> bool {
        message.contains(&self.error)
    }

    /// The pattern of names of policies, as it is written in the file.
    pub fn policies(&self) -> &str {
        self.policies.as_str()
    }
}

/// A request as text: the method and the target, and a line for each header line, with its name in lower case.
fn text(request: &RawRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in &request.lines {
        let (name, value) = (name.to_ascii_lowercase(), String::from_utf8_lossy(value));
        text += &format!("{name}: {}\n", value.trim());
    }
    text
}

fn columns(
    framework: Option<&str>,
    gateway: Option<&str>,
    before: Option<&str>,
) -> Result<Columns, String> {
    let framework = framework.map(str::parse).transpose()?;
    let before = before.map(str::parse).transpose()?;
    match (gateway, framework, before) {
        (Some(gateway), framework, before) => Ok(Columns::Gateway {
            gateway: gateway.parse()?,
            before,
            framework,
        }),
        (None, Some(framework), None) => Ok(Columns::Framework(framework)),
        (None, Some(_), Some(_)) => Err("`before` needs `gateway`".to_owned()),
        (None, None, _) => Err("`framework` or `gateway` is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::GatewayVersion;

    #[test]
    fn columns_of_an_entry() {
        let gateway = |framework, gateway: Gateway, version: &str| Column {
            framework,
            gateway: Some(GatewayVersion {
                gateway,
                version: version.parse().unwrap(),
            }),
        };
        let all = [
            Column {
                framework: Framework::Axum,
                gateway: None,
            },
            gateway(Framework::Axum, Gateway::Nginx, "1.22"),
            gateway(Framework::Axum, Gateway::Nginx, "1.23"),
            gateway(Framework::Rocket, Gateway::Nginx, "1.23"),
            gateway(Framework::Axum, Gateway::Envoy, "1.22"),
        ];
        let check = |keys: &str, expected: [bool; 5], name: &str| {
            let source =
                format!("[[difference]]\n{keys}\ncases = 'a'\nstatus = 502\nreason = 'why'");
            let parsed = Differences::parse(&source).unwrap();
            let columns = parsed.known.first().unwrap().columns;
            assert_eq!(all.map(|column| columns.has(column)), expected, "{keys}");
            assert_eq!(columns.to_string(), name);
        };
        let (yes, no) = (true, false);
        check("framework = 'axum'", [yes, no, no, no, no], "axum");
        check("gateway = 'nginx'", [no, yes, yes, yes, no], "nginx");
        check(
            "gateway = 'nginx'\nbefore = '1.23'",
            [no, yes, no, no, no],
            "nginx before 1.23",
        );
        check(
            "gateway = 'nginx'\nframework = 'axum'",
            [no, yes, yes, no, no],
            "nginx",
        );
        check("gateway = 'envoy'", [no, no, no, no, yes], "envoy");
    }

    #[test]
    fn errors() {
        #[track_caller]
        fn check(keys: &str, expected: &str) {
            let source = format!("[[difference]]\ncases = 'a'\nreason = 'why'\n{keys}");
            let error = Differences::parse(&source).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        check("status = 502", "`framework` or `gateway` is missing");
        check("framework = 'axum'", "`a` needs `status` or `answer`");
        check(
            "framework = 'axum'\nbefore = '1.23'\nstatus = 502",
            "`a`: `before` needs `gateway`",
        );
        check(
            "gateway = 'squid'\nstatus = 502",
            "`squid` is not a gateway",
        );
        check(
            "gateway = 'nginx'\nbefore = '1'\nstatus = 502",
            "not a version",
        );
        check("unknown = 1", "unknown field");
    }

    #[test]
    fn refusals() {
        let source =
            "[[refused]]\ngateway = 'envoy'\npolicies = '^sets/'\nerror = 'sets'\nreason = 'why'";
        let parsed = Differences::parse(source).unwrap();
        let refusal = parsed.refused.first().unwrap();
        let column = |gateway| Column {
            framework: Framework::Axum,
            gateway: Some(GatewayVersion {
                gateway,
                version: "1.40".parse().unwrap(),
            }),
        };
        assert!(refusal.applies(column(Gateway::Envoy), "sets/a"));
        assert!(!refusal.applies(column(Gateway::Envoy), "routes/a"));
        assert!(!refusal.applies(column(Gateway::Haproxy), "sets/a"));
        assert!(refusal.explains("error: Envoy has no sets"));
        assert!(!refusal.explains("error: cannot write"));
    }
}
