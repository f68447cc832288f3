//! The content of a message.

use cors_browser_model::Engine;
use serde::Serialize;

use crate::failure_code::FailureCode;

/// The message of a browser about one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// What failed.
    pub failure: FailureCode,
    /// The browser that prints it; `None` if several browsers have the same text.
    pub engine: Option<Engine>,
    /// Its other facts.
    pub facts: Facts,
}

/// Facts about the request and the response. They are not checked: the text was pasted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// The kind of request: `fetch`, `XMLHttpRequest`, `font`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The URL that was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The URL that the page requested, before the redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirected_from: Option<String>,
    /// Where the response redirects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The page's origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether it was the preflight that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<bool>,
    /// The method of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The request header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The wrong value that the server sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Local Network Access: where the server is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_space: Option<String>,
    /// The server, framework or library that wrote the text: `Spring`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What it does not allow: `origin`, `method`, `header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The facts that are texts in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Kind,
    Url,
    RedirectedFrom,
    Location,
    Origin,
    Method,
    Header,
    Value,
    Status,
    AddressSpace,
    Server,
    Refused,
    /// A text that is not needed.
    Ignored,
}

impl Fact {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "kind" => Self::Kind,
            "url" => Self::Url,
            "redirected_from" => Self::RedirectedFrom,
            "location" => Self::Location,
            "origin" => Self::Origin,
            "method" => Self::Method,
            "header" => Self::Header,
            "value" => Self::Value,
            "status" => Self::Status,
            "address_space" => Self::AddressSpace,
            "server" => Self::Server,
            "refused" => Self::Refused,
            "ignored" => Self::Ignored,
            _ => return None,
        })
    }

    /// A longer text is not this fact, but another message.
    pub(super) const fn max_len(self) -> usize {
        match self {
            Self::Kind | Self::AddressSpace | Self::Status => 40,
            Self::Method | Self::Header | Self::Origin => 300,
            _ => 4_000,
        }
    }

    pub(super) const fn has_spaces(self) -> bool {
        matches!(self, Self::Kind | Self::Value | Self::Ignored)
    }

    const fn is_url(self) -> bool {
        matches!(
            self,
            Self::Url | Self::RedirectedFrom | Self::Location | Self::Origin
        )
    }
}

impl Facts {
    /// Reads a fact; `None` if the text cannot be this fact, so the template does not match.
    pub(super) fn set(&mut self, fact: Fact, content: &str, ends_message: bool) -> Option<()> {
        let content = match fact.is_url() {
            // Firefox quotes URLs in one message, and a sentence may end after a URL.
            true if ends_message => content.trim_matches(is_around_url),
            true => content.trim_matches(is_quote),
            // Markdown.
            false if matches!(fact, Fact::Method | Fact::Header) => content.trim_matches(is_quote),
            false => content,
        };
        if fact.is_url() && ends_message && !content.contains("://") {
            return None;
        }
        if matches!(fact, Fact::Method | Fact::Header | Fact::Kind) && content.is_empty() {
            return None;
        }
        let field = match fact {
            Fact::Kind => &mut self.kind,
            Fact::Url => &mut self.url,
            Fact::RedirectedFrom => &mut self.redirected_from,
            Fact::Location => &mut self.location,
            Fact::Origin => &mut self.origin,
            Fact::Method => &mut self.method,
            Fact::Header => &mut self.header,
            Fact::Value => &mut self.value,
            Fact::AddressSpace => &mut self.address_space,
            Fact::Server => &mut self.server,
            Fact::Refused => &mut self.refused,
            Fact::Status => {
                // Firefox prints `(null)` if there was none.
                let is_status = |status: &u16| (100..=599).contains(status);
                self.status = content.parse().ok().filter(is_status);
                return Some(());
            }
            Fact::Ignored => return Some(()),
        };
        *field = Some(content.to_owned());
        Some(())
    }

    /// Whether both may be about the same request.
    pub(super) fn agree(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        self.texts()
            .into_iter()
            .zip(other.texts())
            .all(|(one, other)| agree(one, other))
            && agree(self.preflight.as_ref(), other.preflight.as_ref())
            && agree(self.status.as_ref(), other.status.as_ref())
    }

    fn texts(&self) -> [Option<&String>; 11] {
        [
            self.kind.as_ref(),
            self.url.as_ref(),
            self.redirected_from.as_ref(),
            self.location.as_ref(),
            self.origin.as_ref(),
            self.method.as_ref(),
            self.header.as_ref(),
            self.value.as_ref(),
            self.address_space.as_ref(),
            self.server.as_ref(),
            self.refused.as_ref(),
        ]
    }

    /// Adds the facts that are not known yet.
    pub(super) fn fill(&mut self, other: Self) {
        fn fill<T>(field: &mut Option<T>, other: Option<T>) {
            *field = field.take().or(other);
        }
        fill(&mut self.kind, other.kind);
        fill(&mut self.url, other.url);
        fill(&mut self.redirected_from, other.redirected_from);
        fill(&mut self.location, other.location);
        fill(&mut self.origin, other.origin);
        fill(&mut self.preflight, other.preflight);
        fill(&mut self.method, other.method);
        fill(&mut self.header, other.header);
        fill(&mut self.value, other.value);
        fill(&mut self.status, other.status);
        fill(&mut self.address_space, other.address_space);
        fill(&mut self.server, other.server);
        fill(&mut self.refused, other.refused);
    }
}

fn is_around_url(char: char) -> bool {
    is_quote(char) || matches!(char, '.' | ',' | ':' | ';' | ')' | '(')
}

fn is_quote(char: char) -> bool {
    matches!(char, '\'' | '"' | '`' | '‘' | '’' | '“' | '”')
}
