//! Comments that silence findings: `# cors-allow: CODE -- reason`, in TOML.

use std::collections::HashMap;
use std::ops::Range;

use toml_parser::lexer::TokenKind;

use crate::codes;
use crate::diagnostic::{Diagnostic, Replacement, Severity};
use crate::format::Format;
use crate::source::{Entry, Places, Source};
use crate::text::Short;

/// A lint about the comments themselves.
pub(crate) const UNUSED: &str = "unused-allow";
pub(crate) const UNKNOWN: &str = "unknown-code";

/// The comments that silence findings.
pub(super) struct Silencers {
    all: Vec<Silencer>,
    layout: Layout,
    /// What is silenced, and whether that silenced something. Do not compare each comment with each finding: a
    /// file may have very many of both.
    used: HashMap<Silenced, bool>,
}

/// A code, and the place where it is silenced.
type Silenced = (String, Range<usize>);

struct Silencer {
    silenced: Silenced,
    /// The place of the code, or of the comment if it has no code.
    span: Range<usize>,
}

impl Silencers {
    /// Finds the comments of a file.
    pub(super) fn new(source: &Source, places: &Places) -> Self {
        let layout = Layout::new(source, places);
        let mut all = Vec::new();
        let comments = match source.format() {
            Format::Toml => comments(&source.text),
            // JSON has none, and those of YAML are not looked at.
            Format::Json | Format::Yaml => Vec::new(),
        };
        for comment in comments {
            let at = comment.span.start;
            let scope = match comment.alone {
                true => layout.below(at),
                false => source.line_range(source.line(at)),
            };
            let codes = codes_in(&source.text, &comment.span).into_iter();
            all.extend(codes.map(|(code, span)| Silencer {
                silenced: (code, scope.clone()),
                span,
            }));
        }
        let used = all
            .iter()
            .map(|silencer| (silencer.silenced.clone(), false));
        Self {
            used: used.collect(),
            all,
            layout,
        }
    }

    /// Removes the findings that a comment silences.
    pub(super) fn apply(&mut self, source: &Source, findings: &mut Vec<Diagnostic>) {
        if self.all.is_empty() {
            return;
        }
        findings.retain(|finding| {
            let at = finding.span.start;
            let line = source.line_range(source.line(at));
            let mut silenced = false;
            for scope in self.layout.around(at).chain([line]) {
                if let Some(used) = self.used.get_mut(&(finding.code.to_owned(), scope)) {
                    *used = true;
                    silenced = true;
                }
            }
            !silenced
        });
    }

    /// Findings about the comments. For a file with errors it is not known what they would silence.
    pub(super) fn findings(&self, is_policy: bool) -> Vec<Diagnostic> {
        let findings = self.all.iter().filter_map(|silencer| {
            let used = self.used.get(&silencer.silenced) == Some(&true);
            silencer.finding(used || !is_policy)
        });
        findings.collect()
    }
}

impl Silencer {
    /// The finding about this comment.
    fn finding(&self, used: bool) -> Option<Diagnostic> {
        let (code, _) = &self.silenced;
        let shown = Short(code);
        let warning = |code, message: String| {
            let span = self.span.clone();
            Diagnostic::new(Severity::Warning, code, span, message)
        };
        Some(match code.as_str() {
            "" => Diagnostic {
                help: Some("write it as `# cors-allow: CODE -- reason`".to_owned()),
                ..warning(UNUSED, "the comment has no code".to_owned())
            },
            code if codes::is_error(code) => Diagnostic {
                help: Some(format!(
                    "correct the error; see `cors check --explain {shown}`"
                )),
                ..warning(
                    UNUSED,
                    format!("`{shown}` is an error, and errors cannot be silenced"),
                )
            },
            code if super::lint_codes().any(|lint| lint == code) => {
                if used {
                    return None;
                }
                Diagnostic {
                    reason: Some(
                        "at the end of a line, a comment applies to what begins on that line; on a line of \
                         its own, to what is below it"
                            .to_owned(),
                    ),
                    help: Some("remove it, or move it to the finding".to_owned()),
                    ..warning(UNUSED, format!("there is no `{shown}` here to silence"))
                }
            }
            code if codes::find(code).is_some() => warning(
                UNUSED,
                format!("`{shown}` is never reported for a policy file"),
            ),
            code => {
                let near = codes::near(code);
                let help = match near {
                    Some(_) => "did you mean this?",
                    None => "`cors check --explain all` lists the codes",
                };
                Diagnostic {
                    help: Some(help.to_owned()),
                    replacement: near.map(|code| Replacement {
                        span: self.span.clone(),
                        text: code.name.to_owned(),
                    }),
                    ..warning(UNKNOWN, format!("`{shown}` is not a code"))
                }
            }
        })
    }
}

struct Comment {
    span: Range<usize>,
    /// Whether it is alone on its line.
    alone: bool,
}

/// The comments of a file. Do not search for `#`: strings may contain it, too.
fn comments(text: &str) -> Vec<Comment> {
    let mut comments = Vec::new();
    let mut alone = true;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::Newline => alone = true,
            TokenKind::Whitespace | TokenKind::Eof => {}
            TokenKind::Comment => {
                let span = token.span().start()..token.span().end();
                comments.push(Comment { span, alone });
            }
            _ => alone = false,
        }
    }
    comments
}

/// The codes in a comment, each with its place, if the comment is one that silences.
fn codes_in(text: &str, comment: &Range<usize>) -> Vec<(String, Range<usize>)> {
    let words = text.get(comment.clone()).unwrap_or_default();
    let rest = words.trim_start_matches('#').trim_start();
    let rest = match rest.strip_prefix("cors-allow") {
        Some(rest) if rest.is_empty() || rest.starts_with([':', ' ', '\t']) => rest,
        _ => return Vec::new(),
    };
    let rest = rest.trim_start().trim_start_matches(':');
    let list = match rest.split_once("--") {
        Some((list, _)) => list,
        None => rest,
    };
    let start = comment.start + words.len() - rest.len();
    let mut codes = Vec::new();
    let mut at = start;
    for piece in list.split_inclusive([',', ' ', '\t']) {
        let code = piece.trim_end_matches([',', ' ', '\t']);
        if !code.is_empty() {
            codes.push((code.to_owned(), at..at + code.len()));
        }
        at += piece.len();
    }
    if codes.is_empty() {
        codes.push((String::new(), comment.clone()));
    }
    codes
}

/// The structure of a file: routes and grants, their keys, and the items of lists. Each list of ranges is in the order of
/// the file, and its ranges do not overlap.
struct Layout {
    grants: Vec<Range<usize>>,
    keys: Vec<Range<usize>>,
    lists: Vec<Range<usize>>,
    items: Vec<Range<usize>>,
}

impl Layout {
    fn new(source: &Source, places: &Places) -> Self {
        let sorted = |mut ranges: Vec<Range<usize>>| {
            ranges.sort_by_key(|range| range.start);
            ranges
        };
        let parts = places.parts.iter();
        let keys = parts.clone().flat_map(|part| {
            let of_grants = part.grants.iter().flat_map(|grant| &grant.keys);
            part.keys.iter().chain(of_grants)
        });
        let keys: Vec<&Entry> = keys.collect();
        let of_parts = parts.flat_map(|part| {
            let of_grants = part.grants.iter().map(|grant| &grant.header);
            std::iter::once(&part.header).chain(of_grants)
        });
        // The top has none.
        let headers = of_parts.filter(|header| !header.is_empty());
        let headers = sorted(headers.cloned().collect());
        let ends = headers.iter().skip(1).map(|next| next.start);
        let ends = ends.chain([source.text.len()]);
        Self {
            grants: headers
                .iter()
                .zip(ends)
                .map(|(header, end)| header.start..end)
                .collect(),
            keys: sorted(
                keys.iter()
                    .map(|key| key.key.start..key.value.end)
                    .collect(),
            ),
            lists: sorted(keys.iter().map(|key| key.value.clone()).collect()),
            items: sorted(keys.iter().flat_map(|key| key.items.clone()).collect()),
        }
    }

    /// The ranges that contain a place.
    fn around(&self, at: usize) -> impl Iterator<Item = Range<usize>> {
        let all = [&self.grants, &self.keys, &self.items].into_iter();
        all.filter_map(move |ranges| containing(ranges, at))
    }

    /// The range below a comment on a line of its own; empty if there is nothing.
    fn below(&self, comment: usize) -> Range<usize> {
        let all = [&self.grants, &self.keys, &self.items].into_iter();
        let next = all.filter_map(|ranges| {
            let after = ranges.partition_point(|range| range.start < comment);
            ranges.get(after)
        });
        let next = next.min_by_key(|range| range.start);
        // After the last item of a list, the comment does not apply to the next key.
        let list = containing(&self.lists, comment);
        let next = next.filter(|next| list.is_none_or(|list| next.start < list.end));
        next.cloned().unwrap_or_default()
    }
}

/// The range that contains a place.
fn containing(ranges: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= at);
    let range = ranges.get(after.checked_sub(1)?)?;
    range.contains(&at).then(|| range.clone())
}
