//! `cors explain --from-console`, as a user runs it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support;

/// A pasted text, with its expected meaning.
struct Block<'a> {
    heading: &'a str,
    facts: Vec<(&'a str, &'a str)>,
    text: String,
}

fn blocks(file: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let lines = file.lines().filter(|line| !line.starts_with("# "));
    for line in lines {
        if let Some(heading) = line.strip_prefix("## ") {
            blocks.push(Block {
                heading,
                facts: Vec::new(),
                text: String::new(),
            });
            continue;
        }
        let Some(block) = blocks.last_mut() else {
            continue;
        };
        match line
            .strip_prefix("= ")
            .and_then(|fact| fact.split_once(": "))
        {
            Some(fact) => block.facts.push(fact),
            None => {
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
    }
    assert!(!blocks.is_empty());
    blocks
}

#[test]
fn messages_are_recognized_with_their_facts() {
    for block in blocks(include_str!(
        "../../../cors-explain/tests/console/messages.txt"
    )) {
        check(&block);
    }
}

#[test]
fn messages_are_recognized_in_any_pasted_form() {
    for block in blocks(include_str!(
        "../../../cors-explain/tests/console/pasted.txt"
    )) {
        check(&block);
    }
}

#[track_caller]
fn check(block: &Block<'_>) {
    let Block {
        heading,
        facts,
        text,
    } = block;
    let messages = explained(text);
    assert_eq!(codes(&messages).join(" "), *heading, "{text}");
    for (name, expected) in facts {
        let (message, name) = match name.strip_prefix("second ") {
            Some(name) => (&messages[1], name),
            None => (&messages[0], *name),
        };
        let fact = match name {
            "browser" => &message["browser"],
            _ => &message["facts"][name],
        };
        let fact = match fact {
            Value::String(fact) => fact.clone(),
            fact => fact.to_string(),
        };
        assert_eq!(fact, *expected, "{name} in {text}");
    }
}

/// Every measured text, the whole and each line alone.
#[test]
fn measured_messages_of_browsers_are_recognized() {
    for block in blocks(include_str!(
        "../../../cors-explain/tests/console/measured.txt"
    )) {
        let (browser, code) = block.heading.split_once(' ').expect("two words");
        let messages = explained(&block.text);
        assert_eq!(codes(&messages), [code], "{}", block.text);
        assert_eq!(messages[0]["browser"], browser, "{}", block.text);
        for line in block.text.lines().filter(|line| !line.is_empty()) {
            let messages = explained(line);
            let [found] = codes(&messages)[..] else {
                panic!("several messages in {line}");
            };
            let says_why = !matches!(found, "fetch-failed" | "no-response");
            let is_second = (code, found) == ("preflight-redirect", "preflight-not-ok");
            assert!(found == code || !says_why || is_second, "{found}: {line}");
        }
    }
}

#[test]
fn the_output_fits_a_screen() {
    for block in blocks(include_str!("console/one-of-each.txt")) {
        let code = block.heading;
        let output = cors(&["explain", "--from-console", &block.text], "");
        assert_eq!(output.status.code(), Some(1), "{code}");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(stdout.starts_with(&format!("{code} ")), "{code}: {stdout}");
        support::snapshot(&format!("console/output/{code}.txt")).assert_eq(&stdout);
        let lines = stdout.lines().count();
        assert!(lines <= 25, "{code}: {lines} lines");
    }
}

/// The kinds of public reports that once got the wrong cause, or none.
#[test]
fn reported_messages_get_the_right_cause_first() {
    for block in blocks(include_str!("console/reported.txt")) {
        let output = cors(&["explain", "--from-console", &block.text], "");
        assert_eq!(output.status.code(), Some(1), "{}", block.text);
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        let name = format!("console/output/reported/{}.txt", block.heading);
        support::snapshot(&name).assert_eq(&stdout);
    }
}

#[test]
fn every_failure_has_a_message() {
    let page = include_str!("../../../cors-explain/codes/browsers.md");
    let documented: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let blocks = blocks(include_str!("console/one-of-each.txt"));
    let mut shown: Vec<_> = blocks.iter().map(|block| block.heading).collect();
    // No browser prints a message about a body that cannot be sent again, nor about the policy of a server.
    shown.extend(["redirect-body", "refused"]);
    let sorted = |mut codes: Vec<&str>| {
        codes.sort_unstable();
        codes.join(" ")
    };
    assert_eq!(sorted(shown), sorted(documented.clone()));
}

#[test]
fn a_text_without_a_message_about_cors_is_an_error_that_helps() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let output = cors(&["explain", "--from-console", text], "");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}: {stderr}");
        assert!(output.stdout.is_empty(), "{text}");
        assert!(stderr.contains(expected), "{text}: {stderr}");
    }
    check("", "the text is empty");
    check(" \n\t ", "the text is empty");
    check("hello", "such messages look like this");
    check(
        "Failed to fetch the users: 404",
        "such messages look like this",
    );
    check("Upload failed", "such messages look like this");
    check(
        "Failed to load https://example.com/",
        "such messages look like this",
    );
    check(
        "Received an invalid response from the server",
        "such messages look like this",
    );
    check(
        "Mixed Content: The page at 'https://app.example.com/' was loaded over HTTPS, but requested an insecure \
         resource 'http://api.example.com/'. This request has been blocked; the content must be served over HTTPS.",
        "mixed content",
    );
    check(
        "Refused to connect to 'https://api.example.com/' because it violates the following Content Security \
         Policy directive: \"connect-src 'self'\".",
        "`connect-src`",
    );
    check(
        "GET http://localhost:3000/ net::ERR_CONNECTION_REFUSED",
        "no server listens",
    );
    check(
        "Failed to load resource: the server responded with a status of 404 (Not Found)",
        "the response was an error",
    );
    check("TypeError: fetch failed", "Node.js");
    check(
        "GET http://localhost:3000/ net::ERR_CONNECTION_REFUSED\nUncaught (in promise) TypeError: Failed to fetch",
        "no server listens",
    );
    check(
        "Fetch API cannot load https://api.example.com/. Refused to connect because it violates the document's \
         Content Security Policy.",
        "`connect-src`",
    );
}

#[test]
fn standard_input_is_read_to_a_limit() {
    let args = ["explain", "--json", "--from-console", "-"];
    let garbage = [b"\xff\x1b[31mTypeError: Failed to fetch\x1b[0m\xfe\0".as_slice()].concat();
    let output = cors_with(&args, &garbage);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["messages"][0]["code"], "fetch-failed");

    let output = cors_with(&args, &vec![b'x'; 5 << 20]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("4 MiB"));
}

#[test]
fn an_explanation_is_printed_once() {
    let line = |path: &str| {
        format!(
            "Access to fetch at 'https://api.example.com/{path}' from origin 'https://app.example.com' has been \
             blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested \
             resource.\n"
        )
    };
    let text = ["a", "b"].map(line).concat();
    let output = cors(&["explain", "--from-console", &text], "");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(
        stdout.matches("Why, most likely first").count(),
        1,
        "{stdout}"
    );
    assert_eq!(stdout.matches("the same as above").count(), 1, "{stdout}");
    assert!(stdout.contains("https://api.example.com/b"), "{stdout}");

    let many: String = (0..13).map(|number| line(&number.to_string())).collect();
    let output = cors(&["explain", "--from-console", &many], "");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        stdout.ends_with("\n3 more messages are not shown; paste them alone\n"),
        "{stdout}"
    );
    assert_eq!(explained(&many).len(), 13);
}

/// Beginnings of messages without an end: a quadratic search would look for each end again.
#[test]
fn a_megabyte_of_beginnings_is_read_once() {
    let beginnings =
        "Method Access to fetch at 'Origin Request header field header 'invalid token '";
    let mut text = beginnings.repeat((1 << 20) / beginnings.len());
    let output = cors(&["explain", "--from-console", "-"], &text);
    assert_eq!(output.status.code(), Some(2));

    text.push_str(
        "\n(Reason: invalid token ‘GET PUT’ in CORS header ‘Access-Control-Allow-Methods’).",
    );
    let messages = explained(&text);
    assert_eq!(codes(&messages), ["allow-methods-syntax"]);
    assert_eq!(messages[0]["facts"]["value"], "GET PUT");
}

/// A message is not trusted: it may come from a bug report.
#[test]
fn nothing_pasted_reaches_a_terminal_or_a_shell_unescaped() {
    let text = "Access to fetch at 'https://api.example.com/\u{202e}\u{9b}$(id);x' from origin \
                'https://app.example.com' has been blocked by CORS policy: Method $(id)`id` is not allowed by \
                Access-Control-Allow-Methods in preflight response.";
    let output = cors(&["explain", "--from-console", text], "");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        !stdout.contains(['\u{9b}', '\u{1b}', '\u{202e}']),
        "{stdout}"
    );
    let command = stdout.lines().last().expect("a command");
    assert!(command.contains("'https://api.example.com/"), "{command}");
    assert!(!command.contains("-X"), "{command}");
    assert!(!stdout.contains("allow_methods = "), "{stdout}");
}

fn explained(text: &str) -> Vec<Value> {
    let output = cors(&["explain", "--json", "--from-console", "-"], text);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}: {stderr}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let messages = json["messages"].as_array().expect("messages");
    assert!(!messages.is_empty(), "{text}");
    messages.clone()
}

fn codes(messages: &[Value]) -> Vec<&str> {
    let codes = messages.iter().map(|message| message["code"].as_str());
    codes.map(|code| code.expect("a code")).collect()
}

fn cors(args: &[&str], stdin: &str) -> Output {
    cors_with(args, stdin.as_bytes())
}

fn cors_with(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = support::command(Path::new("."))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // Reading stops at the limit.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    child.wait_with_output().expect("it ends")
}
