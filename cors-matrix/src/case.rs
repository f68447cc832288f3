//! The data files: policies, requests and expected responses. `cases/README.md` describes them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cors_core::{Config, ConfigErrors, LoadOptions, OriginSet, Policy, Variables, document};
use serde::Deserialize;

use crate::message::RawRequest;
use crate::server::{ORIGIN_SET, ORIGINS, VARIABLES};

/// Whether the cases are about a header. Every other header belongs to the application or the framework.
pub fn is_relevant(name: &str) -> bool {
    name.starts_with("access-control-")
        || matches!(name, "vary" | "timing-allow-origin" | "x-handler")
}

/// All the cases, in the order of their files' names.
#[derive(Debug)]
pub struct Suite {
    /// The policies, by group and name.
    pub policies: Vec<Arc<NamedPolicy>>,
    /// The exchanges.
    pub cases: Vec<Case>,
}

/// A policy of a group.
#[derive(Debug)]
pub struct NamedPolicy {
    /// `group/name`.
    pub name: String,
    /// Its file.
    pub source: String,
    /// The same, read.
    pub policy: Policy,
    /// The same as a configuration.
    pub config: Config,
}

/// One exchange.
#[derive(Clone, Debug)]
pub struct Case {
    /// `group/case`, or `group/case (values)` where the case stands for several exchanges.
    pub name: String,
    /// The group: the name of its file.
    pub group: String,
    /// The server's policy: one of [`Suite::policies`].
    pub policy: Arc<NamedPolicy>,
    /// What is sent.
    pub request: RawRequest,
    /// What must come back.
    pub expected: Expected,
}

/// What must come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The connection is closed without a response.
    Closed,
    /// A response with exactly these [relevant](is_relevant) lines.
    Response {
        /// Its status; `None` if the framework decides it.
        status: Option<u16>,
        /// Its relevant lines: names in lower case, sorted by name, lines of one name in their order.
        lines: Vec<(String, Vec<u8>)>,
    },
}

/// An error in a data file.
#[derive(Debug)]
pub struct CaseError {
    file: PathBuf,
    message: String,
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.message)
    }
}

impl std::error::Error for CaseError {}

/// A file: a group of cases, or `common.toml`, which has what all groups share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default)]
    policies: BTreeMap<String, String>,
    #[serde(default)]
    text: BTreeMap<String, String>,
    #[serde(default)]
    rows: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    #[serde(default, rename = "case")]
    cases: Vec<CaseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseEntry {
    name: String,
    policy: String,
    /// The name of shared rows.
    over: Option<String>,
    #[serde(default)]
    rows: Vec<BTreeMap<String, String>>,
    #[serde(default)]
    each: BTreeMap<String, Vec<String>>,
    send: String,
    expect: String,
}

type Values = Vec<(String, String)>;

impl NamedPolicy {
    /// Reads a policy, with the [variables](crate::server::VARIABLES) and the [set of origins](crate::server::ORIGIN_SET)
    /// that the fixture servers have.
    ///
    /// # Errors
    ///
    /// Its errors. A set that cannot be read is an empty one.
    pub fn new(name: &str, source: &str) -> Result<Self, ConfigErrors> {
        let variables = (VARIABLES.iter())
            .fold(Variables::of_process(), |variables, (name, value)| {
                variables.set(*name, *value)
            });
        let root = document::parse_toml(source)?;
        let customers = OriginSet::new();
        let origins = std::fs::read_to_string(ORIGINS).unwrap_or_default();
        customers.replace_by_lines(&origins);
        let options = LoadOptions::default()
            .variables(variables)
            .origin_set(ORIGIN_SET, &customers);
        let loaded = options.load_tree(&root, source)?;
        Ok(Self {
            name: name.to_owned(),
            source: source.to_owned(),
            policy: loaded.policy,
            config: loaded.config,
        })
    }
}

impl Suite {
    /// Reads all files of a folder.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let common: Group = read(&folder.join("common.toml"))?;
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .map_err(|error| error_in(folder, error))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "toml"))
            .filter(|path| path.file_stem().is_some_and(|stem| stem != "common"))
            .collect();
        files.sort();
        let mut suite = Self {
            policies: Vec::new(),
            cases: Vec::new(),
        };
        for file in files {
            suite
                .add(&file, read(&file)?, &common)
                .map_err(|message| error_in(&file, message))?;
        }
        Ok(suite)
    }

    fn add(&mut self, file: &Path, group: Group, common: &Group) -> Result<(), String> {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = |key: &str| group.text.get(key).or_else(|| common.text.get(key));
        let mut policies = BTreeMap::new();
        for entry in group.cases {
            let policy = match policies.get(&entry.policy) {
                Some(policy) => Arc::clone(policy),
                None => {
                    let source = group.policies.get(&entry.policy);
                    let source = source
                        .or_else(|| common.policies.get(&entry.policy))
                        .ok_or_else(|| format!("there is no policy `{}`", entry.policy))?;
                    let policy = NamedPolicy::new(&format!("{name}/{}", entry.policy), source);
                    let policy =
                        policy.map_err(|errors| format!("policy `{}`: {errors}", entry.policy))?;
                    let policy = Arc::new(policy);
                    policies.insert(entry.policy.clone(), Arc::clone(&policy));
                    self.policies.push(Arc::clone(&policy));
                    policy
                }
            };
            let shared = match &entry.over {
                None => &[][..],
                Some(rows) => group
                    .rows
                    .get(rows)
                    .or_else(|| common.rows.get(rows))
                    .ok_or_else(|| format!("there are no rows `{rows}`"))?,
            };
            for values in expand(&[shared, &entry.rows], &entry.each) {
                let case = (|| {
                    let fill = |template: &str| fill(template, &values, &text);
                    let expected = fill(&entry.expect)?;
                    Ok::<_, String>(Case {
                        name: label(&name, &entry.name, &values),
                        group: name.clone(),
                        policy: Arc::clone(&policy),
                        request: parse_request(&fill(&entry.send)?)?,
                        expected: Expected::parse(&expected)?.with_one_vary_line(),
                    })
                })();
                self.cases
                    .push(case.map_err(|message| format!("case `{}`: {message}", entry.name))?);
            }
        }
        Ok(())
    }
}

impl Expected {
    /// Reads a status (or `any`, or `closed`) and header lines.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let rows = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let mut rest = rows.filter(|line| !line.is_empty());
        let status = match rest.next().map(String::from_utf8_lossy).as_deref() {
            Some("closed") => return Ok(Self::Closed),
            Some("any") => None,
            Some(status) => Some(
                status
                    .parse()
                    .map_err(|_| format!("`{status}` is not a status, `any` or `closed`"))?,
            ),
            None => return Err("nothing is expected".to_owned()),
        };
        let mut lines = rest.map(parse_line).collect::<Result<Vec<_>, _>>()?;
        for (name, _) in &mut lines {
            name.make_ascii_lowercase();
            if !is_relevant(name) {
                return Err(format!("`{name}` is not a header that cases are about"));
            }
        }
        lines.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self::Response { status, lines })
    }

    /// Joins the `vary` of the application and that of the policy, which a case has on lines of their own, to the
    /// one line that is expected.
    fn with_one_vary_line(self) -> Self {
        let Self::Response { status, lines } = self else {
            return self;
        };
        let (vary, mut lines): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|(name, _)| name == "vary");
        let values: Vec<_> = vary.into_iter().map(|(_, value)| value).collect();
        if !values.is_empty() {
            lines.push(("vary".to_owned(), values.join(&b", "[..])));
            lines.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Self::Response { status, lines }
    }
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T, CaseError> {
    let source = std::fs::read_to_string(file).map_err(|error| error_in(file, error))?;
    toml::from_str(&source).map_err(|error| error_in(file, error))
}

fn error_in(file: &Path, message: impl fmt::Display) -> CaseError {
    CaseError {
        file: file.to_owned(),
        message: message.to_string(),
    }
}

/// Every combination of a row of each list and a value of each key.
fn expand(
    rows: &[&[BTreeMap<String, String>]],
    each: &BTreeMap<String, Vec<String>>,
) -> Vec<Values> {
    let mut all = vec![Values::new()];
    for rows in rows.iter().filter(|rows| !rows.is_empty()) {
        all = combine(
            &all,
            rows.iter().map(|row| row.clone().into_iter().collect()),
        );
    }
    for (key, values) in each {
        let pairs = values
            .iter()
            .map(|value| vec![(key.clone(), value.clone())]);
        all = combine(&all, pairs);
    }
    all
}

fn combine(all: &[Values], more: impl Iterator<Item = Values> + Clone) -> Vec<Values> {
    all.iter()
        .flat_map(|first| more.clone().map(|second| [&first[..], &second].concat()))
        .collect()
}

fn label(group: &str, case: &str, values: &Values) -> String {
    // Long values would make the name unreadable.
    let short: Vec<&str> = values
        .iter()
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty() && value.len() <= 40 && !value.contains('\n'))
        .collect();
    match short.is_empty() {
        true => format!("{group}/{case}"),
        false => format!("{group}/{case} ({})", short.join(", ")),
    }
}

/// Replaces `{name}` by a value or a shared text, `{text*N}` by N times the text, and `\xNN` by a byte.
fn fill<'a>(
    template: &str,
    values: &Values,
    text: &impl Fn(&str) -> Option<&'a String>,
) -> Result<Vec<u8>, String> {
    let mut filled = template.to_owned();
    // Texts can contain placeholders.
    for _ in 0..4 {
        filled = fill_once(&filled, &|key| {
            let value = values.iter().find(|(name, _)| name == key);
            value.map(|(_, value)| value).or_else(|| text(key)).cloned()
        })?;
    }
    unescape(&filled)
}

fn fill_once(template: &str, value: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        // Any other brace is that of a JSON body.
        let inside = after
            .split_once('}')
            .filter(|(inside, _)| is_placeholder(inside));
        let Some((inside, remaining)) = inside else {
            filled.push('{');
            rest = after;
            continue;
        };
        match inside.split_once('*') {
            Some((text, count)) => {
                let count = count
                    .parse()
                    .map_err(|_| format!("`{{{inside}}}` has no number"))?;
                filled.push_str(&text.repeat(count));
            }
            None => {
                let value = value(inside);
                filled.push_str(&value.ok_or_else(|| format!("`{{{inside}}}` is not defined"))?);
            }
        }
        rest = remaining;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_placeholder(inside: &str) -> bool {
    match inside.split_once('*') {
        Some((text, count)) => !text.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()),
        None => {
            !inside.is_empty()
                && inside
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        }
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).ok_or("`\\x` without two digits")?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| "`\\x` without two digits")?);
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Reads `METHOD TARGET`, header lines and, after a line `---`, a body. Empty lines are ignored, so
/// that a placeholder can stand for no line at all.
fn parse_request(text: &[u8]) -> Result<RawRequest, String> {
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let start = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let (method, target) = start
        .split_once(' ')
        .ok_or_else(|| format!("`{start}` is not a method and a target"))?;
    let head: Vec<_> = lines.by_ref().take_while(|line| line != b"---").collect();
    let body: Vec<_> = lines.collect();
    Ok(RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: head.into_iter().map(parse_line).collect::<Result<_, _>>()?,
        body: body.join(&b'\n'),
    })
}

fn parse_line(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let colon = line.iter().position(|&byte| byte == b':');
    let split = colon.and_then(|colon| Some((line.get(..colon)?, line.get(colon + 1..)?)));
    let (name, value) =
        split.ok_or_else(|| format!("`{}` is not a header line", String::from_utf8_lossy(line)))?;
    // One space after the colon is part of the notation; any other white space is sent.
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Ok((String::from_utf8_lossy(name).into_owned(), value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        let values = vec![("path".to_owned(), "/echo".to_owned())];
        let granted = "vary: Origin\n{path}".to_owned();
        let text = |key: &str| (key == "granted").then_some(&granted);
        let fill = |template: &str| fill(template, &values, &text);
        assert_eq!(
            fill("{path}-{a,*3}-{\"a\":1}-{A}").unwrap(),
            b"/echo-a,a,a,-{\"a\":1}-{A}"
        );
        assert_eq!(fill("{granted}").unwrap(), b"vary: Origin\n/echo");
        assert_eq!(fill("a\\xffb").unwrap(), b"a\xffb");
        assert!(fill("{unknown}").is_err());
        assert!(fill("\\xg0").is_err());
    }

    #[test]
    fn requests() {
        let request = parse_request(b"\nPOST /json\nA: 1\n\nB:  2 \n---\n{}\n").unwrap();
        assert_eq!((&*request.method, &*request.target), ("POST", "/json"));
        assert_eq!(
            request.lines,
            [("A".into(), b"1".to_vec()), ("B".into(), b" 2 ".to_vec())]
        );
        assert_eq!(request.body, b"{}");
        assert!(parse_request(b"GET").is_err());
        assert!(parse_request(b"GET /\nnonsense").is_err());
    }

    #[test]
    fn one_vary_line() {
        #[track_caller]
        fn check(lines: &str, expected: &str) {
            let parse = |lines: &str| Expected::parse(format!("200\n{lines}").as_bytes()).unwrap();
            assert_eq!(parse(lines).with_one_vary_line(), parse(expected));
        }
        check("x-handler: 1", "x-handler: 1");
        check("vary: A", "vary: A");
        check(
            "vary: A\nx-handler: 1\nvary: Origin",
            "vary: A, Origin\nx-handler: 1",
        );
    }

    #[test]
    fn combinations() {
        let row = |value: &str| BTreeMap::from([("a".to_owned(), value.to_owned())]);
        let rows = [row("1"), row("2")];
        let each = BTreeMap::from([("b".to_owned(), vec!["x".to_owned(), "y".to_owned()])]);
        assert_eq!(expand(&[&rows, &[]], &each).len(), 4);
        assert_eq!(expand(&[&[], &[]], &BTreeMap::new()), [vec![]]);
    }
}
