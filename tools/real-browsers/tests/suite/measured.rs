//! Compares the three real browsers with what they did before, in the exchanges with which the model of the browser is
//! tested. This shows that the recorded responses cause the recorded behaviour.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

#[path = "../../../../cors-browser-model/tests/suite/measured/schema.rs"]
mod schema;

use std::time::{Duration, Instant};

use cors_matrix::skip::skip;
use cors_real_browsers::{Browser, BrowserName, Fetch, Outcome, Reply, Script, ScriptedServer};
use schema::{Answer, Case, File, Line};

/// How long browsers cache a preflight without `Access-Control-Max-Age`.
const REMEMBERED: Duration = Duration::from_secs(5);
/// How often a case is repeated that took longer than that.
const TRIES: usize = 5;

const MEASURED: &str =
    include_str!("../../../../cors-browser-model/tests/suite/measured/measured.toml");

impl Answer {
    fn reply(&self) -> Reply {
        let reply = Reply::new(self.status).phrase(&*self.reason);
        let lines = self.headers.iter();
        lines.fold(reply, |reply, (name, value)| reply.line(name, &**value))
    }
}

impl Case {
    fn script(&self) -> Script {
        let script = Script::actual(self.actual.reply());
        match &self.preflight {
            Some(preflight) => Script {
                preflight: preflight.reply(),
                ..script
            },
            None => script,
        }
    }

    fn fetch(&self, url: String) -> Fetch {
        let mut fetch = Fetch::get(url).method(&self.method);
        fetch.headers = self.headers.clone();
        if self.credentials {
            fetch.with_credentials()
        } else {
            fetch
        }
    }

    fn lines(&self, engine: BrowserName) -> &[Line] {
        match engine {
            BrowserName::Chromium => &self.chromium,
            BrowserName::Firefox => &self.firefox,
            BrowserName::Webkit => &self.webkit,
        }
    }
}

#[track_caller]
fn check(engine: BrowserName) {
    if let Err(missing) = engine.available() {
        skip(&format!("what {engine} did before"), &missing).unwrap();
        return;
    }
    let file: File = toml::from_str(MEASURED).unwrap();
    let server = ScriptedServer::start().unwrap();
    let started = Instant::now();
    let mut browser = Browser::start(engine).unwrap();
    println!("{engine}: started in {:?}", started.elapsed());

    // Pages of one origin together; cases that wait come last.
    let mut cases: Vec<&Case> = file.case.iter().collect();
    cases.sort_by_key(|case| (case.again_after, &case.page));
    let mut wrong = Vec::new();
    for group in cases.chunk_by(|a, b| (a.again_after, &a.page) == (b.again_after, &b.page)) {
        browser.open(&group[0].page).unwrap();
        let again_after = group[0].again_after;
        let observed = (0..TRIES).find_map(|attempt| {
            // New URLs, for which nothing is cached.
            let name = |case: &Case| format!("{}-{attempt}", case.name);
            let fetches: Vec<Fetch> = group
                .iter()
                .map(|case| {
                    server.script(name(case), case.script());
                    case.fetch(server.url(&name(case)))
                })
                .collect();
            let begun = Instant::now();
            let observed = browser.fetch_all(&fetches).unwrap();
            if let Some(seconds) = again_after {
                std::thread::sleep(Duration::from_secs(seconds));
                browser.fetch_all(&fetches).unwrap();
            }
            // On a busy machine, an entry that should still be cached can have expired.
            let is_in_time = again_after != Some(0) || begun.elapsed() < REMEMBERED;
            let names = group.iter().map(|case| name(case));
            is_in_time.then(|| names.zip(observed).collect::<Vec<_>>())
        });
        let observed =
            observed.unwrap_or_else(|| panic!("{engine} takes longer than it caches preflights"));
        for (case, (name, observed)) in group.iter().zip(observed) {
            let mut expect = |what: &str, is: String, should: String| {
                if is != should {
                    wrong.push(format!(
                        "{}: {what}\n     is {is}\n should {should}",
                        case.name
                    ));
                }
            };
            let in_chromium = case.in_chromium.as_ref();
            let in_chromium = in_chromium.filter(|_| engine == BrowserName::Chromium);
            expect(
                "read",
                observed.is_read().to_string(),
                in_chromium
                    .map_or(case.readable, |case| case.readable)
                    .to_string(),
            );

            let seen = server.seen(&name);
            let sent: Vec<&str> = seen
                .iter()
                .map(|sent| {
                    if sent.is_preflight() {
                        "PRE"
                    } else {
                        &*sent.method
                    }
                })
                .collect();
            // The record of the warmed-up Firefox: here, it needs no warming up.
            let firefox = case
                .sent_firefox_warm
                .as_ref()
                .or(case.sent_firefox.as_ref());
            let other = firefox.filter(|_| engine == BrowserName::Firefox);
            let other = other.or(in_chromium.map(|case| &case.sent));
            expect("sent", sent.join(" "), other.unwrap_or(&case.sent).clone());

            let asked = in_chromium.map_or(case.asked.as_deref(), |case| Some(&case.asked));
            let keeps_back = in_chromium.map_or(&[][..], |case| &case.keeps_back);
            for sent in &seen {
                let got = |name: &str| sent.header(name).map(String::from_utf8_lossy);
                if sent.is_preflight() {
                    if let Some(asked) = asked {
                        let names = got("Access-Control-Request-Headers").unwrap_or_default();
                        expect("asked", names.into_owned(), asked.to_owned());
                    }
                } else {
                    for (name, value) in &case.headers {
                        let is_scripts = got(name).map(|got| got == **value);
                        let should = Some(!keeps_back.contains(name));
                        expect(name, format!("{is_scripts:?}"), format!("{should:?}"));
                    }
                }
            }

            if let (Some(read), Outcome::Read { headers, .. }) = (&case.header, &observed.outcome) {
                let value = headers
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(&read.name));
                let value = value.map(|(_, value)| value);
                expect(
                    "header",
                    format!("{value:?}"),
                    format!("{:?}", read.value.as_ref()),
                );
            }

            let url = server.url(&name);
            let origin = format!("http://127.0.0.1:{}", server.port());
            let said = observed.reason.console.iter();
            let said = said.map(|line| {
                line.text
                    .replace(&url, "<URL>")
                    .replace(&origin, "http://127.0.0.1:18081")
            });
            let lines = case.lines(engine).iter();
            let should = lines.map(|line| line.text.clone());
            expect(
                "console",
                said.collect::<Vec<_>>().join("\n"),
                should.collect::<Vec<_>>().join("\n"),
            );

            if engine == BrowserName::Firefox {
                let codes = observed
                    .reason
                    .console
                    .iter()
                    .map(|message| message.code.clone());
                let should = case.firefox.iter().map(|line| line.code.clone());
                let (codes, should): (Vec<_>, Vec<_>) = (codes.collect(), should.collect());
                expect("codes", format!("{codes:?}"), format!("{should:?}"));
            }
            if engine == BrowserName::Chromium {
                let error = observed
                    .reason
                    .cors_error
                    .map(|error| (error.code, error.parameter));
                let mut lines = case.chromium.iter();
                let should = lines.find_map(|line| line.code.clone().zip(line.parameter.clone()));
                expect("error", format!("{error:?}"), format!("{should:?}"));
            }
        }
    }
    println!("{engine}: {} cases in {:?}", cases.len(), started.elapsed());
    assert!(wrong.is_empty(), "{engine}:\n{}", wrong.join("\n"));
}

#[test]
fn chromium() {
    check(BrowserName::Chromium);
}

#[test]
fn firefox() {
    check(BrowserName::Firefox);
}

#[test]
fn webkit() {
    check(BrowserName::Webkit);
}
