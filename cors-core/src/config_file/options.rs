//! How a policy is read from a file.

use std::fs::File;
use std::io;
use std::path::Path;

use super::document::{Item, Loaded};
use super::toml::{LoadError, count_lines, parse, read_opened};
use super::variables::Variables;
use super::{OriginSets, read, table};
use crate::error::ConfigErrors;
use crate::origin_set::OriginSet;
use crate::policy::Policy;

/// How a policy is read from a file, where it is not the whole file, or its variables are not those of the process.
///
/// [`Policy::from_file`] and the like are short for it.
///
/// # Examples
///
/// ```
/// use cors_core::LoadOptions;
///
/// let app = "[server]\nport = 80\n[server.cors]\nallow_origins = ['https://app.example.com']";
/// let policy = LoadOptions::default().table("server.cors").from_toml(app)?;
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    table: Option<String>,
    variables: Variables,
    origin_sets: OriginSets,
}

impl LoadOptions {
    /// Reads the policy from a table of the file; a table in a table is `server.cors`. Other keys of the file are not
    /// looked at. The default is the whole file.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// Replaces items such as `"${NAME}"` by these variables. The default is [`Variables::of_process`].
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// Supplies a set to the policy, which names it: `{ set = "customers" }`. The policy uses this set itself, not what is in
    /// it now.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{LoadOptions, OriginSet};
    ///
    /// let file = "
    ///     [[route]]
    ///     path          = '/realms/{realm}'
    ///     allow_origins = ['https://admin.example.com', { set = 'customers', key = '{realm}' }]
    /// ";
    /// let customers = OriginSet::new();
    /// let options = LoadOptions::default().origin_set("customers", &customers);
    /// assert!(options.from_toml(file).is_ok());
    ///
    /// let errors = LoadOptions::default().from_toml(file).unwrap_err();
    /// assert!(errors.to_string().contains("unknown-origin-set"));
    /// ```
    #[must_use]
    pub fn origin_set(mut self, name: impl Into<String>, set: &OriginSet) -> Self {
        let sets = &mut self.origin_sets.by_name;
        sets.insert(name.into(), set.clone());
        self
    }

    /// Supplies each set that the policy names and the caller does not, without origins: for tools that check a policy.
    #[must_use]
    pub fn any_origin_set(mut self) -> Self {
        self.origin_sets.any = true;
        self
    }

    /// Reads a policy from a TOML file.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_file`], and if the file has no such table.
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<Policy, LoadError> {
        let path = path.as_ref();
        self.load_opened(path, File::open(path))
    }

    /// Reads a policy from a file that was opened, or reports why it could not be opened.
    pub(crate) fn load_opened(
        &self,
        path: &Path,
        file: io::Result<File>,
    ) -> Result<Policy, LoadError> {
        let source = read_opened(path, file)?;
        self.from_toml(&source)
            .map_err(|errors| LoadError::invalid(path, errors))
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_toml`], and if the text has no such table.
    pub fn from_toml(&self, source: &str) -> Result<Policy, ConfigErrors> {
        self.from_tree(&parse(source)?, source)
    }

    /// Reads a policy from a tree. The spans in it are ranges of bytes of `source`.
    ///
    /// # Errors
    ///
    /// Every error, each with its place.
    #[doc(hidden)]
    pub fn from_tree(&self, root: &Item, source: &str) -> Result<Policy, ConfigErrors> {
        self.load_tree(root, source).map(|loaded| loaded.policy)
    }

    /// As [`from_tree`](Self::from_tree). Also returns the configuration and where its items are in the file.
    #[doc(hidden)]
    pub fn load_tree(&self, root: &Item, source: &str) -> Result<Loaded, ConfigErrors> {
        let policy = table::find(root, self.table.as_deref());
        let mut errors = Vec::new();
        let loaded = match policy {
            Ok(policy) => read(
                policy,
                Some(&self.variables),
                &self.origin_sets,
                &mut errors,
            ),
            Err(ConfigErrors(error)) => {
                errors = error;
                None
            }
        };
        loaded.ok_or_else(|| {
            count_lines(source, &mut errors);
            ConfigErrors(errors)
        })
    }
}
