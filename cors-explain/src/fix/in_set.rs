//! Origins that a set of origins would allow.

use cors_core::OriginSetEntry;

use crate::source::{Source, ValidPolicy};
use crate::text::Printable;

/// An origin that may be missing in a set.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    set: String,
    entry: OriginSetEntry,
    /// The segment of the route's path that has the key: `{realm}`.
    pub(super) capture: Option<String>,
    /// What to do.
    advice: Vec<String>,
}

impl Missing {
    /// The sets of a part that a request's origin is looked up in, each with that origin. Of very many, the first: each is
    /// tried.
    pub(super) fn all(
        valid: &ValidPolicy,
        route: Option<usize>,
        path: &str,
        origin: &str,
    ) -> Vec<Self> {
        const MAX: usize = 5;
        let mut all: Vec<Self> = Vec::new();
        let sets = valid.sets().filter(|(grant, ..)| grant.route() == route);
        for (_, _, used) in sets.take(MAX) {
            let Some(key) = valid.key_in(route, used, path) else {
                continue;
            };
            let entry = OriginSetEntry {
                key: key.map(str::to_owned),
                origin: origin.to_owned(),
            };
            all.push(Self {
                advice: advice(valid, &used.name, &entry),
                set: used.name.clone(),
                capture: used.key.clone(),
                entry,
            });
        }
        all
    }

    /// The file with this origin in the set; `None` if a set does not take it.
    pub(super) fn added(&self, source: &Source) -> Option<Source> {
        source.with_origin(&self.set, &self.entry)
    }

    /// What to do, and what not. Where a listed origin is `near`, the policy may be what is wrong.
    pub(super) fn advice(&self, near: bool) -> impl Iterator<Item = String> {
        let capture = self.capture.iter().filter(move |_| !near);
        let elsewhere = capture.map(|capture| {
            format!(
                "do not list it in `allow_origins`: there it is allowed for every `{}`",
                Printable(capture)
            )
        });
        self.advice.iter().cloned().chain(elsewhere)
    }
}

fn advice(valid: &ValidPolicy, set: &str, entry: &OriginSetEntry) -> Vec<String> {
    let OriginSetEntry { key, origin } = entry;
    let (set, key) = (Printable(set), key.as_deref());
    let Some(file) = valid.origin_file(set.0) else {
        let under = key.map(|key| format!(" under the key `{}`", Printable(key)));
        let under = under.unwrap_or_default();
        return vec![format!(
            "the set `{set}` is given by the application: if it has this origin{under}, fill it with \
             `--origins {set}=FILE`; otherwise add the origin to the set"
        )];
    };
    let name = Printable(file.name());
    if let Some(error) = file.left_out(key, origin) {
        return vec![format!("correct {name}: {}", Printable(&error.to_string()))];
    }
    let line = key.into_iter().chain([&**origin]);
    let line = line.collect::<Vec<_>>().join(" ");
    let add = format!("add the line `{}` to {name}", Printable(&line));
    // The page of one customer must not get what is another's.
    let (Some(key), Some((line, other))) = (key, file.line_of_origin(origin)) else {
        return vec![add];
    };
    let other = match other {
        Some(other) => format!("under the key `{}`", Printable(other)),
        None => "without a key".to_owned(),
    };
    let key = Printable(key);
    vec![
        format!(
            "{name}:{line} has this origin {other}, and the path has `{key}`: if that is wrong, correct the URL in the page"
        ),
        format!("only if pages of this origin may act on `{key}`: {add}"),
    ]
}
