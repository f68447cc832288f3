//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use cors_browser_model::Credentials;

#[derive(Debug, Parser)]
#[command(
    name = "cors",
    version,
    about = "Checks a CORS policy, explains what browsers make of it, and probes servers",
    after_help = EXAMPLES,
    after_long_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// When to use colours; NO_COLOR is respected
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cors check cors.toml
  cors explain cors.toml -X PUT --origin https://app.example.com https://api.example.com/users
  cors explain --from-console \"Method PUT is not allowed by Access-Control-Allow-Methods\"
  cors probe --policy cors.toml --origin https://app.example.com https://api.example.com/users

Exit status: 0 fine, 1 something was found, 2 used wrongly or could not be done";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Explain(Explain),
    Probe(Probe),
    /// Print a script that completes the command's options in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    Man {
        /// The folder to write them to
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

/// Check a policy file: every mistake, then what is sound but risky or of no use
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cors check
  cors check --deny warnings cors.toml
  cors check --explain public-suffix

Warnings and notes are silenced by a comment beside or above what they are about,
`# cors-allow: CODE -- reason`, or with `--allow CODE`. Mistakes cannot be silenced.

Exit status: 0 no mistakes (nor what --deny names), 1 some, 2 used wrongly, or the file cannot
be read")]
pub(crate) struct Check {
    /// The policy
    #[arg(default_value = "cors.toml")]
    pub(crate) file: PathBuf,
    /// Count warnings as mistakes, or also notes
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,
    /// Do not report warnings or notes of this code; may be repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Print what a code means, at length, and how to put it right; `all` lists the codes
    #[arg(long, value_name = "CODE", conflicts_with_all = ["file", "deny", "allow", "json"])]
    pub(crate) explain: Option<String>,
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    Warnings,
    Notes,
}

/// Explain what browsers do with a request under a policy, and what to change if they block it
#[derive(Debug, Args)]
#[command(
    override_usage = "\
cors explain [OPTIONS] --origin <ORIGIN> <FILE> <URL>
       cors explain [--json] --from-console <TEXT>",
    after_help = "\
Examples:
  cors explain cors.toml --origin https://app.example.com https://api.example.com/users
  cors explain cors.toml -X PUT -H 'Content-Type: application/json' --credentials include \\
      --origin http://localhost:5173 https://api.example.com/users
  cors explain --from-console \"Request header field x-custom is not allowed\"

Exit status: 0 every browser lets the page read the response (with --fix: it does now),
1 a browser or the Fetch standard does not, 2 used wrongly"
)]
pub(crate) struct Explain {
    /// The policy
    #[arg(required_unless_present = "from_console")]
    pub(crate) file: Option<PathBuf>,
    /// What the page fetches
    #[arg(required_unless_present = "from_console")]
    pub(crate) url: Option<String>,
    /// The origin of the page, or its address
    #[arg(long, required_unless_present = "from_console")]
    pub(crate) origin: Option<String>,
    #[command(flatten)]
    pub(crate) request: RequestOptions,
    /// Apply the change that would allow the request to the policy file
    #[arg(long)]
    pub(crate) fix: bool,
    /// Explain a message of a browser's console instead; `-` reads it from standard input
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with_all = ["file", "url", "origin", "method", "headers", "data", "credentials", "fix"]
    )]
    pub(crate) from_console: Option<String>,
    /// Print the explanation as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Send a page's requests to a running server, and explain what browsers make of its answers
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cors probe --origin https://app.example.com https://api.example.com/users
  cors probe --policy cors.toml --origin https://app.example.com https://api.example.com/users
  cors probe --audit --origin https://app.example.com https://api.example.com/users

The requests are real: with -X DELETE, a server that allows it deletes. Cookies are not sent. Audit only \
servers of your own; an audit sends GET (or HEAD) and OPTIONS, so that it changes nothing.

A proxy that knows CONNECT is taken from ALL_PROXY, HTTPS_PROXY or HTTP_PROXY, except for the hosts in \
NO_PROXY. Secrets in headers, and the user name, the password, the query and the fragment of a URL, are masked in \
what is printed.

Exit status: 0 every browser lets the page read the response and nothing else is wrong, 1 something is, \
2 used wrongly, or there is no answer")]
pub(crate) struct Probe {
    /// What the page fetches
    pub(crate) url: String,
    /// The origin of the page, or its address
    #[arg(long)]
    pub(crate) origin: String,
    #[command(flatten)]
    pub(crate) request: RequestOptions,
    /// Say where the server's answers differ from what this policy would have it answer
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Try the known ways in which servers get origins wrong, with one request each; --origin is one that they
    /// allow
    #[arg(long, conflicts_with = "policy")]
    pub(crate) audit: bool,
    /// Seconds between the requests of an audit
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0.25,
        requires = "audit"
    )]
    pub(crate) delay: f64,
    /// Seconds until a request is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(crate) timeout: f64,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// Trust these certificates (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Print every request and response whole
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a script says to `fetch()`.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// The method; the default is GET, or POST with -d
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A header that the script sets; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// The body, a text; like fetch() it sets `Content-Type: text/plain;charset=UTF-8` unless -H does
    #[arg(short = 'd', long, value_name = "TEXT")]
    pub(crate) data: Option<String>,
    /// The credentials mode of the request: whether cookies and the like go with it
    #[arg(long, value_enum, value_name = "MODE", default_value_t = CredentialsMode::SameOrigin)]
    pub(crate) credentials: CredentialsMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialsMode {
    Omit,
    SameOrigin,
    Include,
}

impl From<CredentialsMode> for Credentials {
    fn from(mode: CredentialsMode) -> Self {
        match mode {
            CredentialsMode::Omit => Self::Omit,
            CredentialsMode::SameOrigin => Self::SameOrigin,
            CredentialsMode::Include => Self::Include,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
