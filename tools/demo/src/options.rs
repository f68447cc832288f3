//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The port of the page that is allowed, if it is free.
pub(crate) const PORT: u16 = 8090;
/// The port of the page that is refused, if it is free.
pub(crate) const REFUSED_PORT: u16 = 8091;

pub(crate) const HELP: &str = "\
Serves a page that shows the four frameworks with one policy, until you stop it

usage: cors-demo [options]

  --policy FILE        The first policy, which is never written [default: tools/demo/cors.toml]
  --port N             Port of the page that the policy allows; 0 is any free one
                       [default: 8090, or a free one]
  --refused-port N     Port of the page that the policy does not allow [default: 8091, or a free one]
  --servers FOLDER     Folder of the built fixture servers [default: build them]
  --open               Open the page in a browser
  --until-stdin-ends   Exit when the standard input is closed

exit status: 1: the demo could not start, 2: usage error
";

/// The arguments of the program.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) policy: PathBuf,
    pub(crate) port: Option<u16>,
    pub(crate) refused_port: Option<u16>,
    pub(crate) servers: Option<PathBuf>,
    pub(crate) open: bool,
    pub(crate) until_stdin_ends: bool,
}

impl Options {
    /// Reads the arguments; `None` stands for `--help`.
    pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut args = lexopt::Parser::from_args(args);
        Self::read(&mut args).map_err(|error| format!("{error}; see `cors-demo --help`"))
    }

    fn read(args: &mut lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;
        let mut options = Self {
            policy: Path::new(env!("CARGO_MANIFEST_DIR")).join("cors.toml"),
            port: None,
            refused_port: None,
            servers: None,
            open: false,
            until_stdin_ends: false,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Long("policy") => options.policy = args.value()?.into(),
                Long("port") => options.port = Some(args.value()?.parse()?),
                Long("refused-port") => options.refused_port = Some(args.value()?.parse()?),
                Long("servers") => options.servers = Some(args.value()?.into()),
                Long("open") => options.open = true,
                Long("until-stdin-ends") => options.until_stdin_ends = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<Option<Options>, String> {
        Options::parse(args.split_whitespace().map(Into::into))
    }

    #[test]
    fn options() {
        let options = parse("").unwrap().unwrap();
        assert!(options.policy.ends_with("cors.toml"));
        assert_eq!((options.port, options.refused_port), (None, None));
        assert_eq!(options.servers, None);
        let options = parse(
            "--policy a.toml --port 0 --refused-port=1 --servers b --open --until-stdin-ends",
        );
        let options = options.unwrap().unwrap();
        assert_eq!(options.policy, Path::new("a.toml"));
        assert_eq!((options.port, options.refused_port), (Some(0), Some(1)));
        assert_eq!(options.servers.as_deref(), Some(Path::new("b")));
        assert!(options.open && options.until_stdin_ends);
        assert!(parse("--port 0 --help").unwrap().is_none());
    }

    #[test]
    fn what_is_none() {
        #[track_caller]
        fn check(args: &str, expected: &str) {
            let error = parse(args).unwrap_err();
            assert_eq!(error, format!("{expected}; see `cors-demo --help`"));
        }
        check("--colour", "invalid option '--colour'");
        check("page", "unexpected argument \"page\"");
        check("--port", "missing argument for option '--port'");
    }
}
