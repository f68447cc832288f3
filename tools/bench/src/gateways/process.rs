//! The server that the gateways are in front of, and what Linux knows about the process of a gateway.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";

/// Responds to every request on a port that the system chooses, until this process ends. Less than the fixture servers, so
/// that there is more time for the gateway.
pub(super) fn serve() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || respond(stream));
        }
    });
    Ok(port)
}

/// Responds to the requests on a connection. None has a body.
fn respond(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut block = [0; 4 * 1024];
    let mut bytes = Vec::new();
    loop {
        let read = stream.read(&mut block)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(block.get(..read).unwrap_or_default());
        if bytes.ends_with(b"\r\n\r\n") {
            bytes.clear();
            stream.write_all(RESPONSE)?;
        }
    }
}

/// How long the threads of a process have had a processor, in nanoseconds. `/proc/PID/stat` has it in units of 10 ms.
pub(super) fn processor_time(process: u32) -> Result<u64, String> {
    let folder = format!("/proc/{process}/task");
    let failed = |error: io::Error| format!("{folder}: {error}");
    let mut time = 0;
    for thread in fs::read_dir(&folder).map_err(failed)? {
        let file = thread.map_err(failed)?.path().join("schedstat");
        let text = fs::read_to_string(&file).map_err(failed)?;
        let first = text.split(' ').next().and_then(|time| time.parse().ok());
        let first: u64 = first.ok_or_else(|| format!("{} has no time", file.display()))?;
        time += first;
    }
    Ok(time)
}

/// The resident memory of a process, in bytes.
pub(super) fn resident(process: u32) -> Result<u64, String> {
    let file = format!("/proc/{process}/status");
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let kibibytes = kibibytes.ok_or_else(|| format!("{file} has no memory"))?;
    Ok(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use cors_matrix::message::{Connection, RawRequest};

    use super::*;

    #[test]
    fn a_response() {
        let port = serve().unwrap();
        let request = RawRequest {
            method: "OPTIONS".to_owned(),
            target: "/".to_owned(),
            lines: Vec::new(),
            body: Vec::new(),
        };
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let mut connection = Connection::new(stream);
        for _ in 0..3 {
            let response = connection.exchange(&request).unwrap();
            assert_eq!(
                (response.status, response.pieces),
                (200, vec![b"hello".to_vec()])
            );
        }
    }

    #[test]
    fn this_process() {
        let process = std::process::id();
        let before = processor_time(process).unwrap();
        for number in 0..1_000_000 {
            black_box(number);
        }
        assert!(processor_time(process).unwrap() >= before);
        assert!(resident(process).unwrap() > 1024 * 1024);
        assert!(processor_time(0).is_err() && resident(0).is_err());
    }
}
