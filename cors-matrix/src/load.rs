//! A fixture server under load. Its policy is replaced ten times a second, by files with and without errors. A set of
//! origins changes. Some clients send a byte now and then, and many connections are open without a complete request. Each
//! request must get a response of a policy and of a set that were active while it was handled. Memory must not grow, and
//! no file descriptor may be left.

mod asked;
mod change;
mod clients;
mod process;

use std::array;
use std::fmt;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::message::RawResponse;
use crate::server::{FixtureBinary, Framework};
use crate::skip::skip;
use asked::{Asked, Moment};
use clients::IdleConnections;
use process::Process;

/// Requests to each framework, if the command does not say how many.
pub const REQUESTS: u64 = 20_000;
/// How many clients send requests as fast as they get responses.
const CLIENTS: u64 = 4;
/// How many connections are open without a complete request.
const IDLE: usize = 2_000;
/// The load goes on until there are so many new policies, files with errors, states of the set and slow requests.
const ENOUGH: u64 = 5;
/// How often the idle connections and the memory are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// What takes longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Sends requests to each server under load, and prints a table. Returns whether everything passed.
///
/// # Errors
///
/// If a server does not start, or where `CI` is `true` and the system has no `/proc`.
pub fn run(fixtures: &[FixtureBinary], requests: u64) -> Result<bool, String> {
    if !Process::can_be_measured() {
        skip("the servers under load", "`/proc` is missing")?;
        return Ok(true);
    }
    println!("{}", Row::HEADER);
    let mut is_well = true;
    for fixture in fixtures {
        let checked = one(fixture, requests).and_then(|row| {
            println!("{row}");
            row.check()
        });
        if let Err(fault) = checked {
            println!("{} FAILED: {fault}", fixture.framework);
            is_well = false;
        }
    }
    Ok(is_well)
}

fn one(fixture: &FixtureBinary, requests: u64) -> Result<Row, String> {
    let start = Instant::now();
    let folder = tempfile::TempDir::with_prefix("cors-load-");
    let folder = folder.map_err(|error| format!("no folder for the policy: {error}"))?;
    let files = change::Files::new(folder.path())?;
    let mut server = fixture.start_with_origins(Some(&files.policy), &files.origins)?;
    let process = Process(server.process());
    let load = Load::new(server.port());
    let mut row = Row::new(fixture.framework);
    row.descriptors.start = clients::descriptors_without_clients(&load, &process)?;
    row.memory.start = process.memory()?;
    // Before the load: on a busy machine, the kernel can take minutes to give a process of several threads room for more file
    // descriptors. Until then the server accepts no connection.
    let idle = IdleConnections::new(&load, IDLE.min(process::descriptors_left()?))?;
    thread::scope(|scope| {
        for index in 0..CLIENTS {
            let load = &load;
            scope.spawn(move || load.ended(clients::fast(load, index)));
        }
        scope.spawn(|| load.ended(clients::slow(&load)));
        scope.spawn(|| load.ended(change::change(&load, &mut server, &files)));
        load.ended(measure(&load, idle, requests, &process, &mut row));
        load.done.store(true, Ordering::SeqCst);
    });
    if let Some(fault) = load.fault() {
        return Err(fault);
    }
    // All clients have closed their connections. The server notices it a moment later.
    let closed = Instant::now();
    loop {
        row.descriptors.left = process.descriptors()?;
        if row.descriptors.left <= row.descriptors.start || closed.elapsed() > LIMIT {
            break;
        }
        thread::yield_now();
    }
    row.memory.left = process.memory()?;
    row.counts = load.counts();
    row.time = start.elapsed();
    Ok(row)
}

/// Keeps idle connections open, and measures, until the load has done enough.
fn measure(
    load: &Load,
    mut idle: IdleConnections,
    requests: u64,
    process: &Process,
    row: &mut Row,
) -> Result<(), String> {
    let mut is_warm = false;
    while !load.is_done() {
        idle.keep(load)?;
        let counts = load.counts();
        if !is_warm && counts.requests >= requests / 2 {
            is_warm = true;
            row.memory.warm = process.memory()?;
        }
        if is_warm && counts.are_enough(requests) {
            row.memory.end = process.memory()?;
            row.descriptors.end = process.descriptors()?;
            row.idle = idle.len();
            row.reopened = idle.reopened;
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// What the threads have in common.
struct Load {
    port: u16,
    /// Responses to the fast clients, and requests of the slow ones that have ended.
    requests: AtomicU64,
    slow: AtomicU64,
    /// The last policy that is known to be active, and the last that may be.
    active: AtomicU64,
    begun: AtomicU64,
    /// Files with errors.
    wrong: AtomicU64,
    /// The same for the states of the set.
    seen: AtomicU64,
    written: AtomicU64,
    done: AtomicBool,
    fault: Mutex<Option<String>>,
}

impl Load {
    fn new(port: u16) -> Self {
        let [requests, slow, wrong] = array::from_fn(|_| AtomicU64::new(0));
        let [active, begun, seen, written] = array::from_fn(|_| AtomicU64::new(1));
        Self {
            port,
            requests,
            slow,
            active,
            begun,
            wrong,
            seen,
            written,
            done: AtomicBool::new(false),
            fault: Mutex::new(None),
        }
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let stream = stream.and_then(|stream| {
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_write_timeout(Some(LIMIT))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        stream.map_err(|error| format!("no connection: {error}"))
    }

    /// The oldest policy and set that the response to a request which is not sent yet can have.
    fn oldest(&self) -> Moment {
        Moment {
            policy: self.active.load(Ordering::SeqCst),
            set: self.seen.load(Ordering::SeqCst),
        }
    }

    /// Checks a response that has just come, and notes the state of the set that it shows.
    fn check(&self, asked: &Asked, response: &RawResponse, oldest: Moment) -> Result<(), String> {
        let newest = Moment {
            policy: self.begun.load(Ordering::SeqCst),
            set: self.written.load(Ordering::SeqCst),
        };
        if let Some(state) = asked.check(response, oldest, newest)? {
            self.seen.fetch_max(state, Ordering::SeqCst);
        }
        Ok(())
    }

    /// A thread has ended. The first fault stops all others.
    fn ended(&self, result: Result<(), String>) {
        if let Err(fault) = result {
            self.done.store(true, Ordering::SeqCst);
            if let Ok(mut first) = self.fault.lock() {
                first.get_or_insert(fault);
            }
        }
    }

    fn fault(&self) -> Option<String> {
        let mut fault = self.fault.lock().ok()?;
        fault.take()
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::SeqCst)
    }

    fn counts(&self) -> Counts {
        let count = |number: &AtomicU64| number.load(Ordering::SeqCst);
        Counts {
            requests: count(&self.requests),
            slow: count(&self.slow),
            policies: count(&self.active) - 1,
            wrong: count(&self.wrong),
            states: count(&self.seen) - 1,
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    requests: u64,
    slow: u64,
    /// Policies that replaced another one.
    policies: u64,
    /// Files with errors, which replaced nothing.
    wrong: u64,
    /// Changes of the set that a response has shown.
    states: u64,
}

impl Counts {
    fn are_enough(&self, requests: u64) -> bool {
        let others = [self.slow, self.policies, self.wrong, self.states];
        self.requests >= requests && others.iter().all(|count| *count >= ENOUGH)
    }
}

/// The result of a framework.
#[derive(Debug)]
struct Row {
    framework: Framework,
    counts: Counts,
    idle: usize,
    reopened: u64,
    memory: Memory,
    descriptors: Descriptors,
    time: Duration,
}

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    start: u64,
    /// After half of the requests.
    warm: u64,
    end: u64,
    /// When all connections are closed.
    left: u64,
}

/// Open file descriptors.
#[derive(Clone, Copy, Debug, Default)]
struct Descriptors {
    start: usize,
    end: usize,
    /// When all connections are closed.
    left: usize,
}

impl Memory {
    /// Whether it grew no more in the second half of the load than an allocator needs.
    fn is_flat(&self) -> bool {
        const SLACK: u64 = 8 * 1024;
        self.end <= self.warm + self.warm / 4 + SLACK
    }
}

impl Row {
    /// The columns. A row of them is [`fmt::Display`].
    const HEADER: &str = "\
framework  requests     slow  idle (reopened)  policies (wrong)  sets  MiB: before, half, end, closed  \
descriptors  seconds";

    fn new(framework: Framework) -> Self {
        Self {
            framework,
            counts: Counts::default(),
            idle: 0,
            reopened: 0,
            memory: Memory::default(),
            descriptors: Descriptors::default(),
            time: Duration::ZERO,
        }
    }

    fn check(&self) -> Result<(), String> {
        let Descriptors { start, left, .. } = self.descriptors;
        if !self.memory.is_flat() {
            return Err("the memory has grown in the second half of the load".to_owned());
        }
        match left <= start {
            true => Ok(()),
            false => Err(format!("file descriptors left: {}", left - start)),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let mebibytes = |kib: u64| format!("{}.{}", kib / 1024, kib % 1024 * 10 / 1024);
        let Memory {
            start,
            warm,
            end,
            left,
        } = self.memory;
        let memory = [start, warm, end, left].map(mebibytes).join(", ");
        let Descriptors { start, end, left } = self.descriptors;
        let idle = format!("{} ({})", self.idle, self.reopened);
        let policies = format!("{} ({})", counts.policies, counts.wrong);
        let descriptors = format!("{start}, {end}, {left}");
        write!(
            f,
            "{:<9}  {:>8}  {:>7}  {idle:>15}  {policies:>16}  {:>4}  {memory:>31}  {descriptors:>11}  {:>7}",
            self.framework,
            counts.requests,
            counts.slow,
            counts.states,
            self.time.as_secs(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limits: a quarter and 8 MiB more memory in the second half, and not one file descriptor.
    #[test]
    fn what_grows_fails() {
        #[track_caller]
        fn check(warm: u64, end: u64, left: usize, expected: Result<(), &str>) {
            let mut row = Row::new(Framework::Axum);
            row.memory.warm = warm * 1024;
            row.memory.end = end * 1024;
            row.descriptors.start = 9;
            row.descriptors.left = left;
            assert_eq!(row.check(), expected.map_err(str::to_owned));
        }
        let has_grown = Err("the memory has grown in the second half of the load");
        check(20, 20, 9, Ok(()));
        check(20, 33, 9, Ok(()));
        check(20, 34, 9, has_grown);
        check(40, 12, 8, Ok(()));
        check(20, 20, 10, Err("file descriptors left: 1"));
    }

    #[test]
    fn too_little_load_goes_on() {
        let enough = Counts {
            requests: 100,
            slow: ENOUGH,
            policies: ENOUGH,
            wrong: ENOUGH,
            states: ENOUGH,
        };
        let check = |change: fn(&mut Counts), expected| {
            let mut counts = enough;
            change(&mut counts);
            assert_eq!(counts.are_enough(100), expected, "{counts:?}");
        };
        check(|_| {}, true);
        check(|counts| counts.requests -= 1, false);
        check(|counts| counts.slow -= 1, false);
        check(|counts| counts.policies -= 1, false);
        check(|counts| counts.wrong -= 1, false);
        check(|counts| counts.states -= 1, false);
    }
}
