//! What an adapter for a web framework needs.
//!
//! An adapter implements [`RequestHead`] on a newtype of the framework's request. When it is made, it
//! keeps what it [prepares](crate::Policy::prepare) from the policy in a [`PolicyCache`]. For each request
//! it asks the cache once and calls [`Policy::decide`](crate::Policy::decide). Then it applies the
//! [`Decision`]: it answers a preflight or a refused request, or it runs the application and writes the headers of
//! [`PerResponse`] to the response, whatever its status. Before it writes them, it removes the headers in
//! [`ResponseHeader::OWNED`]; of `Vary` it makes one line with [`merge_vary`].

pub use crate::decide::{RequestHead, SingleLine, is_preflight};
pub use crate::decision::{
    Decision, Header, HeaderSet, HeaderSource, PerResponse, Preflight, Refusal, Verdict,
};
pub use crate::header::{RequestHeader, ResponseHeader, merge_vary, varies_by_origin};
pub use crate::parts::{PolicyGrant, PolicyPart, PolicySet};
pub use crate::policy_cache::PolicyCache;
