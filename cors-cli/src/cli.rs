//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

#[derive(Debug, Parser)]
#[command(
    name = "cors",
    version,
    about = "Checks a CORS policy",
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

Exit status: 0 fine, 1 something was found, 2 used wrongly or could not be done";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
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

Exit status: 0 no mistakes (nor what --deny names), 1 some, 2 used wrongly, or the file cannot be read")]
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
