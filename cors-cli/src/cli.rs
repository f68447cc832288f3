//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use cors_browser_model::Credentials;
use cors_explain::{codes, lint_codes};

#[derive(Debug, Parser)]
#[command(
    name = "cors",
    version,
    about = "Checks CORS policies, explains what browsers do with them, probes servers, and configures gateways",
    after_help = EXAMPLES,
    after_long_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// When to use colours; the environment variable NO_COLOR disables them
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
  cors export nginx cors.toml --out nginx/cors

Exit status: 0: no problems, 1: problems found, 2: wrong usage, or something that cannot be read or used";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Explain(Explain),
    Probe(Probe),
    Export(Export),
    /// Print the JSON Schema of policy files, for editors
    Schema,
    /// Print a script for the completion of commands and options in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// The folder for the pages; it is created if it does not exist
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// Check policy files: errors, then warnings and notes about risky or needless settings
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cors check
  cors check --deny warnings cors.toml public.toml
  sed s/HOST/example.com/ cors.template | cors check -
  cors check --table cors app.toml
  cors check --env APP_ORIGINS=https://app.example.com cors.toml
  cors check --origins customers=customers.txt cors.toml
  cors check --explain public-suffix

To silence a warning or note, add the comment `# cors-allow: CODE -- reason` to its line or the
line above, or use `--allow CODE`. Errors cannot be silenced.

Exit status: 0: no errors, 1: errors, or what --deny adds, 2: wrong usage, or a file that cannot be read")]
pub(crate) struct Check {
    /// The policy files: TOML, or JSON or YAML if the name ends with .json, .yaml or .yml; `-` is standard input (TOML)
    #[arg(value_name = "FILE", default_value = "cors.toml")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Also fail for warnings, or for warnings and notes
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) deny: Option<Deny>,
    /// Do not report warnings or notes with this code; may be repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Explain a code and how to correct it; `all` lists the codes
    #[arg(
        long,
        value_name = "CODE",
        conflicts_with_all = [
            "files", "deny", "allow", "json", "table", "env", "env_file", "env_from_process", "origins"
        ]
    )]
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

/// Explain what browsers do with a request and a policy, and what to change if they block it
#[derive(Debug, Args)]
#[command(
    override_usage = "\
cors explain [OPTIONS] --origin <ORIGIN> [FILE] <URL>
       cors explain [--json] --from-console <TEXT>",
    after_help = "\
Examples:
  cors explain --origin https://app.example.com https://api.example.com/users
  cors explain cors.toml -X PUT -H 'Content-Type: application/json' --credentials include \\
      --origin http://localhost:5173 https://api.example.com/users
  cors explain cors.toml --origin https://evil.example --as form https://api.example.com/users
  cors explain cors.toml --origin https://app.example.com wss://api.example.com/ws
  cors explain --from-console \"Request header field x-custom is not allowed\"

Exit status: 0: every browser allows the request, and the policy does not refuse it (with --fix: after the change),
1: a browser or the Fetch standard blocks it, or the policy refuses it, 2: wrong usage, or a policy that cannot be read or is invalid"
)]
pub(crate) struct Explain {
    /// The policy file [default: cors.toml]: TOML, or JSON or YAML if it ends with .json, .yaml or .yml; `-` is standard
    /// input (TOML)
    pub(crate) file: Option<PathBuf>,
    /// The URL that the page requests
    // Required: `explain::file_and_url` checks it, because clap gives the first argument to FILE.
    #[arg(value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    /// The origin of the page, or its URL
    #[arg(long, required_unless_present = "from_console", value_hint = ValueHint::Url)]
    pub(crate) origin: Option<String>,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) request: RequestOptions,
    /// What the page has instead of a fetch()
    #[arg(long = "as", value_enum, value_name = "WHAT", conflicts_with_all = ["method", "headers", "data", "credentials"])]
    pub(crate) element: Option<Element>,
    /// Write the change that allows the request to the policy file
    #[arg(long)]
    pub(crate) fix: bool,
    /// Explain a message from a browser's console instead; `-` reads it from standard input
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with_all = [
            "file", "url", "origin", "element", "method", "headers", "data", "credentials", "fix", "table", "env", "env_file",
            "env_from_process", "origins"
        ]
    )]
    pub(crate) from_console: Option<String>,
    /// Print the explanation as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Send a page's requests to a running server, and explain what browsers do with its responses
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cors probe --origin https://app.example.com https://api.example.com/users
  cors probe --policy cors.toml --origin https://app.example.com https://api.example.com/users
  cors probe --expect blocked --origin https://evil.example https://api.example.com/users
  cors probe --audit --origin https://app.example.com https://api.example.com/users
  cors probe --audit --origin https://app.example.com wss://api.example.com/ws

The requests are really sent: -X DELETE can delete data on the server. Cookies are not sent. Audit only \
your own servers; an audit sends only GET (or HEAD) and OPTIONS, so it changes nothing. A WebSocket that \
opens is closed at once.

--policy also sends the preflight of a request that the policy allows, if the page's request needs none, or a GET, if the \
preflight failed: both together show what is wrong with a gateway. No other method is sent in addition.

The requests have the headers that a browser sends by itself: Accept-Encoding, Accept-Language, Referer and the like. \
-H 'Accept-Encoding: VALUE' and -H 'Referer: URL', which no script can set, replace the browser's values. User-Agent is that \
of this command.

The environment variables ALL_PROXY, HTTPS_PROXY or HTTP_PROXY can name a proxy that supports CONNECT; NO_PROXY \
lists hosts without a proxy. The output masks secrets in headers, and the user name, the password, the query and \
the fragment of a URL.

Exit status: 0: every browser allows the request, no error or warning is found (with --expect: the page gets what is \
expected, whatever is found), and the server does not differ from the policy, 1: otherwise, 2: wrong usage, no response, or a \
policy that cannot be read or is invalid")]
pub(crate) struct Probe {
    /// The URL that the page fetches; with --audit also that of a WebSocket (ws:// or wss://)
    #[arg(value_hint = ValueHint::Url)]
    pub(crate) url: String,
    /// The origin of the page, or its URL
    #[arg(long, value_hint = ValueHint::Url)]
    pub(crate) origin: String,
    #[command(flatten)]
    pub(crate) request: RequestOptions,
    /// Compare the server's responses with this policy file
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// What the page should get: the exit status is 0 if it does, and 1 if not, or if the server differs from --policy
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) expect: Option<Expected>,
    /// Test for known errors in the matching of origins, with one request each; --origin must be an allowed origin.
    /// Not together with --policy or --expect
    #[arg(long)]
    pub(crate) audit: bool,
    /// Seconds between the requests of an audit
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0.25,
        requires = "audit"
    )]
    pub(crate) delay: f64,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(crate) timeout: f64,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// Trust the certificates in this file (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Print all headers of every request and response
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    // Last: its heading is also that of the options after it.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// What a page should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expected {
    /// Every browser lets the page read the response
    Readable,
    /// Every browser blocks it
    Blocked,
}

/// Write a policy as configuration of nginx, HAProxy or Envoy
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cors export nginx cors.toml --out /etc/nginx/cors
  cors export haproxy --env APP_ORIGINS=https://app.example.com --out /etc/haproxy/cors cors.toml
  cors export envoy --differences cors.toml
  cors export nginx cors.toml --check /etc/nginx/cors

The gateway responds as the libraries do. --differences lists where it does not, in requests that browsers hardly send. A policy that the gateway cannot apply is not exported. The first lines of each file say \
where it belongs.

Exit status: 0: exported, or the files of --check are those of the policy, 1: the gateway cannot apply the policy, or the \
files of --check differ, 2: wrong usage, or a policy that cannot be read or is invalid")]
pub(crate) struct Export {
    /// The gateway
    #[arg(value_enum)]
    pub(crate) gateway: GatewayName,
    /// The policy file: TOML, or JSON or YAML if it ends with .json, .yaml or .yml; `-` is standard input (TOML)
    #[arg(value_name = "FILE", default_value = "cors.toml")]
    pub(crate) file: PathBuf,
    /// Write the files to this folder; it is created if it does not exist. Without it, they are printed
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Write nothing, but compare the files in this folder with what the same options without --check write
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with_all = ["out", "differences"])]
    pub(crate) check: Option<PathBuf>,
    /// Write nothing, but list where the gateway differs from the libraries
    #[arg(long, conflicts_with = "out")]
    pub(crate) differences: bool,
    /// What the names of files, variables and rules begin with. Each policy of a gateway needs another one
    #[arg(long, value_name = "NAME", default_value = "cors")]
    pub(crate) prefix: String,
    /// For Envoy: write routes instead of a Lua filter
    #[arg(long)]
    pub(crate) no_lua: bool,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayName {
    Nginx,
    Haproxy,
    Envoy,
}

/// How the policy is read from its file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy options")]
pub(crate) struct LoadArgs {
    /// Read the policy from this table of a larger file: `cors`, or `server.cors`
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The value of a variable that the policy uses; may be repeated. Other variables are given at run time, so their
    /// items are not checked
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Read variables from a file of lines `NAME=VALUE`, as `docker run --env-file` does: no quotes, `#` comments
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Take variables from the environment of this command, too; --env and --env-file have priority
    #[arg(long)]
    pub(crate) env_from_process: bool,
    /// What is in a set of origins that the policy names: a text file of lines `ORIGIN` or `KEY ORIGIN`; may be repeated.
    /// Other sets are given by the application, so their origins are not known
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) origins: Vec<String>,
}

/// The options of `fetch()`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RequestOptions {
    /// The method; the default is GET, or POST with -d
    #[arg(short = 'X', long = "request", value_name = "METHOD", value_hint = ValueHint::Other)]
    pub(crate) method: Option<String>,
    /// A header that the script sets; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_hint = ValueHint::Other)]
    pub(crate) headers: Vec<String>,
    /// The body, as text; sets `Content-Type: text/plain;charset=UTF-8` as fetch() does, unless -H sets it
    #[arg(short = 'd', long, value_name = "TEXT", value_hint = ValueHint::Other)]
    pub(crate) data: Option<String>,
    /// The credentials mode of the request: whether it includes cookies and other credentials
    #[arg(long, value_enum, value_name = "MODE", default_value_t = CredentialsMode::SameOrigin)]
    pub(crate) credentials: CredentialsMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialsMode {
    Omit,
    SameOrigin,
    Include,
}

/// What sends a request of a page without `fetch()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Element {
    /// A form with the method POST
    Form,
    /// A link
    Link,
    /// A frame
    Frame,
    /// An image
    Image,
    /// A WebSocket: a URL with the scheme ws or wss needs no --as
    Websocket,
}

/// The command line for scripts of completion, which know the codes, too. Not for parsing: clap's error for another code
/// would list them all.
pub(crate) fn for_completions() -> clap::Command {
    let codes = codes::PAGES.iter().flat_map(|page| page.codes());
    let explained: Vec<_> = codes.map(|code| code.name).chain(["all"]).collect();
    Cli::command().mut_subcommand("check", |check| {
        check
            .mut_arg("allow", |allow| {
                allow.value_parser(PossibleValuesParser::new(lint_codes()))
            })
            .mut_arg("explain", |explain| {
                explain.value_parser(PossibleValuesParser::new(explained))
            })
    })
}

impl LoadArgs {
    /// Whether no option is given.
    pub(crate) fn is_default(&self) -> bool {
        self.table.is_none()
            && self.env.is_empty()
            && self.env_file.is_none()
            && !self.env_from_process
            && self.origins.is_empty()
    }
}

impl RequestOptions {
    /// Whether no option is given.
    pub(crate) fn is_default(&self) -> bool {
        self.method.is_none()
            && self.headers.is_empty()
            && self.data.is_none()
            && self.credentials == CredentialsMode::SameOrigin
    }
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
    fn the_command_line_is_valid() {
        super::Cli::command().debug_assert();
    }
}
