//! A policy file: its text and the places in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use cors_core::document::{self, Item, Loaded, Node, VariableUse};
use cors_core::{
    Config, ConfigErrors, Grant, GrantId, LoadError, LoadOptions, OriginSetEntry, OriginSetUse,
    Policy, Variables,
};

use crate::format::Format;
use crate::line_index::LineIndex;
use crate::origin_file::OriginFile;

/// A file that was read. It is JSON or YAML if its name ends with `.json`, `.yaml` or `.yml`, or else TOML.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// Its text.
    pub text: String,
    lines: LineIndex,
    /// The table with the policy.
    pub(crate) table: Option<String>,
    variables: Variables,
    /// What is in the sets of origins, by their names.
    origin_files: BTreeMap<String, OriginFile>,
    /// Whether the sets that a policy names are supplied without a file, too.
    any_set: bool,
}

/// A valid policy, and its source: [`Source::load`].
#[derive(Clone, Debug)]
pub struct ValidPolicy {
    /// The policy.
    pub policy: Policy,
    loaded: Loaded,
    pub(crate) places: Places,
    /// The items that are variables.
    pub(crate) variables: Vec<VariableUse>,
    values: Variables,
    origin_files: BTreeMap<String, OriginFile>,
}

/// A set of origins that a policy names: [`ValidPolicy::origin_sets`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamedSet {
    /// Its name.
    pub name: String,
    /// What is in it, if [that is known](Source::origins).
    pub file: Option<OriginFile>,
    /// The items that name it: the place in the policy, such as `allow_origins[1]`, and in the file.
    pub places: Vec<(String, Range<usize>)>,
}

/// A variable whose value is known at run time only: [`ValidPolicy::at_run_time`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunTimeVariable {
    /// Its name.
    pub name: String,
    /// The items that name it: the place in the policy, such as `allow_origins[0]`, and in the file.
    pub places: Vec<(String, Range<usize>)>,
}

impl Source {
    /// Reads a file. Its text need not be a valid policy.
    ///
    /// # Errors
    ///
    /// The errors of [`cors_core::read_policy`].
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = cors_core::read_policy(path)?;
        Ok(Self::new(path.display().to_string(), text))
    }

    /// A text as if it had been read from a file with this name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            lines: LineIndex::new(&text),
            text,
            table: None,
            variables: Variables::at_run_time(),
            origin_files: BTreeMap::new(),
            any_set: true,
        }
    }

    /// The policy is a table of the file: `cors`, or `server.cors`. The default is the whole file.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// let source = Source::new("app.toml", "port = 80\n[cors]\nallow_origins = ['*']");
    /// assert!(source.table("cors").load().is_ok());
    /// ```
    #[must_use]
    pub fn table(self, name: impl Into<String>) -> Self {
        Self {
            table: Some(name.into()),
            ..self
        }
    }

    /// The values of environment variables. By default all are given [at run time](Variables::at_run_time).
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::Variables;
    /// use cors_explain::Source;
    ///
    /// let source = Source::new("cors.toml", "allow_origins = ['${ORIGINS}']");
    /// assert_eq!(source.load()?.at_run_time().len(), 1);
    /// let given = Variables::at_run_time().set("ORIGINS", "https://a.example");
    /// assert_eq!(source.variables(given).load()?.at_run_time().len(), 0);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    #[must_use]
    pub fn variables(self, variables: Variables) -> Self {
        Self { variables, ..self }
    }

    /// What is in the set of origins with this name. By default it is not known: the application supplies the set.
    ///
    /// [`OriginFile`] has an example.
    #[must_use]
    pub fn origins(mut self, name: impl Into<String>, file: OriginFile) -> Self {
        self.origin_files.insert(name.into(), file);
        self
    }

    /// With another origin in a set; `None` if a set does not take it.
    pub(crate) fn with_origin(&self, set: &str, entry: &OriginSetEntry) -> Option<Self> {
        let file = self.origin_files.get(set).cloned();
        let file = file
            .unwrap_or_else(|| OriginFile::new("", ""))
            .with(entry)?;
        Some(self.clone().origins(set, file))
    }

    /// Sets without a file are not supplied: a policy that names another one has the error `unknown-origin-set`. For tools
    /// that know the application.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// let source = Source::new("cors.toml", "allow_origins = [{ set = 'partners' }]");
    /// assert!(source.load().is_ok());
    /// assert!(source.without_other_sets().load().is_err());
    /// ```
    #[must_use]
    pub fn without_other_sets(self) -> Self {
        let any_set = false;
        Self { any_set, ..self }
    }

    /// Whether the file is TOML, by its name. [`Fix`](crate::Fix) changes no other file.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// assert!(Source::new("cors.toml", "").is_toml());
    /// assert!(!Source::new("cors.yaml", "").is_toml());
    /// ```
    pub fn is_toml(&self) -> bool {
        self.format() == Format::Toml
    }

    /// The format of the file, by its name.
    pub(crate) fn format(&self) -> Format {
        Format::of(&self.name)
    }

    /// The same file with another text.
    pub(crate) fn with_text(&self, text: String) -> Self {
        Self {
            lines: LineIndex::new(&text),
            text,
            ..self.clone()
        }
    }

    /// The same policy as the text of a TOML file.
    pub(crate) fn in_toml(&self, text: String) -> Self {
        Self {
            name: "cors.toml".to_owned(),
            table: None,
            ..self.with_text(text)
        }
    }

    /// Parses and checks the policy.
    ///
    /// # Errors
    ///
    /// Every error in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// assert!(Source::new("cors.toml", "allow_origins = ['*']").load().is_ok());
    /// let errors = Source::new("cors.toml", "allow_origins = ['a']\nmax_age = 'b'").load().unwrap_err();
    /// assert_eq!(errors.iter().count(), 2);
    /// ```
    pub fn load(&self) -> Result<ValidPolicy, ConfigErrors> {
        let root = self.format().parse(&self.text)?;
        let mut options = LoadOptions::default().variables(self.variables.clone());
        if self.any_set {
            options = options.any_origin_set();
        }
        for (name, file) in &self.origin_files {
            options = options.origin_set(name, file.set());
        }
        let mut policy = Some(&root);
        if let Some(table) = &self.table {
            options = options.table(table);
            policy = document::table(&root, table);
        }
        let loaded = options.load_tree(&root, &self.text)?;
        Ok(ValidPolicy {
            policy: loaded.policy.clone(),
            loaded,
            places: policy.map(Places::new).unwrap_or_default(),
            variables: policy.map(document::variables).unwrap_or_default(),
            values: self.variables.clone(),
            origin_files: self.origin_files.clone(),
        })
    }

    /// The line and the column of a byte, counted from 1; columns are characters.
    ///
    /// # Examples
    ///
    /// ```
    /// let source = cors_explain::Source::new("cors.toml", "# ä\nmax_age = 1");
    /// assert_eq!(source.line_and_column("# ä".len()), (1, 4));
    /// assert_eq!(source.line_and_column("# ä\nmax_".len()), (2, 5));
    /// ```
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.lines.line(at);
        (line, self.lines.column(&self.text, line, at))
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.line(at)
    }

    /// The bytes of a line, counted from 1, with its line end. A byte order mark is not part of the first line.
    ///
    /// # Examples
    ///
    /// ```
    /// let source = cors_explain::Source::new("cors.toml", "# a\nmax_age = 1");
    /// assert_eq!(source.line_range(source.line(2)), 0..4);
    /// assert_eq!(source.line_range(2), 4..15);
    /// ```
    pub fn line_range(&self, line: usize) -> Range<usize> {
        self.lines.range(line)
    }
}

impl ValidPolicy {
    /// The variables whose values are known at run time only, in the order of the file: they have neither a
    /// [value](Source::variables) nor a default. What they hold is not checked, and is not in the policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// let text = "allow_origins = ['${A}', '${B:-}']\nallow_headers = ['${A}']";
    /// let variables = Source::new("cors.toml", text).load()?.at_run_time();
    /// let [a] = &*variables else { unreachable!() };
    /// assert_eq!(a.name, "A");
    /// assert_eq!(a.places, [("allow_origins[0]".to_owned(), 17..23), ("allow_headers[0]".to_owned(), 52..58)]);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn at_run_time(&self) -> Vec<RunTimeVariable> {
        let mut found: Vec<RunTimeVariable> = Vec::new();
        let mut indices = HashMap::new();
        let variables = self.variables.iter();
        for variable in variables.filter(|variable| self.is_at_run_time(variable)) {
            let index = *indices.entry(variable.name.as_str()).or_insert(found.len());
            let span = variable.span.clone().unwrap_or_default();
            let place = (variable.place.clone(), span);
            match found.get_mut(index) {
                Some(known) => known.places.push(place),
                None => found.push(RunTimeVariable {
                    name: variable.name.clone(),
                    places: vec![place],
                }),
            }
        }
        found
    }

    /// The names of all variables in the policy, in alphabetical order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// let text = "allow_origins = ['${B:-https://b.example}', '${A:-}']\nallow_headers = ['${A:-}']";
    /// assert_eq!(Source::new("cors.toml", text).load()?.variable_names(), ["A", "B"]);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn variable_names(&self) -> Vec<String> {
        let names = self.variables.iter().map(|variable| variable.name.clone());
        let names: BTreeSet<_> = names.collect();
        names.into_iter().collect()
    }

    pub(crate) fn is_at_run_time(&self, variable: &VariableUse) -> bool {
        variable.default.is_none() && !self.values.has(&variable.name)
    }

    /// The sets of origins that the policy names, in the order of the file. What is in a set without a file is not known:
    /// for [`policy`](Self::policy) it has no origins.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// let text = "allow_origins = ['https://a.example', { set = 'partners' }]";
    /// let sets = Source::new("cors.toml", text).load()?.origin_sets();
    /// let [partners] = &*sets else { unreachable!() };
    /// assert_eq!(partners.name, "partners");
    /// assert_eq!(partners.places, [("allow_origins[1]".to_owned(), 38..58)]);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn origin_sets(&self) -> Vec<NamedSet> {
        let mut found: Vec<NamedSet> = Vec::new();
        let mut indices = HashMap::new();
        for (grant, index, used) in self.sets() {
            let at = *indices.entry(used.name.as_str()).or_insert(found.len());
            let place = (self.set_path(grant, index), self.set_span(grant, index));
            match found.get_mut(at) {
                Some(known) => known.places.push(place),
                None => found.push(NamedSet {
                    name: used.name.clone(),
                    file: self.origin_file(&used.name).cloned(),
                    places: vec![place],
                }),
            }
        }
        found
    }

    /// The sets of all grants, each with its index in the configuration.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (GrantId, usize, &OriginSetUse)> {
        self.grants().flat_map(|(id, grant)| {
            let sets = grant.origin_sets.iter().enumerate();
            sets.map(move |(index, used)| (id, index, used))
        })
    }

    pub(crate) fn origin_file(&self, set: &str) -> Option<&OriginFile> {
        self.origin_files.get(set)
    }

    /// The key with which a request for a path is looked up in a set: `Some(None)` without a key. `None` if the path has
    /// no such segment.
    pub(crate) fn key_in<'p>(
        &self,
        route: Option<usize>,
        used: &OriginSetUse,
        path: &'p str,
    ) -> Option<Option<&'p str>> {
        let Some(key) = &used.key else {
            return Some(None);
        };
        let mut segments = self.path(route?)?.split('/');
        let index = segments.position(|segment| segment == key)?;
        let key = path.split('/').nth(index)?;
        Some(Some(key).filter(|key| !key.is_empty()))
    }

    /// The set of a grant that has an origin, by its index, with the file and line.
    pub(crate) fn set_with(
        &self,
        grant: GrantId,
        path: &str,
        origin: &str,
    ) -> Option<(usize, &OriginFile, usize)> {
        let mut sets = self.grant(grant)?.origin_sets.iter().enumerate();
        sets.find_map(|(index, used)| {
            let file = self.origin_file(&used.name)?;
            let key = self.key_in(grant.route(), used, path)?;
            Some((index, file, file.line(key, origin)?))
        })
    }

    /// The place of a set in the file.
    pub(crate) fn set_span(&self, grant: GrantId, index: usize) -> Range<usize> {
        let index = self.loaded.index_in_file(grant, "origin_sets", index);
        self.places.span(grant, "allow_origins", index)
    }

    /// The place of a set in the policy: `route[0].allow_origins[1]`.
    pub(crate) fn set_path(&self, grant: GrantId, index: usize) -> String {
        let index = self.loaded.index_in_file(grant, "origin_sets", index);
        let index = index.map_or(String::new(), |index| format!("[{index}]"));
        let part = match (self.grants_of(grant.route()).len(), grant.route()) {
            (2.., _) => format!("{grant}."),
            (_, Some(route)) => format!("route[{route}]."),
            (_, None) => String::new(),
        };
        format!("{part}allow_origins{index}")
    }

    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The routes, by their indices; `None` is the top.
    pub(crate) fn routes(&self) -> impl Iterator<Item = Option<usize>> + use<> {
        let routes = (0..self.config().routes.len()).map(Some);
        std::iter::once(None).chain(routes)
    }

    /// The grants of a route, or of the top.
    pub(crate) fn grants_of(&self, route: Option<usize>) -> &[Grant] {
        let config = self.config();
        match route {
            None => &config.grants,
            Some(route) => (config.routes.get(route)).map_or(&[], |route| &route.part.grants),
        }
    }

    /// All grants: those at the top, then those of each route.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (GrantId, &Grant)> {
        self.routes().flat_map(|route| {
            let grants = self.grants_of(route).iter().enumerate();
            grants.map(move |(index, grant)| (GrantId::new(route, index), grant))
        })
    }

    pub(crate) fn grant(&self, grant: GrantId) -> Option<&Grant> {
        self.grants_of(grant.route()).get(grant.index())
    }

    /// The index in the file of an item in a list of the configuration; `None` if the item comes from a variable.
    pub(crate) fn index_in_file(&self, grant: GrantId, key: &str, index: usize) -> Option<usize> {
        match self.variable(grant, key, index) {
            Some(_) => None,
            None => self.loaded.index_in_file(grant, key, index),
        }
    }

    /// The variable that an item in a list of the configuration comes from.
    pub(crate) fn variable(&self, grant: GrantId, key: &str, index: usize) -> Option<&VariableUse> {
        if self.variables.is_empty() {
            return None;
        }
        let span = self.span(grant, key, Some(index));
        let mut variables = self.variables.iter();
        variables.find(|variable| variable.span.as_ref() == Some(&span))
    }

    /// The variables in a list.
    pub(crate) fn variables_in(
        &self,
        grant: GrantId,
        key: &str,
    ) -> impl Iterator<Item = &VariableUse> {
        let items = self.places.entry(grant, key).map(|entry| &*entry.items);
        let items = items.unwrap_or_default();
        let variables = self.variables.iter();
        variables.filter(|variable| {
            variable
                .span
                .as_ref()
                .is_some_and(|span| items.contains(span))
        })
    }

    /// The path of a route.
    pub(crate) fn path(&self, route: usize) -> Option<&str> {
        let route = self.config().routes.get(route)?;
        Some(&route.path)
    }

    /// The nearest existing place in the file: the item, its key's value, the header of the grant or route, or the
    /// beginning. The index is that in the configuration.
    pub(crate) fn span(&self, grant: GrantId, key: &str, index: Option<usize>) -> Range<usize> {
        let index = index.and_then(|index| self.loaded.index_in_file(grant, key, index));
        self.places.span(grant, key, index)
    }
}

/// The places of all parts of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The top, then the routes.
    pub(crate) parts: Vec<PartPlace>,
}

/// The place of a route, or of the top.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartPlace {
    /// The header `[[route]]`; empty, at the beginning, for the top.
    pub(crate) header: Range<usize>,
    /// Its keys, without the grants and routes.
    pub(crate) keys: Vec<Entry>,
    /// Its grants; none if the keys of the only grant are among its own.
    pub(crate) grants: Vec<GrantPlace>,
}

/// The place of a `[[grant]]`.
#[derive(Clone, Debug)]
pub(crate) struct GrantPlace {
    /// Its header.
    pub(crate) header: Range<usize>,
    pub(crate) keys: Vec<Entry>,
}

/// The place of a key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
    /// The items, if the value is a list.
    pub(crate) items: Vec<Range<usize>>,
}

impl Places {
    /// The places in a policy: the whole file, or a table of it.
    fn new(root: &Item) -> Self {
        let mut top = PartPlace::new(root);
        top.header = 0..0;
        let routes = list(root, "route").map(PartPlace::new);
        Self {
            parts: std::iter::once(top).chain(routes).collect(),
        }
    }

    fn part(&self, route: Option<usize>) -> Option<&PartPlace> {
        self.parts.get(route.map_or(0, |route| route + 1))
    }

    /// The entry of a key of a grant.
    pub(crate) fn entry(&self, grant: GrantId, key: &str) -> Option<&Entry> {
        let part = self.part(grant.route())?;
        let keys = match part.grants.get(grant.index()) {
            Some(place) => &place.keys,
            None => &part.keys,
        };
        keys.iter().find(|entry| entry.name == key)
    }

    /// The entry of a key of a route, or of the whole file.
    pub(crate) fn part_entry(&self, route: Option<usize>, key: &str) -> Option<&Entry> {
        let mut keys = self.part(route)?.keys.iter();
        keys.find(|entry| entry.name == key)
    }

    /// The header of a grant, or of its route.
    fn header(&self, grant: GrantId) -> Option<&Range<usize>> {
        let part = self.part(grant.route())?;
        Some((part.grants.get(grant.index())).map_or(&part.header, |grant| &grant.header))
    }

    fn span(&self, grant: GrantId, key: &str, index: Option<usize>) -> Range<usize> {
        let entry = self.entry(grant, key);
        let item = entry.and_then(|entry| entry.items.get(index?));
        item.or(entry.map(|entry| &entry.value))
            .or(self.header(grant))
            .cloned()
            .unwrap_or(0..0)
    }
}

impl PartPlace {
    fn new(item: &Item) -> Self {
        let is_part = |name: &str| matches!(name, "grant" | "route");
        Self {
            header: item.span.clone().unwrap_or_default(),
            keys: keys(item).filter(|entry| !is_part(&entry.name)).collect(),
            grants: list(item, "grant").map(GrantPlace::new).collect(),
        }
    }
}

impl GrantPlace {
    fn new(item: &Item) -> Self {
        Self {
            header: item.span.clone().unwrap_or_default(),
            keys: keys(item).collect(),
        }
    }
}

/// The items of a list in a table.
fn list<'a>(table: &'a Item, name: &str) -> impl Iterator<Item = &'a Item> {
    let Node::Table(entries) = &table.node else {
        return [].iter();
    };
    let list = entries.iter().find(|(key, _)| key.name == name);
    match list.map(|(_, item)| &item.node) {
        Some(Node::List(items)) => items.iter(),
        _ => [].iter(),
    }
}

fn keys(table: &Item) -> impl Iterator<Item = Entry> {
    let entries = match &table.node {
        Node::Table(entries) => entries.as_slice(),
        _ => &[],
    };
    let span = |item: &Item| item.span.clone().unwrap_or_default();
    entries.iter().map(move |(key, value)| Entry {
        name: key.name.clone(),
        key: key.span.clone().unwrap_or_default(),
        value: span(value),
        items: match &value.node {
            Node::List(items) => items.iter().map(span).collect(),
            _ => Vec::new(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        #[track_caller]
        fn check(text: &str, place: (Option<usize>, usize, &str, Option<usize>), expected: &str) {
            let places = Places::new(&document::parse_toml(text).unwrap());
            let (route, grant, key, index) = place;
            let span = places.span(GrantId::new(route, grant), key, index);
            assert_eq!(text.get(span).unwrap(), expected, "{place:?}");
        }
        let text = "preflight_status = 200\n\n[[grant]]\nallow_origins = [\"*\"]\n\n[[grant]]\n\
                    allow_origins = [\n  \"https://a.example\",\n]\n\n[[route]]\npath = \"/a\"\n\
                    allow_origins = [\"b\"]\n\n[[route]]\n[[route.grant]]\nallow_origins = [\"c\"]\n";
        check(text, (None, 0, "allow_origins", Some(0)), "\"*\"");
        check(
            text,
            (None, 1, "allow_origins", Some(0)),
            "\"https://a.example\"",
        );
        check(text, (None, 1, "allow_methods", None), "[[grant]]");
        check(text, (Some(0), 0, "allow_origins", Some(0)), "\"b\"");
        check(text, (Some(0), 0, "path", None), "\"/a\"");
        check(text, (Some(0), 0, "allow_methods", None), "[[route]]");
        check(text, (Some(1), 0, "allow_origins", Some(0)), "\"c\"");
        check(text, (Some(1), 0, "allow_methods", None), "[[route.grant]]");
        let text = "allow_origins = ['*']";
        check(text, (None, 0, "allow_origins", Some(0)), "'*'");
        check(text, (None, 0, "max_age", None), "");
    }
}
