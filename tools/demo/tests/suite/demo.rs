//! The program and a browser at its page.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cors_matrix::server::FixtureBinary;
use cors_matrix::skip::skip;
use cors_real_browsers::{BrowserName, Tab};
use serde::de::DeserializeOwned;

/// The policy that the program begins with: the workspace's.
pub(crate) const POLICY: &str = include_str!("../../cors.toml");

/// The running program, and a tab. Both end when dropped.
pub(crate) struct Demo {
    pub(crate) tab: Tab,
    pub(crate) allowed: String,
    pub(crate) refused: String,
    program: Child,
}

impl Demo {
    /// `None`: there is no Chromium, which must not be in CI.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        if let Err(missing) = BrowserName::Chromium.available() {
            skip("the demo's page", &missing).unwrap();
            return None;
        }
        let servers = FixtureBinary::built().unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_cors-demo"))
            .args(["--port", "0", "--refused-port", "0", "--until-stdin-ends"])
            .arg("--servers")
            .arg(servers.first().unwrap().path.parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(program.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let mut origins = line
            .split_whitespace()
            .filter(|word| word.starts_with("http://"));
        let (Some(allowed), Some(refused)) = (origins.next(), origins.next()) else {
            let mut errors = String::new();
            let mut stderr = program.stderr.take().unwrap();
            stderr.read_to_string(&mut errors).unwrap();
            panic!("the program says `{line}`, and: {errors}");
        };
        let mut demo = Self {
            tab: Tab::start().unwrap(),
            allowed: allowed.to_owned(),
            refused: refused.to_owned(),
            program,
        };
        demo.resize(1280, 1080, "light");
        Some(demo)
    }

    pub(crate) fn open_allowed(&mut self) {
        self.open(&self.allowed.clone());
    }

    pub(crate) fn open_refused(&mut self) {
        self.open(&self.refused.clone());
    }

    /// Opens a page, and waits until all is there.
    #[track_caller]
    fn open(&mut self, url: &str) {
        self.tab.open(url).unwrap();
        // Elements with an id are variables of that name; before they are there, they are not.
        self.tab
            .wait_until("document.getElementById('grid')?.dataset.state === 'done'")
            .unwrap();
        self.tab
            .wait_until("text.dataset.state === 'checked'")
            .unwrap();
    }

    /// The value of an expression, in which elements are known by their ids.
    #[track_caller]
    pub(crate) fn get<T: DeserializeOwned>(&mut self, expression: &str) -> T {
        self.tab.evaluate(expression).unwrap()
    }

    /// Whether an expression is true.
    #[track_caller]
    pub(crate) fn holds(&mut self, expression: &str) -> bool {
        self.get(expression)
    }

    #[track_caller]
    pub(crate) fn run(&mut self, script: &str) {
        self.tab
            .evaluate::<()>(&format!("{{ {script} }} null"))
            .unwrap();
    }

    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str) {
        let script = format!("document.querySelector('{selector}').click()");
        self.run(&script);
    }

    /// Writes the whole text of the editor anew.
    #[track_caller]
    pub(crate) fn write(&mut self, policy: &str) {
        self.run("text.focus(); text.select()");
        self.tab.type_text(policy).unwrap();
    }

    #[track_caller]
    pub(crate) fn run_again(&mut self) {
        // Not the state of before.
        self.run("grid.dataset.state = 'old'");
        self.click("#again");
        self.tab
            .wait_until("grid.dataset.state === 'done'")
            .unwrap();
    }

    #[track_caller]
    pub(crate) fn wait_for_version(&mut self, version: u64) {
        let done = format!("grid.dataset.state === 'done' && grid.dataset.version === '{version}'");
        self.tab.wait_until(&done).unwrap();
    }

    /// Whether what the page got is in every cell what was predicted.
    #[track_caller]
    pub(crate) fn is_all_equal(&mut self) -> bool {
        let unequal: Vec<String> = self.get(
            "[...document.querySelectorAll('.cell:not([data-state=equal])')].map(it => it.getAttribute('aria-label'))",
        );
        println!("unequal: {unequal:#?}");
        self.get("grid.dataset.equal === grid.dataset.total && grid.dataset.total >= 56 && summary.dataset.state === 'equal'")
    }

    /// What each cell says.
    #[track_caller]
    pub(crate) fn cells(&mut self) -> Vec<String> {
        self.get("[...document.querySelectorAll('.cell')].map(it => it.getAttribute('aria-label'))")
    }

    /// What the page got of a scenario, by framework.
    #[track_caller]
    pub(crate) fn row(&mut self, scenario: &str) -> Vec<String> {
        self.get(&format!(
            "[...document.querySelectorAll('.cell[data-scenario={scenario}]')].map(it => it.dataset.got)"
        ))
    }

    /// Sets the viewport's size and the colour scheme. Nothing moves on its own.
    #[track_caller]
    pub(crate) fn resize(&mut self, width: u32, height: u32, scheme: &str) {
        self.tab.resize(width, height).unwrap();
        let preferred = [
            ("prefers-color-scheme", scheme),
            ("prefers-reduced-motion", "reduce"),
        ];
        self.tab.prefer(&preferred).unwrap();
    }

    /// Writes what there is to see into a file of `target/demo`.
    #[track_caller]
    pub(crate) fn screenshot(&mut self, file: &str) {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let folder = target.join("demo");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(file), self.tab.screenshot().unwrap()).unwrap();
    }

    /// The console says nothing but what a browser says itself of blocked requests and of error statuses.
    #[track_caller]
    pub(crate) fn console_is_clean(&mut self) {
        let servers: Vec<String> =
            self.get("(async () => (await (await fetch('/api/state')).json()).frameworks.map(it => it.url))()");
        let refusals = ["policy", "set"].map(|call| {
            format!(
                "status of 422 (Unprocessable Entity) ({}/api/{call})",
                self.allowed
            )
        });
        let is_expected = |line: &String| {
            let is_of = |server: &String| {
                line.contains(server) || line.contains(&server.replace("http", "ws"))
            };
            let of_a_server = servers.iter().any(is_of);
            let blocked =
                line.starts_with("Access to fetch at ") && line.contains("blocked by CORS policy");
            let failed = line.starts_with("Failed to load resource: net::ERR_FAILED");
            let status =
                line.starts_with("Failed to load resource: the server responded with a status of ");
            let refused = line.starts_with("WebSocket connection to ")
                && line.contains(" Unexpected response code: 403 ");
            // Rocket does not let another origin show its documents in a frame, as the document of a form is.
            let error_page = line.ends_with(" (chrome-error://chromewebdata/)")
                && (status || line.contains("because it set 'X-Frame-Options'"));
            (of_a_server && (blocked || failed || status || refused))
                || error_page
                || refusals.iter().any(|refusal| line.ends_with(refusal))
        };
        let console = self.tab.console().unwrap();
        let other: Vec<_> = console.iter().filter(|line| !is_expected(line)).collect();
        assert!(other.is_empty(), "{other:#?}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
