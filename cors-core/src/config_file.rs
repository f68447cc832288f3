//! The shape of a policy file, in TOML or in any format that serde reads.
//!
//! Do not derive a reader from the structs in `config`: a derived one stops at the first error, and a
//! flattened one loses the places. So a file of any format is first read into a tree of [`Item`]s, and one
//! [reader] finds all errors in the tree.

use std::collections::BTreeMap;
use std::ops::Range;

use self::document::{Item, Loaded};
use self::reader::{ORIGIN_SETS, Source, Unchecked};

use crate::config::Config;
use crate::environment::{self, Reference};
use crate::error::{ConfigError, Location};
use crate::origin_set::OriginSet;
use crate::policy::Policy;
use crate::text::Excerpt;

pub mod document;
mod from_env;
mod guess;
#[cfg(feature = "toml")]
mod options;
mod reader;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "toml")]
mod table;
#[cfg(feature = "toml")]
mod toml;
mod variables;

#[cfg(feature = "toml")]
pub use self::options::LoadOptions;
#[cfg(feature = "toml")]
#[cfg(feature = "watch")]
pub(crate) use self::toml::read_opened;
#[cfg(feature = "toml")]
pub use self::toml::{LoadError, PolicyFile, read_policy};
pub use self::variables::Variables;

/// Reads a policy from a file. All errors are added to `errors` in the order of the
/// file, with their spans.
fn read(
    root: &Item,
    variables: Option<&Variables>,
    origin_sets: &OriginSets,
    errors: &mut Vec<ConfigError>,
) -> Option<Loaded> {
    let Unchecked {
        mut config,
        incomplete,
        sources,
    } = reader::read_config(root, variables, errors);
    origin_sets.supply(&mut config);
    let mut found = Vec::new();
    let policy = Policy::compile(&config, &incomplete, &mut found);
    for mut error in found {
        let place = error.place.clone();
        let source = sources.get(&(place.route, place.grant, place.key.as_str()));
        match (source, place.index) {
            // A value that could not be read was reported, and is not missing.
            (Some(source), None) if source.is_reported => continue,
            (Some(source), Some(_)) => error.map_index(|index| source.items.get(index).copied()),
            // Only a list without an item has names there, and its only error is that it has none.
            (Some(Source { empty, .. }), None) => name_empty_variables(&mut error, empty),
            (None, _) => {}
        }
        if error.place.key == ORIGIN_SETS {
            error.place.key = "allow_origins".to_owned();
        }
        // Where variables are not replaced, such an item is an error that the reader has reported.
        let item = root.at(&error.place).and_then(Item::text);
        if let Some(Ok(reference)) = item.and_then(Reference::parse) {
            environment::in_variable(&mut error, reference.name);
        }
        error.location = root.span_of(&error.place).map(location_without_line);
        errors.push(error);
    }
    errors.sort_by_key(|error| error.location.as_ref().map(|location| location.span.start));
    let policy = policy.filter(|_| errors.is_empty())?;
    Some(Loaded {
        policy,
        config,
        sources,
    })
}

/// The sets that an application supplies to a policy in a file.
#[derive(Clone, Debug, Default)]
struct OriginSets {
    by_name: BTreeMap<String, OriginSet>,
    /// Whether each other one is supplied, too, without origins.
    any: bool,
}

impl OriginSets {
    fn supply(&self, config: &mut Config) {
        config.origin_sets.clone_from(&self.by_name);
        if self.any {
            let routes = config.routes.iter().flat_map(|route| &route.part.grants);
            let grants = config.grants.iter().chain(routes);
            for named in grants.flat_map(|grant| &grant.origin_sets) {
                let set = config.origin_sets.entry(named.name.clone());
                set.or_default();
            }
        }
    }
}

/// Says which variables leave a list of origins empty.
fn name_empty_variables(error: &mut ConfigError, names: &[String]) {
    const MAX_NAMES: usize = 3;
    let shown = names.iter().take(MAX_NAMES);
    let mut shown: Vec<_> = shown
        .map(|name| format!("`${{{}}}`", Excerpt(name)))
        .collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("{} more", names.len() - MAX_NAMES));
    }
    let names = match &*shown {
        [] => return,
        [name] => {
            error.variable = names.first().cloned();
            format!("{name} has none")
        }
        [names @ .., last] => format!("{} and {last} have none", names.join(", ")),
    };
    error.message = format!(
        "has no origins, because {names}; put the allowed origins into the variable, or list them here"
    );
}

/// A location whose line is not counted yet.
fn location_without_line(span: Range<usize>) -> Location {
    Location {
        span,
        line: 0,
        column: 0,
    }
}
