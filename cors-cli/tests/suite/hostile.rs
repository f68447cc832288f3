//! Texts from outside with characters that control a terminal, or change how other text is shown. Red team, finding 6.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;

use crate::probe::server::{APP, Scripted};
use crate::support::{Done, cors};

/// Characters that could mislead a terminal or a reader. (The command does not use this colour.)
const HOSTILE: [&str; 26] = [
    "\u{1b}[2J",
    "\u{1b}[45m",
    "\u{1b}]0;x\u{7}",
    "\u{9b}2J",
    "\u{80}",
    "\u{85}",
    "\u{7}",
    "\u{8}",
    "\r",
    "\n",
    "\t",
    "\u{7f}",
    "\u{ad}",
    "\u{61c}",
    "\u{600}",
    "\u{180e}",
    "\u{200b}",
    "\u{200d}",
    "\u{200e}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{fff9}\u{1d173}",
    "\u{e0041}",
];

const PLAIN: [&str; 12] = [
    "a", "e\u{301}", "ü", "\"", "'", "\\", "`", " ", "#", "=", "]", "https://",
];

fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(&HOSTILE[..]),
        1 => proptest::sample::select(&PLAIN[..]),
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Each runs the command more than 80 times.
        cases: 6,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_from_outside_reaches_a_terminal_raw(text in hostile_text()) {
        run_everything(&text);
    }
}

#[test]
fn none_of_the_known_texts_reaches_a_terminal_raw() {
    for pieces in HOSTILE.chunks(9) {
        run_everything(&pieces.concat());
    }
    // Only characters that TOML allows in a comment, so that there are diffs.
    let in_comments = |text: &&str| text.chars().all(|char| char == '\t' || char as u32 >= 0x80);
    let text: Vec<_> = HOSTILE.into_iter().filter(in_comments).collect();
    assert!(text.len() > 15);
    run_everything(&text.concat());
}

/// Runs every command with the text in every place from which a text can come.
#[track_caller]
fn run_everything(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    check_policies(folder, text);
    check_arguments(folder, text);
    check_servers(folder, text);
}

/// In a policy file, and in its name.
fn check_policies(folder: &Path, text: &str) {
    // Escaped as in a TOML string, for the value, and unchanged in the file.
    let escaped: String = text
        .chars()
        .map(|char| format!("\\U{:08x}", u32::from(char)))
        .collect();
    let line = text.replace(['\n', '\r'], "");
    let origins = "allow_origins = [\"http://a.example\"]";
    let policies = [
        format!("{origins} # {line}\nallow_methods = [\"GET\"] # {line}\n"),
        format!("# {line}\n{origins}\n\t# cors-allow: {line}\nmax_age = 1\n"),
        format!("{origins}\nallow_methods = ['{line}']\n\"{escaped}\" = 1\n"),
        format!("allow_origins = [\"https://{escaped}\", \"{escaped}\"]\n"),
        format!("{origins}\nallow_methods = [\"{escaped}\"]\nexpose_headers = [\"{escaped}\"]\n"),
        format!("{origins}\nallow_headers = [\n\t\"{escaped}\",\n]\nmax_age = \"{escaped}\"\n"),
        format!("{origins}\ndangerously_allow = [\"{escaped}\"]\n[[grant]]\n"),
        format!(
            "{origins}\n[[route]]\npath = \"/{{a}}\"\nallow_credentials = true\n\
             allow_origins = [{{ set = \"{escaped}\" }}, {{ set = \"{escaped}\", key = \"{{a}}\" }}]\n"
        ),
        text.to_owned(),
    ];
    let name = text.replace(['/', '\0'], "");
    let name = format!("n{name}.toml");
    for policy in policies {
        fs::write(folder.join(&name), &policy).unwrap();
        let request = [
            "-X",
            "PATCH",
            "--origin",
            "http://a.example",
            "http://api.example/",
        ];
        check(folder, &["check", &name]);
        check(folder, &["check", "--json", &name]);
        check(folder, &[&["explain", &name][..], &request].concat());
        check(
            folder,
            &[&["explain", "--json", &name][..], &request].concat(),
        );
        // Only the last one may change the file.
        check(
            folder,
            &[&["explain", "--fix", &name][..], &request].concat(),
        );
    }
    check_origin_files(folder, text);
    check(folder, &["check", &format!("no{name}")]);
    check(folder, &["man", "--dir", &format!("no{name}/x")]);
}

/// In a file of origins, and in its name.
fn check_origin_files(folder: &Path, text: &str) {
    let line = text.replace(['\n', '\r'], "");
    let name = format!("n{}.txt", text.replace(['/', '\0'], ""));
    let lines =
        format!("{line} https://a.example\n{line}\nother https://a.example\nb https://b.example\n");
    fs::write(folder.join(&name), lines).unwrap();
    let policy = "[[route]]\npath = \"/{a}\"\nallow_origins = [{ set = \"x\", key = \"{a}\" }]\n";
    fs::write(folder.join("sets.toml"), policy).unwrap();
    let given = format!("x={name}");
    let given = ["--origins", &given];
    check(folder, &[&["check", "sets.toml"][..], &given].concat());
    for (origin, url) in [
        ("https://a.example", "https://api.example/a"),
        ("https://b.example", "https://api.example/b"),
    ] {
        let explain = ["explain", "sets.toml", "--origin", origin, url];
        check(folder, &[&explain[..], &given].concat());
    }
    check(
        folder,
        &["check", "sets.toml", "--origins", &format!("x=no{name}")],
    );
}

/// On the command line.
fn check_arguments(folder: &Path, text: &str) {
    let text = &text.replace('\0', "");
    fs::write(
        folder.join("cors.toml"),
        format!("allow_origins = [\"{APP}\"]\n"),
    )
    .unwrap();
    check(folder, &["check", "--explain", text]);
    check(folder, &["check", "--allow", text]);
    check(folder, &["check", "--deny", text]);
    check(folder, &["check", &format!("--x{text}")]);
    check(folder, &[text]);
    let explain = |origin: &str, url: &str, options: &[&str]| {
        for json in [&[][..], &["--json"]] {
            let args = ["explain", "cors.toml", "--origin", origin, url];
            check(folder, &[&args[..], options, json].concat());
        }
    };
    let url = "https://api.example.com/";
    explain(text, url, &[]);
    explain(&format!("https://{text}"), url, &[]);
    explain(&format!("{APP}/{text}"), url, &[]);
    explain(APP, text, &[]);
    // If a scheme is missing, one is suggested.
    explain(&format!("a.example/{text}"), url, &[]);
    explain(APP, &format!("a.example/{text}"), &[]);
    explain(APP, &format!("{url}{text}?{text}#{text}"), &[]);
    explain(APP, url, &[&format!("-X{text}")]);
    explain(
        APP,
        url,
        &[&format!("-H{text}: {text}"), &format!("-HX-A: {text}")],
    );
    explain(APP, url, &[&format!("-H{text}")]);
    explain(APP, url, &["--fix", &format!("-HX-{text}: 1")]);
    let message = format!(
        "Access to fetch at '{url}{text}' from origin 'https://{text}' has been blocked by CORS policy: Method \
         {text} is not allowed by Access-Control-Allow-Methods in preflight response."
    );
    check(folder, &["explain", "--from-console", &message]);
    check(folder, &["explain", "--json", "--from-console", &message]);
    check(folder, &["explain", "--from-console", text]);
}

/// In the responses of a server.
fn check_servers(folder: &Path, text: &str) {
    let line = text.replace(['\n', '\r', '\0'], "");
    let value = line.clone();
    let server = Scripted::raw(move |request, stream| {
        let status = match (request.is_preflight(), request.target.as_str()) {
            (true, _) => "204",
            (false, "/path") => "200",
            _ => "302",
        };
        let origin = request.origin();
        let head = format!(
            "HTTP/1.1 {status} {value}\r\nAccess-Control-Allow-Origin: {origin}\r\n\
             Access-Control-Allow-Methods: PUT, {value}\r\nAccess-Control-Allow-Headers: {value}\r\n\
             Access-Control-Expose-Headers: x-{value}, x-a\r\nAccess-Control-Max-Age: {value}\r\n\
             Access-Control-Allow-Credentials: {value}\r\nVary: {value}\r\nServer: {value}\r\nX-A: {value}\r\n\
             Location: /{value}?{value}\r\nContent-Length: 0\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    });
    let other = line.clone();
    // Only the one header that is compared, so that the consoles repeat it.
    let refusing =
        Scripted::new(move |_| (200, vec![format!("Access-Control-Allow-Origin: {other}")]));
    let garbage = Scripted::raw(move |_, stream| {
        let _ = stream.write_all(format!("{line}\r\n\r\n").as_bytes());
    });
    fs::write(
        folder.join("cors.toml"),
        format!("allow_origins = [\"{APP}\"]\n"),
    )
    .unwrap();
    let name = format!("n{}.pem", text.replace(['/', '\0'], ""));
    fs::write(folder.join(&name), text).unwrap();
    let probe = |options: &[&str], url: &str| {
        check(
            folder,
            &[&["probe", "--origin", APP, url][..], options].concat(),
        );
    };
    let url = server.url();
    for options in [
        &["-X", "PUT", "-v"][..],
        &["-X", "PUT", "--json"],
        &[
            "--policy",
            "cors.toml",
            "-X",
            "PATCH",
            "--credentials",
            "include",
        ],
        &["--policy", "cors.toml", "-H", "X-A: 1", "--json"],
        &["--audit", "--delay", "0", "-v"],
        &["--audit", "--delay", "0", "--json"],
    ] {
        probe(options, &url);
    }
    probe(&["-v"], &format!("{url}/redirects"));
    probe(&["--json"], &format!("{url}/redirects"));
    for server in [refusing, garbage] {
        probe(&["-v"], &server.url());
        probe(&["--json"], &server.url());
    }
    probe(&["--cacert", &name], "https://127.0.0.1:1/");
    probe(&["--cacert", &format!("no{name}")], "https://127.0.0.1:1/");
}

/// The output of a command has only printable characters, line ends and the command's own colours.
#[track_caller]
fn check(folder: &Path, args: &[&str]) {
    let with_colour = [args, &["--color", "always"]].concat();
    let done = cors(folder, &with_colour);
    check_output(&done, args);
    if args.contains(&"--json") {
        assert!(!done.stdout.contains('\u{1b}'), "{args:?}: {done:#?}");
    }
}

#[track_caller]
fn check_output(done: &Done, args: &[&str]) {
    for output in [&done.stdout, &done.stderr] {
        let mut rest = output.as_str();
        let mut plain = String::new();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain += before;
            let end = after.find(|char: char| char != ';' && !char.is_ascii_digit());
            let (codes, after) = after.split_at(end.unwrap_or(after.len()));
            let is_own = |code: &str| matches!(code, "0" | "1" | "2" | "4") || is_foreground(code);
            let after = after.strip_prefix('m');
            let is_colour = after.is_some() && codes.split(';').all(is_own);
            assert!(is_colour, "{codes:?} {args:?}: {done:#?}");
            rest = after.unwrap_or_default();
        }
        plain += rest;
        let raw = plain
            .chars()
            .find(|char| *char != '\n' && is_hostile(*char));
        assert_eq!(raw, None, "{args:?}: {done:#?}");
    }
}

fn is_foreground(code: &str) -> bool {
    code.parse()
        .is_ok_and(|code: u32| matches!(code, 30..=37 | 90..=97))
}

/// Control characters, and the categories Cf, Zl and Zp of Unicode 17. From another source than the table that the
/// command uses.
fn is_hostile(char: char) -> bool {
    char.is_control()
        || matches!(
            u32::from(char),
            0xad | 0x600..=0x605
                | 0x61c
                | 0x6dd
                | 0x70f
                | 0x890..=0x891
                | 0x8e2
                | 0x180e
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0xfeff
                | 0xfff9..=0xfffb
                | 0x110bd
                | 0x110cd
                | 0x13430..=0x1343f
                | 0x1bca0..=0x1bca3
                | 0x1d173..=0x1d17a
                | 0xe0001
                | 0xe0020..=0xe007f
        )
}
