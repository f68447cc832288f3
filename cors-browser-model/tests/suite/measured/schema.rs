//! The format of `measured.toml`. The test that runs it in real browsers uses this file, too.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default = "page")]
    pub(crate) page: String,
    #[serde(default = "get")]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) credentials: bool,
    pub(crate) again_after: Option<u64>,
    pub(crate) preflight: Option<Answer>,
    pub(crate) actual: Answer,
    pub(crate) readable: bool,
    pub(crate) sent: String,
    pub(crate) sent_firefox: Option<String>,
    pub(crate) sent_firefox_warm: Option<String>,
    pub(crate) asked: Option<String>,
    pub(crate) in_chromium: Option<InChromium>,
    pub(crate) header: Option<Read>,
    #[serde(default)]
    pub(crate) chromium: Vec<Line>,
    #[serde(default)]
    pub(crate) firefox: Vec<Line>,
    #[serde(default)]
    pub(crate) webkit: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
}

/// What Chromium did instead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InChromium {
    pub(crate) readable: bool,
    pub(crate) sent: String,
    #[serde(default)]
    pub(crate) asked: String,
    pub(crate) keeps_back: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) code: Option<String>,
    pub(crate) parameter: Option<String>,
    pub(crate) text: String,
}

fn page() -> String {
    "http://localhost:18080".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}
