//! `cors probe`, run; and a server that does what it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cors_explain::codes;
use serde_json::Value;

use crate::support;
pub(crate) use crate::support::Done;

pub(crate) const APP: &str = "https://app.example.com";

/// Runs `cors probe`, with the arguments as one text and the URL as another.
#[track_caller]
pub(crate) fn probe(args: &str, url: &str) -> Done {
    let args: Vec<_> = args.split_whitespace().collect();
    probe_with(&args, url)
}

#[track_caller]
pub(crate) fn probe_with(args: &[&str], url: &str) -> Done {
    probe_in(&[], args, url)
}

/// Runs `cors probe` with more in its environment.
#[track_caller]
pub(crate) fn probe_in(environment: &[(&str, &str)], args: &[&str], url: &str) -> Done {
    let mut command = support::command(Path::new("."));
    command
        .envs(environment.iter().copied())
        .arg("probe")
        .args(args)
        .arg(url);
    let done: Done = command.output().expect("the command runs").into();
    done.explains_its_codes();
    done
}

impl Done {
    /// Each code of the output has a page, and the output says how to read it.
    #[track_caller]
    fn explains_its_codes(&self) {
        let is_code = |text: &str| {
            let mut chars = text.chars();
            text.contains('-') && chars.all(|char| char.is_ascii_lowercase() || char == '-')
        };
        let named = self.stdout.split('[').skip(1);
        let named = named.filter_map(|rest| Some(rest.split_once(']')?.0));
        let mut named = named.filter(|text| is_code(text)).peekable();
        let is_any = named.peek().is_some();
        for code in named {
            assert!(codes::find(code).is_some(), "`{code}`: {self:#?}");
        }
        let pages = self.stdout.split("see `cors check --explain ").skip(1);
        let mut pages = pages
            .filter_map(|rest| Some(rest.split_once('`')?.0))
            .peekable();
        // Errors of a policy file are those of `cors check`.
        let is_read = self.status != 2;
        assert!(!is_any || !is_read || pages.peek().is_some(), "{self:#?}");
        for code in pages {
            assert!(codes::find(code).is_some(), "`{code}`: {self:#?}");
        }
    }

    #[track_caller]
    pub(crate) fn has_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "`{text}` is missing: {self:#?}");
        }
        self
    }

    /// The output in one line: its paragraphs are wrapped.
    pub(crate) fn words(&self) -> String {
        let words: Vec<_> = self.stdout.split_whitespace().collect();
        words.join(" ")
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, texts: &[&str]) -> Self {
        for text in texts {
            let is_said = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(!is_said, "`{text}` is there: {self:#?}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is missing: {self:#?}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The codes of the findings, in order.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<String> {
        let json = self.json();
        let findings = json["findings"].as_array().expect("findings");
        let codes = findings.iter().map(|finding| &finding["code"]);
        codes
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .lines
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let (_, value) = named.next()?;
        Some(value)
    }

    pub(crate) fn origin(&self) -> &str {
        self.header("Origin").unwrap_or_default()
    }

    pub(crate) fn is_preflight(&self) -> bool {
        self.header("Access-Control-Request-Method").is_some()
    }
}

/// A server whose every answer is scripted, on a port that the system chose. One request for each
/// connection.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
}

/// It stops listening: all servers of all tests would need more open files than some systems allow.
impl Drop for Scripted {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // The thread waits for somebody to come.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Scripted {
    /// `answer` writes what it likes.
    pub(crate) fn raw(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
        let is_over = Arc::<AtomicBool>::default();
        let is_over_there = Arc::clone(&is_over);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over_there.load(Ordering::SeqCst) {
                    break;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self {
            port,
            requests,
            is_over,
        }
    }

    /// `answer` gives a status and header lines.
    pub(crate) fn new<L: AsRef<str>>(
        answer: impl Fn(&Request) -> (u16, Vec<L>) + Send + Sync + 'static,
    ) -> Self {
        Self::raw(move |request, stream| {
            let (status, lines) = answer(request);
            let lines: String = lines
                .iter()
                .map(|line| format!("{}\r\n", line.as_ref()))
                .collect();
            let head = format!("HTTP/1.1 {status} Whatever\r\n{lines}Content-Length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/path", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("a log").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request, &mut TcpStream),
) {
    let Some(request) = read(&stream) else { return };
    log.lock().expect("a log").push(request.clone());
    answer(&request, &mut stream);
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        lines.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request {
        method,
        target,
        lines,
        body: String::new(),
    };
    let length = request
        .header("Content-Length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
