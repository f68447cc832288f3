//! Compares the model with what real browsers did: `measured.toml`.

mod schema;

use std::time::Duration;

use cors_browser_model::{
    Credentials, Engine, FetchOutcome, Headers, Kind, Origin, PreflightCache, Request, Response,
    Run, SentRequest, Url, fetch,
};
use schema::{Answer, Case, File, Line};

const URL: &str = "http://127.0.0.1:18081/case";

impl Answer {
    fn response(&self) -> Response {
        Response {
            status: self.status,
            reason: self.reason.clone(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name, value))
                .collect(),
        }
    }
}

impl Case {
    fn request(&self) -> Request {
        let page = Origin::parse(&self.page).unwrap();
        let mut request = Request::new(Url::parse(URL).unwrap(), page).method(&self.method);
        request.headers =
            Headers::from_iter(self.headers.iter().map(|(name, value)| (name, value)));
        request.credentials(match self.credentials {
            true => Credentials::Include,
            false => Credentials::default(),
        })
    }

    fn runs(&self, engine: Engine) -> Vec<Run> {
        let mut server = |sent: &SentRequest| match sent.method.as_str() {
            "OPTIONS" => self.preflight.as_ref().map(Answer::response),
            _ => Some(self.actual.response()),
        };
        let mut cache = PreflightCache::new();
        let times = [Some(0), self.again_after].into_iter().flatten();
        times
            .map(Duration::from_secs)
            .map(|now| fetch(engine, &self.request(), &mut cache, now, &mut server))
            .collect()
    }
}

#[track_caller]
fn check(case: &Case, engine: Engine) {
    let name = format!("{}, {}", case.name, engine.name());
    let runs = case.runs(engine);
    let in_chromium = case.in_chromium.as_ref();
    let in_chromium = in_chromium.filter(|_| engine == Engine::Chromium);
    let readable = in_chromium.map_or(case.readable, |case| case.readable);

    for run in &runs {
        // Only in the standard, `*` does not cover `Authorization`.
        let spec_invalid = engine == Engine::Standard && case.name == "pf_authz_vs_star";
        assert_eq!(
            matches!(run.outcome, FetchOutcome::Response(_)),
            readable && !spec_invalid,
            "{name}: {:?}",
            run.outcome
        );
        let failed = |check: &&cors_browser_model::Check| !check.passed;
        let checks = run.exchanges.iter().flat_map(|exchange| &exchange.checks);
        let failures: Vec<_> = checks.filter(failed).map(|check| check.step).collect();
        match &run.outcome {
            FetchOutcome::Response(_) => assert_eq!(failures, [], "{name}"),
            FetchOutcome::Blocked(failure) => {
                assert_eq!(failures, [failure.error.step()], "{name}")
            }
        }
    }

    if let (Some(read), FetchOutcome::Response(response)) = (&case.header, &runs[0].outcome) {
        let value = response.headers.get(&read.name);
        assert_eq!(value, read.value.clone().map(String::into_bytes), "{name}");
    }

    let keeps_back = in_chromium.map_or(&[][..], |case| &case.keeps_back);
    let asked = in_chromium.map_or(case.asked.as_deref(), |case| Some(&case.asked));
    for exchange in runs.iter().flat_map(|run| &run.exchanges) {
        let got = |name: &str| exchange.sent.headers.get(name);
        match exchange.kind {
            Kind::Preflight => {
                if let Some(asked) = asked {
                    let names = got("Access-Control-Request-Headers").unwrap_or_default();
                    assert_eq!(names, asked.as_bytes(), "{name}");
                }
            }
            Kind::Actual => {
                for (header, value) in &case.headers {
                    let value = (!keeps_back.contains(header)).then(|| value.clone().into_bytes());
                    assert_eq!(got(header), value, "{name}");
                }
            }
        }
    }

    let firefox = [
        &case.sent_firefox_warm,
        &case.sent_firefox,
        &Some(case.sent.clone()),
    ];
    let firefox = firefox.into_iter().flatten().next().unwrap();
    let (measured, console) = match engine {
        Engine::Standard => return,
        Engine::Chromium => (
            in_chromium.map_or(&case.sent, |case| &case.sent),
            &case.chromium,
        ),
        Engine::Firefox => (firefox, &case.firefox),
        Engine::WebKit => (&case.sent, &case.webkit),
    };

    let exchanges = runs.iter().flat_map(|run| &run.exchanges);
    let sent: Vec<_> = exchanges
        .map(|exchange| match exchange.kind {
            Kind::Preflight => "PRE",
            Kind::Actual => exchange.sent.method.as_str(),
        })
        .collect();
    assert_eq!(sent.join(" "), *measured, "{name}");

    let said = runs.iter().flat_map(|run| &run.console).map(|line| {
        assert!(line.measured, "{name}");
        Line {
            code: line.code.map(str::to_owned),
            parameter: line.parameter.clone(),
            text: line.text.replace(URL, "<URL>"),
        }
    });
    assert_eq!(said.collect::<Vec<_>>(), *console, "{name}");
}

#[test]
fn sixty_eight_measured_cases() {
    let file: File = toml::from_str(include_str!("measured/measured.toml")).unwrap();
    assert_eq!(file.case.len(), 68);
    assert_eq!(file.case.iter().filter(|case| case.readable).count(), 29);
    for case in &file.case {
        for engine in Engine::ALL {
            check(case, engine);
        }
    }
}
