//! A valid policy in the form that the lints use.

use std::collections::HashSet;
use std::ops::Range;

use cors_core::{Config, Grant, GrantId, OriginPattern};

use crate::diagnostic::Replacement;
use crate::source::{Entry, Places, Source, ValidPolicy};

pub(super) const ORIGINS: &str = "allow_origins";
pub(super) const METHODS: &str = "allow_methods";
pub(super) const HEADERS: &str = "allow_headers";
pub(super) const EXPOSED: &str = "expose_headers";

/// A policy and its file.
pub(super) struct Subject<'a> {
    pub(super) source: &'a Source,
    pub(super) valid: &'a ValidPolicy,
    pub(super) config: &'a Config,
    pub(super) places: &'a Places,
    pub(super) grants: Vec<GrantSubject<'a>>,
}

/// A grant and its place in the file.
pub(super) struct GrantSubject<'a> {
    source: &'a Source,
    valid: &'a ValidPolicy,
    pub(super) id: GrantId,
    numbered: bool,
    pub(super) grant: &'a Grant,
    /// The origins, each with its index.
    pub(super) origins: Vec<(usize, OriginPattern<'a>)>,
    /// The same origins as text, for look-ups.
    texts: HashSet<&'a str>,
}

/// A place in the policy and in the file.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) spans: Vec<Range<usize>>,
}

/// The items of a list that are on one line, so that one comment silences the finding about them.
pub(super) struct Items<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) place: Place,
    /// The change that removes them from the list.
    pub(super) removal: Option<Replacement>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(source: &'a Source, valid: &'a ValidPolicy) -> Self {
        let grants = valid.grants().map(|(id, grant)| GrantSubject {
            source,
            valid,
            id,
            numbered: valid.grants_of(id.route()).len() > 1,
            grant,
            origins: parse_origins(grant),
            texts: grant.allow_origins.iter().map(String::as_str).collect(),
        });
        Self {
            source,
            valid,
            config: valid.config(),
            places: &valid.places,
            grants: grants.collect(),
        }
    }

    /// The grants of a route, or of the top.
    pub(super) fn of(&self, route: Option<usize>) -> impl Iterator<Item = &GrantSubject<'a>> {
        let grants = self.grants.iter();
        grants.filter(move |grant| grant.id.route() == route)
    }

    /// The grants for specific origins.
    pub(super) fn known(&self) -> impl Iterator<Item = &GrantSubject<'a>> {
        self.grants.iter().filter(|grant| !grant.is_everybody())
    }

    /// The grants for any origin.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &GrantSubject<'a>> {
        self.grants.iter().filter(|grant| grant.is_everybody())
    }
}

fn parse_origins(grant: &Grant) -> Vec<(usize, OriginPattern<'_>)> {
    let patterns = grant.allow_origins.iter().enumerate();
    patterns
        .filter_map(|(index, text)| Some((index, OriginPattern::parse(text).ok()?)))
        .collect()
}

impl<'a> GrantSubject<'a> {
    pub(super) fn is_everybody(&self) -> bool {
        has_any(&self.grant.allow_origins)
    }

    /// Whether an origin is listed with this text.
    pub(super) fn lists(&self, origin: &str) -> bool {
        self.texts.contains(origin)
    }

    pub(super) fn credentials(&self) -> bool {
        self.grant.allow_credentials
    }

    /// The entry of a key of the grant, if it is in the file.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.valid.places.entry(self.id, key)
    }

    /// The value of a key.
    pub(super) fn value(&self, key: &str) -> Place {
        self.place(key, None)
    }

    /// An item of a list.
    pub(super) fn item(&self, key: &str, index: usize) -> Place {
        self.place(key, Some(index))
    }

    /// The place of `*` in a list.
    pub(super) fn any(&self, key: &str) -> Option<Place> {
        let index = self.list(key).iter().position(|item| item == "*")?;
        Some(self.item(key, index))
    }

    /// A set of origins.
    pub(super) fn set(&self, index: usize) -> Place {
        Place {
            path: self.valid.set_path(self.id, index),
            spans: vec![self.valid.set_span(self.id, index)],
        }
    }

    fn place(&self, key: &str, index: Option<usize>) -> Place {
        let part = match (self.numbered, self.id.route()) {
            (true, _) => format!("{}.", self.id),
            (false, Some(route)) => format!("route[{route}]."),
            (false, None) => String::new(),
        };
        let item = index.map_or(String::new(), |index| format!("[{index}]"));
        Place {
            path: format!("{part}{key}{item}"),
            spans: vec![self.valid.span(self.id, key, index)],
        }
    }

    fn list(&self, key: &str) -> &'a [String] {
        match key {
            ORIGINS => &self.grant.allow_origins,
            METHODS => &self.grant.allow_methods,
            HEADERS => &self.grant.allow_headers,
            EXPOSED => &self.grant.expose_headers,
            _ => &[],
        }
    }

    /// The items of a list that match a predicate, grouped by line.
    pub(super) fn items(&self, key: &str, holds: impl Fn(&str) -> bool) -> Vec<Items<'a>> {
        let list = self.list(key).iter().enumerate();
        let found: Vec<_> = list.filter(|(_, item)| holds(item)).collect();
        let line = |index: usize| {
            let span = self.valid.span(self.id, key, Some(index));
            self.source.line(span.start)
        };
        let lines = found.chunk_by(|(a, _), (b, _)| line(*a) == line(*b));
        lines
            .filter_map(|items| {
                let (first, _) = items.first()?;
                let mut place = self.item(key, *first);
                let span = |index: &usize| self.valid.span(self.id, key, Some(*index));
                place.spans = items.iter().map(|(index, _)| span(index)).collect();
                Some(Items {
                    names: items.iter().map(|(_, item)| item.as_str()).collect(),
                    place,
                    removal: self.removal(key, items.iter().map(|(index, _)| *index)),
                })
            })
            .collect()
    }

    /// The change that removes items from a list, if they are in the file, and not in a variable. A list of origins
    /// must not become empty.
    pub(super) fn removal(
        &self,
        key: &str,
        indices: impl Iterator<Item = usize>,
    ) -> Option<Replacement> {
        let indices: HashSet<_> = indices.collect();
        let is_all = indices.len() == self.list(key).len();
        if key == ORIGINS && is_all && self.grant.origin_sets.is_empty() {
            return None;
        }
        let in_file = indices.into_iter();
        let in_file = in_file.map(|index| self.valid.index_in_file(self.id, key, index));
        let in_file = in_file.collect::<Option<HashSet<_>>>()?;
        removal(self.source, self.entry(key)?, &in_file)
    }

    /// The change of an origin to another, or its removal if the other is already listed. None if another
    /// grant might have the other, because then it would be an error.
    pub(super) fn change_origin(&self, index: usize, to: &str) -> Option<Replacement> {
        OriginPattern::parse(to).ok()?;
        if self.texts.contains(to) {
            return self.removal(ORIGINS, std::iter::once(index));
        }
        match self.numbered {
            true => None,
            false => self.change_item(ORIGINS, index, to),
        }
    }

    /// The change of an item to another.
    pub(super) fn change_item(&self, key: &str, index: usize, to: &str) -> Option<Replacement> {
        let index = self.valid.index_in_file(self.id, key, index)?;
        let span = self.entry(key)?.items.get(index)?.clone();
        let text = format!("\"{to}\"");
        Some(Replacement { span, text })
    }
}

/// Whether a list has `*`.
pub(super) fn has_any(list: &[String]) -> bool {
    list.iter().any(|item| item == "*")
}

/// The change that removes items from a list. None if that would also remove a comment.
pub(super) fn removal(
    source: &Source,
    list: &Entry,
    indices: &HashSet<usize>,
) -> Option<Replacement> {
    let items = &list.items;
    let first = *indices.iter().min()?;
    let last = *indices.iter().max()?;
    let text = |range: Range<usize>| source.text.get(range);
    if indices.len() == items.len() {
        let span = list.value.clone();
        let before = text(span.start..items.first()?.start)?;
        let after = text(items.last()?.end..span.end)?;
        let is_plain = !before.contains('#') && !after.contains('#');
        let mut between = items.windows(2).filter_map(|pair| match pair {
            [item, next] => text(item.end..next.start),
            _ => None,
        });
        let is_plain = is_plain && !between.any(|between| between.contains('#'));
        let text = "[]".to_owned();
        return is_plain.then_some(Replacement { span, text });
    }
    // Also remove the text between an item and the next, or at the end of the list the previous one.
    let next = items.get(last + 1);
    let previous = first.checked_sub(1).and_then(|index| items.get(index));
    let span = match (next, previous) {
        (Some(next), _) => items.get(first)?.start..next.start,
        (None, Some(previous)) => previous.end..items.get(last)?.end,
        (None, None) => items.get(first)?.start..items.get(last)?.end,
    };
    let mut kept = String::new();
    for index in first..=last {
        let item = items.get(index)?;
        let separator = match (next, index.checked_sub(1)) {
            (Some(_), _) => text(item.end..items.get(index + 1)?.start)?,
            (None, Some(before)) => text(items.get(before)?.end..item.start)?,
            (None, None) => "",
        };
        if separator.contains('#') {
            return None;
        }
        if indices.contains(&index) {
            continue;
        }
        let item = text(item.clone())?;
        match (next, previous, kept.is_empty()) {
            (Some(_), ..) => kept.extend([item, separator]),
            (None, None, true) => kept.push_str(item),
            (None, ..) => kept.extend([separator, item]),
        }
    }
    Some(Replacement { span, text: kept })
}
