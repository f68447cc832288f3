//! The engine's answer: symbols, no header values.

use crate::header::{RequestHeader, ResponseHeader};

/// What to do with a request. An adapter carries it out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It is a CORS-preflight request: respond with this now, without a body, and run nothing else.
    Respond(Preflight),
    /// It is anything else: run the application, then write these fields to whatever comes back.
    Forward(Fields),
}

impl Decision {
    /// The fields to write.
    pub fn fields(self) -> Fields {
        match self {
            Self::Respond(preflight) => preflight.fields,
            Self::Forward(fields) => fields,
        }
    }

    /// Why those.
    pub fn verdict(self) -> Verdict {
        self.fields().verdict
    }
}

/// The answer to a CORS-preflight request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preflight {
    pub(crate) status: u16,
    pub(crate) fields: Fields,
}

impl Preflight {
    /// The status: 204 (or 200, if so configured), or 403 where nothing is granted.
    pub fn status(self) -> u16 {
        self.status
    }

    /// The fields to write.
    pub fn fields(self) -> Fields {
        self.fields
    }
}

/// Which fields to write: a key for [`Policy::fields`](crate::Policy::fields) and
/// [`Baked::fields`].
///
/// It means something to the policy that made it and to what was baked from that policy, and to
/// nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fields {
    row: u32,
    verdict: Verdict,
}

/// Whether a request's origin is granted anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The grant with this index decided.
    Granted(u32),
    /// The request has an `Origin`, but no grant is for it.
    Refused,
    /// The request has no `Origin`, so it is not a
    /// [CORS request](https://fetch.spec.whatwg.org/#cors-request).
    NoOrigin,
}

impl Fields {
    pub(crate) fn actual(verdict: Verdict) -> Self {
        let row = match verdict {
            Verdict::Granted(grant) => FIRST_GRANT_ROW + 2 * grant,
            Verdict::Refused | Verdict::NoOrigin => 0,
        };
        Self { row, verdict }
    }

    pub(crate) fn preflight(verdict: Verdict) -> Self {
        Self {
            row: Self::actual(verdict).row + 1,
            verdict,
        }
    }

    /// Whether the request's origin is granted anything. If not, no field echoes anything, and an
    /// adapter need not keep the request's values.
    pub fn is_granted(self) -> bool {
        matches!(self.verdict, Verdict::Granted(_))
    }
}

/// Rows 0 and 1 are for requests without a grant.
const FIRST_GRANT_ROW: u32 = 2;

/// A header field to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field<V> {
    /// Its name. [`Vary`](ResponseHeader::Vary) is [merged](crate::merge_vary) with what is there,
    /// all others replace it.
    pub name: ResponseHeader,
    /// Its value.
    pub value: Value<V>,
}

/// The value of a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value<V> {
    /// A value that the policy fixes.
    Fixed(V),
    /// What the request sent in this field: one line for each of its lines that is not empty.
    Echo(RequestHeader),
}

/// All the values that a policy fixes, in a framework's own type. Made by
/// [`Policy::bake`](crate::Policy::bake), once, at start-up.
#[derive(Clone, Debug)]
pub struct Baked<V> {
    rows: Vec<Box<[Field<V>]>>,
}

/// Nothing baked: no request gets any field.
impl<V> Default for Baked<V> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

/// Something for each row of fields. Made by [`Baked::prepare`].
#[derive(Clone, Debug)]
pub struct Prepared<T> {
    rows: Box<[T]>,
}

impl<T> Prepared<T> {
    /// What was made of these fields.
    pub fn get(&self, fields: Fields) -> Option<&T> {
        self.rows.get(fields.row as usize)
    }
}

impl<V> Baked<V> {
    /// The fields in the order in which to write them.
    pub fn fields(&self, fields: Fields) -> &[Field<V>] {
        self.rows.get(fields.row as usize).map_or(&[], |row| row)
    }

    /// Makes something of each row of fields, to be had for the same keys: an adapter that can prepare
    /// whole responses does so.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use cors_core::{Grant, Policy};
    /// # use cors_core::{RequestHead, RequestHeader};
    /// # struct NoOrigin;
    /// # impl RequestHead for NoOrigin {
    /// #     fn method(&self) -> &[u8] { b"GET" }
    /// #     fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> { [].into_iter() }
    /// # }
    ///
    /// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
    /// let Ok(baked) = policy.bake(|value| Ok::<_, Infallible>(value.to_owned()));
    /// let counts = baked.prepare(|fields| fields.len());
    /// // A request without `Origin` gets `Vary` alone.
    /// assert_eq!(counts.get(policy.decide(&NoOrigin).fields()), Some(&1));
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn prepare<T>(&self, prepare: impl FnMut(&[Field<V>]) -> T) -> Prepared<T> {
        let rows = self.rows.iter().map(|row| &**row);
        Prepared {
            rows: rows.map(prepare).collect(),
        }
    }

    /// `rows`: for no grant and then for each grant, the fields of an actual response and those of
    /// a preflight.
    pub(crate) fn new(rows: Vec<Box<[Field<V>]>>) -> Self {
        Self { rows }
    }

    pub(crate) fn try_map<W, E>(
        &self,
        mut f: impl FnMut(&V) -> Result<W, E>,
    ) -> Result<Baked<W>, E> {
        let mut convert = |field: &Field<V>| {
            Ok(Field {
                name: field.name,
                value: match &field.value {
                    Value::Fixed(value) => Value::Fixed(f(value)?),
                    Value::Echo(header) => Value::Echo(*header),
                },
            })
        };
        let rows = self.rows.iter();
        Ok(Baked {
            rows: rows
                .map(|row| row.iter().map(&mut convert).collect())
                .collect::<Result<_, E>>()?,
        })
    }
}
