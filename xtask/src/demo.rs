//! `cargo xtask demo`: prints the responses of the four frameworks with one policy, then serves a page that sends requests
//! to them from a browser.

use std::path::PathBuf;
use std::process::ExitCode;

use cors_matrix::judge::relevant;
use cors_matrix::message::{self, Answer, Line, RawRequest};
use cors_matrix::server::{FixtureServer, Framework};
use lexopt::ValueExt as _;

use crate::{Error, cargo, exit_code_with_us, progress, root};

/// Something that a page does, and the requests that the browser sends for it.
struct Scene {
    title: &'static str,
    requests: &'static [&'static str],
}

/// Below the root of the workspace.
const POLICY: &str = "tools/demo/cors.toml";

const INDENT: &str = "     ";

/// What a page of another site sends without CORS.
const WITHOUT_CORS: &[&str] = &[
    "GET /ws\nOrigin: https://evil.example\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-Fetch-Site: cross-site",
    "POST /echo\nOrigin: https://evil.example\nContent-Type: application/x-www-form-urlencoded\nSec-Fetch-Site: cross-site",
];

/// The line that the policy has in addition in [`REFUSED`].
const REFUSE: &str = "refuse = [\"websocket\", \"cross-site-writes\"]";

const REFUSED: Scene = Scene {
    title: "The same, with this line at the end of the policy",
    requests: WITHOUT_CORS,
};

const SCENES: [Scene; 7] = [
    Scene {
        title: "A page of an allowed site reads something",
        requests: &["GET /echo\nOrigin: https://app.example.com"],
    },
    Scene {
        title: "It sends JSON with PUT, after the browser's preflight",
        requests: &[
            "OPTIONS /echo\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT\nAccess-Control-Request-Headers: content-type",
            "PUT /echo\nOrigin: https://app.example.com\nContent-Type: application/json",
        ],
    },
    Scene {
        title: "It sends credentials; the preflight needs none",
        requests: &[
            "OPTIONS /private\nOrigin: https://app.example.com\nAccess-Control-Request-Method: GET\nAccess-Control-Request-Headers: authorization",
            "GET /private\nOrigin: https://app.example.com\nAuthorization: Bearer secret",
        ],
    },
    Scene {
        title: "A page of a site that is not in the policy tries the same",
        requests: &[
            "OPTIONS /echo\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT\nAccess-Control-Request-Headers: content-type",
            "GET /echo\nOrigin: https://evil.example",
        ],
    },
    Scene {
        title: "The path does not exist, and the page can read the 404",
        requests: &["GET /nowhere\nOrigin: https://app.example.com"],
    },
    Scene {
        title: "Authentication fails, and the page can read the 401",
        requests: &["GET /private\nOrigin: https://app.example.com\nAuthorization: Bearer wrong"],
    },
    Scene {
        title: "A page of another site opens a WebSocket, and submits a form",
        requests: WITHOUT_CORS,
    },
];

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut table_alone, mut page) = (false, Vec::new());
    crate::options(args, |name, args| {
        match name {
            "table" => table_alone = true,
            "open" => page.push("--open".to_owned()),
            "port" => page.push(format!("--port={}", args.value()?.parse::<u16>()?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if table_alone && !page.is_empty() {
        let message =
            "`--open` and `--port` are for the page, so they cannot be used with `--table`";
        return Err(Error::Usage(message.to_owned()));
    }
    let are_equal = print_table()?;
    if table_alone || !are_equal {
        return Ok(match are_equal {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        });
    }
    // A separate program, because xtask has neither an HTTP server nor the model of the browser.
    println!("\nThe same in your browser, where you can also change the policy. Ctrl-C stops it.");
    eprintln!("building the page (the first time this takes a minute)");
    let demo = ["run", "--quiet", "--package", "cors-demo", "--"];
    exit_code_with_us(cargo(&demo).arg("--until-stdin-ends").args(page))
}

/// Prints the response of each framework. Returns whether all are the same.
fn print_table() -> Result<bool, Error> {
    let policy = root().join(POLICY);
    let fixtures = progress::build(&Framework::ALL)?;
    let mut servers = fixtures
        .iter()
        .map(|fixture| fixture.start(Some(&policy)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::Failed)?;

    let source = std::fs::read_to_string(&policy)
        .map_err(|error| Error::Failed(format!("{}: {error}", policy.display())))?;

    let requests = SCENES.iter().chain([&REFUSED]);
    let steps: usize = requests
        .map(|scene| scene.requests.len() * servers.len())
        .sum();
    let bar = progress::bar(steps, "sending requests to the four servers");
    let mut rows = Vec::new();
    for (scene, number) in SCENES.iter().zip(1..) {
        rows.push(Row::Title(format!("{number}. {}", scene.title)));
        rows.extend(send(scene, &servers, || bar.inc(1))?);
    }
    let refusing = refusing(&source)?;
    for server in &mut servers {
        server.replace_policy(&refusing).map_err(Error::Failed)?;
    }
    rows.push(Row::Title(format!(
        "{}. {}",
        SCENES.len() + 1,
        REFUSED.title
    )));
    rows.push(Row::Text(format!("   {REFUSE}")));
    rows.extend(send(&REFUSED, &servers, || bar.inc(1))?);
    bar.finish_and_clear();

    println!("One policy, {POLICY}:\n");
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        println!("   {line}");
    }
    println!(
        "\nThe response of each framework. `>` marks what a browser sends; the application sets `x-handler`."
    );
    let differences = print(&rows);
    println!();
    match differences {
        0 => println!("The responses of axum, actix-web, Rocket and warp are the same."),
        _ => {
            println!(
                "The responses are NOT the same: {differences} lines have fewer than four marks."
            )
        }
    }
    Ok(differences == 0)
}

/// Sends the requests of a scene to each server. `sent` is called for each of them.
fn send(scene: &Scene, servers: &[FixtureServer], sent: impl Fn()) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for text in scene.requests {
        let request = parse(text);
        let mut answers = Vec::new();
        for server in servers {
            let answer = message::send(server.port(), &request)
                .map_err(|error| Error::Failed(format!("a server does not answer: {error}")))?;
            answers.push(lines(&answer));
            sent();
        }
        rows.extend(text.lines().map(|line| Row::Text(format!("   > {line}"))));
        rows.extend(compare(&answers));
    }
    Ok(rows)
}

/// Writes the policy with the line that refuses.
fn refusing(source: &str) -> Result<PathBuf, Error> {
    let folder = root().join("target/demo");
    let file = folder.join("refuse.toml");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, format!("{source}{REFUSE}\n")))
        .map_err(|error| Error::Failed(format!("{}: {error}", file.display())))?;
    Ok(file)
}

enum Row {
    Title(String),
    Text(String),
    /// A line of a response, and which frameworks have it.
    Line {
        name: String,
        value: String,
        marks: Vec<bool>,
    },
}

fn parse(text: &str) -> RawRequest {
    let mut lines = text.lines();
    let (method, target) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or_default();
    let lines = lines.filter_map(|line| line.split_once(": "));
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: lines
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: Vec::new(),
    }
}

/// The status and the relevant lines of a response.
fn lines(answer: &Answer) -> Vec<Line> {
    let Answer::Response(response) = answer else {
        return vec![("connection".to_owned(), b"closed".to_vec())];
    };
    let status = response.status.to_string().into_bytes();
    let mut lines = vec![("status".to_owned(), status)];
    lines.extend(relevant(response));
    lines
}

/// Every line of any response, in order of first occurrence.
fn compare(answers: &[Vec<Line>]) -> Vec<Row> {
    let mut all: Vec<&Line> = Vec::new();
    for line in answers.iter().flatten() {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    let rows = all.into_iter().map(|line| Row::Line {
        name: line.0.clone(),
        value: String::from_utf8_lossy(&line.1).into_owned(),
        marks: answers.iter().map(|answer| answer.contains(line)).collect(),
    });
    rows.collect()
}

/// Prints the rows and counts the lines that not all frameworks have.
fn print(rows: &[Row]) -> usize {
    let width = |of: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or_default()
    };
    let names = width(|row| match row {
        Row::Line { name, .. } => name,
        Row::Title(_) | Row::Text(_) => "",
    });
    let values = width(|row| match row {
        Row::Line { value, .. } => value,
        Row::Title(_) | Row::Text(_) => "",
    });
    let titles = INDENT.len() + names + 2 + values;
    let frameworks = Framework::ALL.map(Framework::name).join("  ");
    let mut differences = 0;
    for row in rows {
        match row {
            Row::Title(text) => println!("\n{text:titles$}  {frameworks}"),
            Row::Text(text) => println!("{text}"),
            Row::Line { name, value, marks } => {
                let marks = marks.iter().zip(Framework::ALL).map(|(mark, framework)| {
                    let width = framework.name().len();
                    format!("  {:width$}", if *mark { "✓" } else { "-" })
                });
                let marks: String = marks.collect();
                differences += usize::from(marks.contains('-'));
                println!("{INDENT}{name:names$}  {value:values$}{}", marks.trim_end());
            }
        }
    }
    differences
}
