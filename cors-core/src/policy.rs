//! A configuration proved valid and compiled.

use std::fmt;
use std::sync::Arc;

use crate::config::{Config, Grant};
use crate::decision::{Baked, Field, Fields, Value};
use crate::error::{ConfigError, ConfigErrors};
use crate::header::{RequestHeader, ResponseHeader};
use crate::matching::Allowlist;
use crate::validate;

/// A CORS policy: a [`Config`] without mistakes, ready to decide requests.
///
/// A clone shares what it was cloned from; it costs one reference count.
///
/// # Examples
///
/// ```
/// use cors_core::{Grant, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
///
/// let errors = Policy::new(Grant::new(["*"]).allow_credentials(true)).unwrap_err();
/// assert!(errors.to_string().contains("wildcard-origin-with-credentials"));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct Policy(Arc<Compiled>);

pub(crate) struct Compiled {
    pub(crate) allowlist: Allowlist,
    /// Whether the policy is one `*` grant, so that the answer is the same for everyone.
    pub(crate) everyone: bool,
    pub(crate) preflight_status: u16,
    answers: Baked<Box<str>>,
}

impl Policy {
    /// Checks a configuration and compiles it.
    ///
    /// # Errors
    ///
    /// Every mistake in the configuration, not just the first.
    pub fn new(config: impl Into<Config>) -> Result<Self, ConfigErrors> {
        let config = config.into();
        let mut errors = Vec::new();
        match Self::compile(&config, &mut errors) {
            Some(policy) if errors.is_empty() => Ok(policy),
            _ => Err(ConfigErrors(errors)),
        }
    }

    /// Compiles what is without mistakes; the others are added to `errors`.
    pub(crate) fn compile(config: &Config, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let patterns = validate::check(config, errors);
        if !errors.is_empty() {
            return None;
        }
        let everyone = matches!(&*patterns, [(0, pattern)] if pattern.as_str() == "*");
        Some(Self(Arc::new(Compiled {
            allowlist: Allowlist::new(patterns.into_iter()),
            everyone,
            preflight_status: config.preflight_status,
            answers: Baked::new(answers(&config.grants, everyone)),
        })))
    }

    /// The fields that go with a decision of this policy, for logs and tests. Adapters
    /// [bake](Self::bake) them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Grant, Policy, ResponseHeader, Value};
    /// # use cors_core::{RequestHead, RequestHeader};
    /// # struct NoOrigin;
    /// # impl RequestHead for NoOrigin {
    /// #     fn method(&self) -> &[u8] { b"GET" }
    /// #     fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> { [].into_iter() }
    /// # }
    ///
    /// let policy = Policy::new(Grant::new(["*"]))?;
    /// let decision = policy.decide(&NoOrigin);
    /// let [field] = policy.fields(decision.fields()) else { panic!() };
    /// assert_eq!(field.name, ResponseHeader::AccessControlAllowOrigin);
    /// assert_eq!(field.value, Value::Fixed("*".into()));
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn fields(&self, fields: Fields) -> &[Field<Box<str>>] {
        self.0.answers.fields(fields)
    }

    /// Converts every value that the policy fixes into a framework's own type. Adapters do it once,
    /// at start-up.
    ///
    /// # Errors
    ///
    /// The first error of `convert`. Each value is a valid field value in ASCII, so none is to be
    /// expected.
    pub fn bake<V, E>(&self, mut convert: impl FnMut(&str) -> Result<V, E>) -> Result<Baked<V>, E> {
        self.0.answers.try_map(|value| convert(value))
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("everyone", &self.0.everyone)
            .finish_non_exhaustive()
    }
}

/// The rows of [`Baked::new`].
fn answers(grants: &[Grant], everyone: bool) -> Vec<Box<[Field<Box<str>>]>> {
    let vary = || fixed(ResponseHeader::Vary, "Origin");
    let refused = || match everyone {
        true => Box::default(),
        false => Box::new([vary()]) as Box<[_]>,
    };
    let mut rows = vec![refused(), refused()];
    for grant in grants {
        rows.push(actual_fields(grant, everyone));
        rows.push(preflight_fields(grant, everyone));
    }
    rows
}

fn actual_fields(grant: &Grant, everyone: bool) -> Box<[Field<Box<str>>]> {
    let mut fields = common_fields(grant);
    if !grant.expose_headers.is_empty() {
        let names = grant.expose_headers.join(", ");
        fields.push(fixed(ResponseHeader::AccessControlExposeHeaders, &names));
    }
    if grant.expose_timing {
        fields.push(Field {
            name: ResponseHeader::TimingAllowOrigin,
            value: allowed_origin(grant),
        });
    }
    if !everyone {
        fields.push(fixed(ResponseHeader::Vary, "Origin"));
    }
    fields.into_boxed_slice()
}

fn preflight_fields(grant: &Grant, everyone: bool) -> Box<[Field<Box<str>>]> {
    let mut fields = common_fields(grant);
    let mut vary = vec!["Origin"];
    let lists = [
        (
            ResponseHeader::AccessControlAllowMethods,
            &grant.allow_methods,
            RequestHeader::AccessControlRequestMethod,
            "Access-Control-Request-Method",
        ),
        (
            ResponseHeader::AccessControlAllowHeaders,
            &grant.allow_headers,
            RequestHeader::AccessControlRequestHeaders,
            "Access-Control-Request-Headers",
        ),
    ];
    for (name, list, asked, asked_name) in lists {
        if list.is_empty() {
            continue;
        }
        if grant.allow_credentials && list.iter().any(|item| item == "*") {
            // With credentials a `*` is no wildcard but a method or header of that name.
            let value = Value::Echo(asked);
            fields.push(Field { name, value });
            vary.push(asked_name);
        } else {
            // It is tempting to send only what was asked for. The whole list lets the browser
            // remember all of it at once, and name what is missing in its console.
            fields.push(fixed(name, &list.join(", ")));
        }
    }
    let max_age = grant.max_age.to_string();
    fields.push(fixed(ResponseHeader::AccessControlMaxAge, &max_age));
    if !everyone {
        fields.push(fixed(ResponseHeader::Vary, &vary.join(", ")));
    }
    fields.into_boxed_slice()
}

fn common_fields(grant: &Grant) -> Vec<Field<Box<str>>> {
    let mut fields = vec![Field {
        name: ResponseHeader::AccessControlAllowOrigin,
        value: allowed_origin(grant),
    }];
    if grant.allow_credentials {
        fields.push(fixed(ResponseHeader::AccessControlAllowCredentials, "true"));
    }
    fields
}

fn allowed_origin(grant: &Grant) -> Value<Box<str>> {
    match grant.allow_origins.iter().any(|origin| origin == "*") {
        true => Value::Fixed("*".into()),
        false => Value::Echo(RequestHeader::Origin),
    }
}

fn fixed(name: ResponseHeader, value: &str) -> Field<Box<str>> {
    let value = Value::Fixed(value.into());
    Field { name, value }
}
