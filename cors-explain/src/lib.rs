#![doc = include_str!("../README.md")]
//!
//! # Where to find what
//!
//! - Errors, warnings and notes about a policy file: [`findings`], or [`Checked`] with the checklist.
//! - The result of a page's request: [`Simulation`] of a [`PageRequest`], with a [`PolicyServer`] or a server of your own.
//! - Texts about the result: [`title`], [`check_text`], [`outcome_text`], [`remark`].
//! - Why it is blocked, and what to change: [`Fix`].
//! - What a message of a browser's console means: [`console::messages`].
//! - What is wrong with the responses of a server: [`server`].
//! - What a code means: [`summary`] in a sentence, or [`codes`] in detail.
//!
//! The texts are for people and may change in every version; the codes are stable.

mod check;
pub mod codes;
pub mod console;
mod cookie;
mod diagnostic;
mod failure_code;
mod fix;
mod format;
mod line_index;
mod mask;
mod origin_file;
mod policy_server;
mod remark;
mod request;
pub mod server;
mod simulation;
mod source;
mod text;

pub use crate::check::{Checked, ChecklistItem, findings, is_silenceable, lint_codes};
pub use crate::codes::summary;
pub use crate::cookie::{SameSite, SetCookie, is_same_site};
pub use crate::diagnostic::{Diagnostic, Replacement, Severity};
pub use crate::failure_code::FailureCode;
pub use crate::fix::Fix;
pub use crate::mask::masked_url;
pub use crate::origin_file::OriginFile;
pub use crate::policy_server::{
    Application, PolicyAnswer, PolicyServer, ok_application, refusal, refusal_to_add,
};
pub use crate::remark::{readable_by_policy, remark};
pub use crate::request::{PageRequest, header_lines, is_loopback, parse_origin, parse_url};
pub use crate::simulation::{
    Simulation, check_text, masked_console, outcome_text, readable_text, title,
};
pub use crate::source::{NamedSet, RunTimeVariable, Source, ValidPolicy};
pub use crate::text::enumerate;
