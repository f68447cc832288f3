//! The requests, and what their responses can be.

use std::ops::RangeInclusive;

use crate::message::{RawRequest, RawResponse};
use crate::versions::{self, ORIGIN, agree, fields, request};

/// The keys of the set. A state of it is for all of them.
pub(super) const REALMS: [&str; 2] = ["acme", "other"];

/// The origin that only one state of the set has, or the one that all have.
pub(super) fn origin(state: Option<u64>) -> String {
    match state {
        Some(state) => format!("https://v{state}.example"),
        None => "https://stays.example".to_owned(),
    }
}

/// A version of the policy and a state of the set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) policy: u64,
    pub(super) set: u64,
}

/// A request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: RawRequest,
    what: What,
}

/// What the application does with it.
#[derive(Debug)]
enum What {
    /// The middleware responds.
    Preflight,
    /// It says the path.
    Echo,
    /// It sends the body back.
    Json,
    /// It has no route.
    Missing,
    /// It says the path. The origin is in this state of the set, or in all.
    Realm(Option<u64>),
}

impl Asked {
    /// A request of each kind in turn. `state` is the newest of the set.
    pub(super) fn new(number: u64, state: u64) -> Self {
        let (request, what) = match number % 8 {
            0 => (versions::preflight("/echo"), What::Preflight),
            1 | 2 => (versions::get("/echo"), What::Echo),
            3 => {
                let lines = [("Origin", ORIGIN), ("Content-Type", "application/json")];
                let mut request = request("POST", "/json", &lines);
                request.body = format!("{{\"number\":{number}}}").into_bytes();
                (request, What::Json)
            }
            4 => (versions::get("/nowhere"), What::Missing),
            kind => {
                let state = match kind {
                    5 => Some(state),
                    6 => Some(state - 1),
                    _ => None,
                };
                let [acme, other] = REALMS;
                let realm = if number % 16 < 8 { acme } else { other };
                let path = format!("/realms/{realm}/echo");
                let request = request("GET", &path, &[("Origin", &origin(state))]);
                (request, What::Realm(state))
            }
        };
        Self { request, what }
    }

    /// Checks a response. Returns the state of the set that it shows.
    pub(super) fn check(
        &self,
        response: &RawResponse,
        oldest: Moment,
        newest: Moment,
    ) -> Result<Option<u64>, String> {
        let body = response.pieces.concat();
        let path = format!("\"path\":\"{}\"", self.request.target);
        let is_own = match self.what {
            What::Preflight => body.is_empty(),
            What::Echo | What::Realm(_) => {
                response.status == 200 && String::from_utf8_lossy(&body).contains(&path)
            }
            What::Json => response.status == 200 && body == self.request.body,
            What::Missing => response.status == 404,
        };
        if !is_own {
            return Err(format!(
                "{} {}: {} with the body `{}`",
                self.request.method,
                self.request.target,
                response.status,
                String::from_utf8_lossy(&body)
            ));
        }
        let versions = oldest.policy..=newest.policy;
        match self.what {
            What::Realm(state) => check_realm(response, state, versions, oldest.set..=newest.set),
            _ => agree(&self.request, response, versions).map(|()| None),
        }
    }
}

fn check_realm(
    response: &RawResponse,
    state: Option<u64>,
    versions: RangeInclusive<u64>,
    states: RangeInclusive<u64>,
) -> Result<Option<u64>, String> {
    let found = fields(response);
    let is_granted = versions.clone().any(|version| {
        found
            == [
                format!("access-control-allow-origin: {}", origin(state)),
                format!("access-control-expose-headers: e{version}"),
                "vary: Origin".to_owned(),
            ]
    });
    // An origin without a grant gets the same with every version.
    let is_refused = found == ["vary: Origin"];
    let (can_be_granted, can_be_refused) = match state {
        Some(state) => (states.contains(&state), states != (state..=state)),
        None => (true, false),
    };
    match (is_granted && can_be_granted) || (is_refused && can_be_refused) {
        true => Ok(state.filter(|_| is_granted)),
        false => Err(format!(
            "{}: {found:?} is of no version of {versions:?} with a set of {states:?}",
            origin(state)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response to a request that is sent with policy 3 and set 5, and comes back with policy 4 and set 6.
    #[track_caller]
    fn check(number: u64, answer: &str, expected: Option<Option<u64>>) {
        let mut lines = answer.lines();
        let (status, body) = lines.next().unwrap().split_once(' ').unwrap();
        let lines = lines.map(|line| line.split_once(": ").unwrap());
        let response = RawResponse {
            status: status.parse().unwrap(),
            lines: lines
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect(),
            pieces: vec![body.into()],
        };
        let [oldest, newest] = [3, 4].map(|policy| Moment {
            policy,
            set: policy + 2,
        });
        let checked = Asked::new(number, 6).check(&response, oldest, newest);
        assert_eq!(checked.clone().ok(), expected, "{answer}: {checked:?}");
    }

    #[test]
    fn responses_of_a_policy() {
        let fourth = "vary: Origin\naccess-control-allow-origin: https://app.example.com\n\
            access-control-allow-credentials: true";
        let actual = format!("{fourth}\naccess-control-expose-headers: e4");
        let echo = "200 {\"path\":\"/echo\"}";
        check(1, &format!("{echo}\n{actual}"), Some(None));
        check(1, &format!("{echo}\nvary: Origin"), Some(None));
        check(3, &format!("200 {{\"number\":3}}\n{actual}"), Some(None));
        check(4, &format!("404 not found\n{actual}"), Some(None));
        check(0, "403 \nvary: Origin", Some(None));
        let preflight = format!(
            "204 \n{fourth}\naccess-control-allow-methods: M4\n\
             access-control-allow-headers: h4\naccess-control-max-age: 4"
        );
        check(0, &preflight, Some(None));

        // Of two policies, of an older one, or without a part.
        check(0, &preflight.replace("M4", "M5"), None);
        check(0, &preflight.replace("204", "403"), None);
        check(0, &preflight.replace("age: 4", "age: 3"), None);
        check(1, &format!("{echo}\n{}", actual.replace("e4", "e1")), None);
        check(1, &format!("{echo}\n{fourth}"), None);
        check(1, &format!("{echo}\naccess-control-allow-origin: *"), None);
        check(0, "204 \nvary: Origin", None);
        // The response to another request.
        check(1, &format!("200 {{\"path\":\"/other\"}}\n{actual}"), None);
        check(3, &format!("200 {{\"number\":11}}\n{actual}"), None);
        check(4, &format!("{echo}\n{actual}"), None);
        check(1, &format!("500 \n{actual}"), None);
    }

    #[test]
    fn responses_of_a_set() {
        let echo = "200 {\"path\":\"/realms/acme/echo\"}\nvary: Origin";
        let granted = |origin: &str, version: u64| {
            format!(
                "{echo}\naccess-control-allow-origin: {origin}\n\
                 access-control-expose-headers: e{version}"
            )
        };
        // The newest state, and the one before: each can be active.
        for (number, state) in [(5, 6), (6, 5)] {
            let origin = origin(Some(state));
            check(number, &granted(&origin, 3), Some(Some(state)));
            check(number, &granted(&origin, 4), Some(Some(state)));
            check(number, &granted(&origin, 2), None);
            check(number, echo, Some(None));
        }
        check(5, &granted(&origin(Some(5)), 3), None);
        // The origin that each state has.
        check(7, &granted(&origin(None), 3), Some(None));
        check(7, echo, None);
    }

    #[test]
    fn states() {
        #[track_caller]
        fn check(state: u64, lines: &str, states: RangeInclusive<u64>, is_right: bool) {
            let lines = lines.lines().map(|line| line.split_once(": ").unwrap());
            let response = RawResponse {
                status: 200,
                lines: lines
                    .map(|(name, value)| (name.to_owned(), value.into()))
                    .collect(),
                pieces: Vec::new(),
            };
            let checked = check_realm(&response, Some(state), 1..=1, states.clone());
            assert_eq!(checked.is_ok(), is_right, "{state} {states:?}: {checked:?}");
        }
        let granted = "access-control-allow-origin: https://v5.example\n\
            access-control-expose-headers: e1\nvary: Origin";
        let refused = "vary: Origin";
        for (states, can_be_granted, can_be_refused) in [
            (5..=5, true, false),
            (4..=5, true, true),
            (5..=6, true, true),
            (6..=6, false, true),
            (3..=4, false, true),
        ] {
            check(5, granted, states.clone(), can_be_granted);
            check(5, refused, states, can_be_refused);
        }
        check(5, "vary: Accept", 4..=5, false);
    }
}
