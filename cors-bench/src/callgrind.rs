//! Instructions, counted by callgrind.
//!
//! callgrind counts between two moments. The crates with which a program can tell it so need
//! valgrind's headers and libclang wherever the workspace is built or linted, and gungraun a runner of
//! its own version beside it. callgrind can go by the name of a function instead, which needs
//! nothing but valgrind, where instructions are counted.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use cors_bench::counts::Count;
use cors_bench::measure::{DUMPS, median};
use cors_bench::programs::{self, Program};

/// The function in which is counted, and behind which callgrind writes a file.
const REGION: &str = "cors_bench::subject::measured_region";

/// So much of what was freed is kept for each size that what earlier requests left behind makes no
/// difference to a later one.
const ALLOCATOR: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=1000");

/// The version of valgrind, or what is missing.
pub(crate) fn available() -> Result<String, String> {
    let output = Command::new("valgrind")
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Err("`valgrind` is not installed (Debian's package of that name)".to_owned()),
    }
}

/// Counts all cases with so many origins at most.
pub(crate) fn count(program: Program, largest: usize) -> Result<Vec<Count>, String> {
    // Hash tables are seeded at random in each process: now and then an origin meets others in the
    // engine's that it otherwise does not, and Rocket has tables with which all its numbers move. With
    // many origins each run takes minutes.
    let runs = match program {
        Program::Engine if largest > crate::GATED => 3,
        _ if largest > crate::GATED => 1,
        Program::Rocket => 7,
        Program::Engine | Program::Axum | Program::Actix | Program::Warp => 5,
    };
    let runs = (0..runs).map(|_| count_once(program, largest));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let first = runs.first().cloned().unwrap_or_default();
    let counts = first
        .into_iter()
        .enumerate()
        .map(|(at, (case, variant, _))| {
            let all = runs.iter().filter_map(|run| run.get(at));
            let count = median(all.map(|(.., count)| *count as f64).collect());
            (case, variant, count as u64)
        });
    Ok(counts.collect())
}

/// In one process. A number is the one in the middle of [`DUMPS`].
fn count_once(program: Program, largest: usize) -> Result<Vec<Count>, String> {
    let path = program.path()?;
    let folder = path.with_file_name(format!("callgrind-{program}"));
    let failed = |error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut command = Command::new("valgrind");
    command
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={REGION}"))
        .arg(format!("--dump-after={REGION}"))
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("out").display()
        ))
        .arg(&path)
        .args(["instructions", &largest.to_string()])
        .env(ALLOCATOR.0, ALLOCATOR.1);
    let mut next = 1;
    programs::rows(&mut command)?
        .into_iter()
        .map(|row| {
            let dumps = next..next + DUMPS;
            next += DUMPS;
            let totals = dumps.map(|number| total(&folder.join(format!("out.{number}"))));
            let totals = totals.collect::<Result<Vec<_>, _>>()?;
            Ok((row.case, row.variant, median(totals) as u64))
        })
        .collect()
}

/// The sum that stands in a file of callgrind's.
fn total(path: &Path) -> Result<f64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| format!("{} has no total", path.display()))
}
