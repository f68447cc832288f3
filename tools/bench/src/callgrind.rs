//! Instructions, counted by callgrind.
//!
//! callgrind is told by the name of a function when to count. That needs only valgrind, and only where
//! instructions are counted. Do not use the crates for valgrind's client requests: they need its headers and
//! libclang wherever the workspace is built or linted. (gungraun also needs a runner of its own version.)

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs;
use crate::subject::Variant;

/// The function in which is counted, and after which callgrind writes a file.
const REGION: &str = "cors_bench::subject::measured_region";

/// The allocator keeps so many freed blocks of each size that earlier requests do not change the count of a
/// later one.
const ALLOCATOR: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=1000");

/// The instructions of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instructions {
    /// In total.
    pub all: u64,
    /// In the program itself, without the libraries that it loads: their counts depend on the processor and on
    /// addresses in memory.
    pub own: u64,
}

/// The instructions of each variant in each case, in the order in which they were counted.
pub type Counts = Vec<(String, Variant, Instructions)>;

/// The version of valgrind, or what is missing.
///
/// # Errors
///
/// When it is not installed.
pub fn available() -> Result<String, String> {
    let output = Command::new(valgrind()?)
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Err("`valgrind --version` fails".to_owned()),
    }
}

/// Runs one of the programs in `src/bin` with these arguments. Its environment has only these variables and the
/// allocator's. If something is counted several times, the result is the minimum: hash tables have random seeds, and
/// the minimum is the number without collisions.
///
/// # Errors
///
/// If there is no valgrind, the program fails, or callgrind's output is not understood.
pub fn count(
    program: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Counts, String> {
    let failed = |error| format!("{}: {error}", program.display());
    // callgrind uses this name.
    let program = program.canonicalize().map_err(failed)?;
    let (Some(folder), Some(name)) = (program.parent(), program.file_name()) else {
        return Err(format!("`{}` is not a program", program.display()));
    };
    let name = name.display();
    let dumps = folder.join(format!("callgrind-{name}"));
    if dumps.exists() {
        fs::remove_dir_all(&dumps).map_err(failed)?;
    }
    fs::create_dir_all(&dumps).map_err(failed)?;
    let mut command = Command::new(valgrind()?);
    command
        // Ignores the user's `.valgrindrc`.
        .args(["--command-line-only=yes", "--vgdb=no", "--tool=callgrind"])
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--toggle-collect={REGION}"))
        .arg(format!("--dump-after={REGION}"))
        // Run here, so that the paths are the same in every folder.
        .current_dir(folder)
        .arg(format!("--callgrind-out-file=callgrind-{name}/out"))
        .arg(format!("./{name}"))
        .args(arguments)
        .env_clear()
        .env(ALLOCATOR.0, ALLOCATOR.1)
        .envs(env::var_os("VALGRIND_LIB").map(|folder| ("VALGRIND_LIB", folder)))
        .envs(variables.iter().copied());
    let rows = programs::rows(&mut command)?;
    let counted = rows.into_iter().zip(1..).map(|(row, number)| {
        let dump = dumps.join(format!("out.{number}"));
        let text = fs::read(&dump).map_err(|error| format!("{}: {error}", dump.display()))?;
        let text = String::from_utf8_lossy(&text);
        let instructions = sum(&text, &program.to_string_lossy());
        let instructions = instructions.map_err(|error| format!("{}: {error}", dump.display()))?;
        Ok((row.case, row.variant, instructions))
    });
    Ok(least(counted.collect::<Result<Vec<_>, String>>()?))
}

/// The minimum of each number that was counted several times.
pub fn least(counted: impl IntoIterator<Item = (String, Variant, Instructions)>) -> Counts {
    let mut places = BTreeMap::new();
    let mut counts = Counts::new();
    for (case, variant, now) in counted {
        let place = places.entry((case.clone(), variant));
        let place = *place.or_insert(counts.len());
        match counts.get_mut(place) {
            Some((.., least)) => {
                least.all = least.all.min(now.all);
                least.own = least.own.min(now.own);
            }
            None => counts.push((case, variant, now)),
        }
    }
    counts
}

/// The path of valgrind, because the programs run without `PATH`.
fn valgrind() -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut files = env::split_paths(&path).map(|folder| folder.join("valgrind"));
    let found = files.find(|file| file.is_file());
    found.ok_or_else(|| "`valgrind` is not installed (Debian's package of that name)".to_owned())
}

/// Adds up the counts in a file of callgrind, in [its format] without compression.
///
/// [its format]: https://valgrind.org/docs/manual/cl-format.html
fn sum(text: &str, program: &str) -> Result<Instructions, String> {
    let (mut all, mut own, mut total) = (0, 0, None);
    let mut is_own = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{line}`"));
        if let Some(object) = line.strip_prefix("ob=") {
            is_own = object == program;
        } else if line.starts_with("calls=") {
            // The next line repeats the cost of the called function, which is also listed at that function.
            lines.next();
        } else if let Some(text) = line.strip_prefix("totals: ") {
            total = Some(number(text)?);
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // A line number of the source, and a cost if it is not 0.
            let cost = line
                .split_once(' ')
                .map_or(Ok(0), |(_, cost)| number(cost))?;
            all += cost;
            own += if is_own { cost } else { 0 };
        }
    }
    match total {
        Some(total) if total != all => Err(format!("{all} instructions in a file of {total}")),
        None => Err("no total".to_owned()),
        _ if own == 0 => Err(format!("no instructions in `{program}`")),
        Some(_) => Ok(Instructions { all, own }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shorter file in callgrind's format.
    const DUMP: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
cmd:  ./bench-engine instructions 1 1
part: 100

desc: Trigger: --dump-after=cors_bench::subject::measured_region

positions: line
events: Ir
summary: 139

ob=/lib/libc.so.6
fl=./csu/libc-start.c
fn=(below main)
cob=/a b/bench-engine
cfi=???
cfn=main
calls=0 0 
58 139

ob=/a b/bench-engine
fl=???
fn=cors_bench::subject::measured_region
0 2
cfn=<A as Subject>::count_instructions::{{closure}}
calls=1 0 
0 135
0 2

fn=<A as Subject>::count_instructions::{{closure}}
fi=cors-core/src/decide.rs
10 5
fe=???
cob=/lib/libc.so.6
cfi=./string/memmove.S
cfn=__memcpy_avx_unaligned_erms
calls=2 10 
0 100
0
0 30

ob=/lib/libc.so.6
fl=./string/memmove.S
fn=__memcpy_avx_unaligned_erms
10 60
20 40

totals: 139
";

    #[track_caller]
    fn check(text: &str, program: &str, expected: Result<(u64, u64), &str>) {
        let sum = sum(text, program);
        let sum = sum.as_ref().map(|sum| (sum.all, sum.own));
        assert_eq!(sum, expected.map_err(str::to_owned).as_ref().copied());
    }

    #[test]
    fn what_a_program_calls_is_counted_where_it_is() {
        check(DUMP, "/a b/bench-engine", Ok((139, 39)));
        check(DUMP, "/lib/libc.so.6", Ok((139, 100)));
    }

    #[test]
    fn a_file_that_is_not_understood_is_an_error() {
        let program = "/a b/bench-engine";
        let rows = [
            ("totals: 139", "", "no total"),
            (
                "totals: 139",
                "totals: 140",
                "139 instructions in a file of 140",
            ),
            // Costs of called functions are counted only once.
            ("calls=2 10 \n", "", "239 instructions in a file of 139"),
            ("10 5\n", "10 5 1\n", "`10 5 1`"),
            // A compressed position.
            ("20 40\n", "+10 40\n", "99 instructions in a file of 139"),
            (
                "ob=/a b/bench-engine\n",
                "ob=(1) /a b/bench-engine\n",
                "no instructions in `/a b/bench-engine`",
            ),
        ];
        for (old, new, error) in rows {
            check(&DUMP.replace(old, new), program, Err(error));
        }
    }

    #[test]
    fn the_least_of_each_case_and_variant_counts() {
        let row =
            |case: &str, variant, all, own| (case.to_owned(), variant, Instructions { all, own });
        let counted = [
            row("b", Variant::Base, 9, 8),
            row("b", Variant::Base, 10, 7),
            row("b", Variant::Ours, 20, 19),
            row("a", Variant::Base, 5, 5),
            row("b", Variant::Base, 11, 9),
        ];
        let expected = [
            row("b", Variant::Base, 9, 7),
            row("b", Variant::Ours, 20, 19),
            row("a", Variant::Base, 5, 5),
        ];
        assert_eq!(least(counted), expected);
    }
}
