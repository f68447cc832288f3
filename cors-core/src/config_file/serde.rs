//! Policies in any self-describing format of serde: JSON, YAML, a part of the application's own
//! configuration.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::document::{Item, Key, Node};
use super::reader::read_config;
use super::{OriginSets, read};
use crate::config::{Config, DangerouslyAllow, Grant, OriginSetUse, Part, Refuse, Route};
use crate::error::ConfigErrors;
use crate::policy::Policy;
use crate::text::Excerpt;

/// Reads and checks a policy. The error has a line for each error in it.
///
/// Environment variables are not replaced: an item `"${NAME}"` is an error.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = AnyValue::ROOT.deserialize(deserializer)?;
        let mut errors = Vec::new();
        match read(&root, None, &OriginSets::default(), &mut errors) {
            Some(loaded) => Ok(loaded.policy),
            None => Err(D::Error::custom(ConfigErrors(errors))),
        }
    }
}

/// Reads a configuration in the form of a policy file. [`Policy::new`] checks it.
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = AnyValue::ROOT.deserialize(deserializer)?;
        let mut errors = Vec::new();
        let unchecked = read_config(&root, None, &mut errors);
        match errors.is_empty() {
            true => Ok(unchecked.config),
            false => Err(D::Error::custom(ConfigErrors(errors))),
        }
    }
}

/// Writes a configuration in the form of a policy file, without values that are the default.
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let defaults = Self::default();
        let mut map = serializer.serialize_map(None)?;
        if self.preflight_status != defaults.preflight_status {
            map.serialize_entry("preflight_status", &self.preflight_status)?;
        }
        if self.dangerously_allow != defaults.dangerously_allow {
            map.serialize_entry("dangerously_allow", &dangers(self.dangerously_allow))?;
        }
        if self.refuse != defaults.refuse {
            serialize_refuse(self.refuse, &mut map)?;
        }
        if !self.hosts.is_empty() {
            map.serialize_entry("hosts", &self.hosts)?;
        }
        // Formats such as TOML write tables last.
        match &*self.grants {
            [grant] => serialize_grant(grant, &mut map)?,
            [] => {}
            grants => map.serialize_entry("grant", grants)?,
        }
        if !self.routes.is_empty() {
            map.serialize_entry("route", &self.routes)?;
        }
        map.end()
    }
}

/// Writes a route in the form of a policy file, without values that are the default.
impl Serialize for Route {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Part {
            grants,
            dangerously_allow,
            refuse,
        } = &self.part;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", &self.path)?;
        if *dangerously_allow != DangerouslyAllow::default() {
            map.serialize_entry("dangerously_allow", &dangers(*dangerously_allow))?;
        }
        if let Some(refuse) = refuse {
            serialize_refuse(*refuse, &mut map)?;
        }
        match &**grants {
            [] => map.serialize_entry::<_, [&str]>("allow_origins", &[])?,
            // In a route, `allow_origins = []` means no grant.
            [grant] if !grant.allow_origins.is_empty() || !grant.origin_sets.is_empty() => {
                serialize_grant(grant, &mut map)?
            }
            grants => map.serialize_entry("grant", grants)?,
        }
        map.end()
    }
}

/// Writes a grant in the form of a policy file, without values that are the default.
impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_grant(self, &mut map)?;
        map.end()
    }
}

fn serialize_refuse<M: SerializeMap>(refuse: Refuse, map: &mut M) -> Result<(), M::Error> {
    let named = [
        (refuse.websocket, "websocket"),
        (refuse.cross_site_writes, "cross-site-writes"),
        (refuse.unlisted_origins, "unlisted-origins"),
    ];
    let refused = named.into_iter().filter(|(refused, _)| *refused);
    let names: Vec<_> = refused.map(|(_, name)| name).collect();
    map.serialize_entry("refuse", &names)?;
    match refuse.report_only {
        true => map.serialize_entry("refuse_report_only", &true),
        false => Ok(()),
    }
}

fn serialize_grant<M: SerializeMap>(grant: &Grant, map: &mut M) -> Result<(), M::Error> {
    let defaults = Grant::default();
    map.serialize_entry("allow_origins", &Origins(grant))?;
    for (key, names) in [
        ("allow_methods", &grant.allow_methods),
        ("allow_headers", &grant.allow_headers),
        ("expose_headers", &grant.expose_headers),
    ] {
        if !names.is_empty() {
            map.serialize_entry(key, names)?;
        }
    }
    if grant.allow_credentials {
        map.serialize_entry("allow_credentials", &true)?;
    }
    if grant.max_age != defaults.max_age {
        map.serialize_entry("max_age", &grant.max_age.as_secs())?;
    }
    if grant.expose_timing {
        map.serialize_entry("expose_timing", &true)?;
    }
    Ok(())
}

/// The list of origins of a grant, with its sets.
struct Origins<'a>(&'a Grant);

impl Serialize for Origins<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(grant) = self;
        let len = grant.allow_origins.len() + grant.origin_sets.len();
        let mut list = serializer.serialize_seq(Some(len))?;
        for origin in &grant.allow_origins {
            list.serialize_element(origin)?;
        }
        for set in &grant.origin_sets {
            list.serialize_element(set)?;
        }
        list.end()
    }
}

/// Writes a set of origins as in a policy file.
impl Serialize for OriginSetUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("set", &self.name)?;
        if let Some(key) = &self.key {
            map.serialize_entry("key", key)?;
        }
        map.end()
    }
}

fn dangers(allow: DangerouslyAllow) -> Vec<&'static str> {
    let named = [
        (allow.insecure_origins, "insecure-origins"),
        (allow.public_suffixes, "public-suffixes"),
        (allow.null_origin, "null-origin"),
        (allow.any_host, "any-host"),
    ];
    let allowed = named.into_iter().filter(|(allowed, _)| *allowed);
    allowed.map(|(_, name)| name).collect()
}

/// How deep lists and tables may be nested. A policy needs six levels. More are read so that the reader can
/// report them. Not all formats have a limit, and each level uses stack.
const MAX_DEPTH: u8 = 32;

/// A value of any type, so that the reader can report what is wrong with it.
struct AnyValue {
    /// How many levels of lists and tables may be in it.
    depth: u8,
}

impl AnyValue {
    const ROOT: Self = Self { depth: MAX_DEPTH };

    /// A value inside a list or a table that is this value.
    fn inner<E: Error>(&self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| {
            E::custom(format_args!(
                "lists and tables are nested more than {MAX_DEPTH} levels deep; a CORS policy has at most 6"
            ))
        })?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CORS policy")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Node::Text(text.to_owned()).into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Item, E> {
        Ok(Node::Text(text).into())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Item, E> {
        Ok(Node::Boolean(value).into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Item, E> {
        Ok(Node::Integer(value.into()).into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Item, E> {
        Ok(Node::Integer(value.into()).into())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Item, E> {
        Ok(Node::Other("a float").into())
    }

    fn visit_unit<E: Error>(self) -> Result<Item, E> {
        Ok(Node::Other("null").into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.inner()?)? {
            items.push(item);
        }
        Ok(Node::List(items).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut entries: Vec<(Key, Item)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                let name = Excerpt(&name);
                return Err(A::Error::custom(format_args!("duplicate key `{name}`")));
            }
            entries.push((
                Key { name, span: None },
                map.next_value_seed(self.inner()?)?,
            ));
        }
        Ok(Node::Table(entries).into())
    }
}

impl From<Node> for Item {
    fn from(node: Node) -> Self {
        Self { node, span: None }
    }
}
