//! The section "Gateways" of the page.

use std::fmt::Write as _;

use super::{COUNTS, Costs, Export, Measured, PREFLIGHT, REQUESTS, STARTS, Start, TURNS};
use crate::page::GATEWAYS;
use crate::report::{processor, thousands};

/// The section of the page.
pub(crate) fn section(measured: &Measured) -> String {
    let mut text = format!(
        "{GATEWAYS}\n\
         A policy of exact origins in a gateway, as `cors export` writes it. Measured by `cargo xtask bench --gateways` on {}.\n",
        processor()
    );
    exports(&mut text, &measured.exports);
    starts(&mut text, &measured.gateways);
    requests(&mut text, &measured.gateways);
    let _ = write!(
        text,
        "\nHow this is measured:\n\n\
         - **The policies** have credentials, four methods, two request headers and one exposed header. The allowed origin is in \
         the middle of the list.\n\
         - **The gateways** run with the configuration of the matrix, without an access log, and with one worker: one process of \
         nginx, one thread of HAProxy and of Envoy, which has the Lua filter. The server that they forward to responds with `hello` to every \
         request. Two gateways without CORS and those with a policy run at the same time and take turns. The column \"again\" is \
         the second one without CORS: so far from 1.00 is chance.\n\
         - **`cors export`** is a release build. Its time is from the start of the process to its end, the median of {STARTS}.\n\
         - **The start** is from the start of the process to the first response, the median of {STARTS}. The memory is what is \
         resident after all requests (`VmRSS`).\n\
         - **The processor time of a request** is that of all threads of the gateway, in user mode and in the kernel \
         (`/proc/PID/task/TID/schedstat`). One client sends {requests} requests of each kind on one connection, in {TURNS} turns, and \
         checks each response. Of the turns, the one counts that is slower than a tenth of them: in the slower ones, other programs \
         used the machine more.\n\
         - **nginx from a Python wheel** is statically linked, without the allocator of glibc. With some configurations, and also without CORS, it asks \
         the kernel for memory in each request (`mmap`), with others it does not. That is a third of the time of a request, so \
         its ratios compare that, too.\n\
         - **A preflight** is compared with a `GET` without `Origin`. The gateway responds to it, and forwards nothing.\n",
        requests = thousands((TURNS * REQUESTS) as i64),
    );
    text
}

/// Writes the head of a table that has a column for each policy after these.
fn head(text: &mut String, columns: &[&str], is_text: usize) {
    let policies = COUNTS.map(|count| match count {
        1 => "1 origin".to_owned(),
        count => format!("{} origins", thousands(count as i64)),
    });
    let columns = columns.iter().copied();
    let columns: Vec<_> = columns.chain(policies.iter().map(String::as_str)).collect();
    let _ = writeln!(text, "\n| {} |", columns.join(" | "));
    let numbers = columns.len() - is_text;
    let _ = writeln!(
        text,
        "|{}{}",
        "---|".repeat(is_text),
        "--:|".repeat(numbers)
    );
}

fn exports(text: &mut String, exports: &[(cors_matrix::column::Gateway, Vec<Export>)]) {
    text.push_str(
        "\n`cors export`: its time, and the bytes of all files. The goal: at most 2 s.\n",
    );
    head(text, &["gateway"], 1);
    for (gateway, exports) in exports {
        let _ = write!(text, "| {gateway} |");
        for Export { seconds, bytes } in exports {
            let mark = if *seconds > 2.0 { " **over**" } else { "" };
            let bytes = thousands(*bytes as i64);
            let _ = write!(text, " {seconds:.2} s{mark}, {bytes} |");
        }
        text.push('\n');
    }
}

fn starts(text: &mut String, gateways: &[Costs]) {
    text.push_str("\nThe time to the first response after a start, and the memory:\n");
    head(text, &["gateway", "without CORS", "again"], 1);
    for Costs {
        version, starts, ..
    } in gateways
    {
        let _ = write!(text, "| {version} |");
        for Start { seconds, bytes } in starts {
            let mebibytes = *bytes as f64 / (1024.0 * 1024.0);
            let _ = write!(text, " {seconds:.2} s, {mebibytes:.0} MiB |");
        }
        text.push('\n');
    }
}

fn requests(text: &mut String, gateways: &[Costs]) {
    text.push_str(
        "\nThe processor time of a request, as a ratio to the same gateway without CORS:\n",
    );
    head(text, &["gateway", "request", "again"], 2);
    for Costs {
        version, ratios, ..
    } in gateways
    {
        for (case, ratios) in ratios {
            let mark = if *case == PREFLIGHT { "\\*" } else { "" };
            let _ = write!(text, "| {version} | {case}{mark} |");
            for ratio in ratios {
                let _ = write!(text, " {ratio:.2} |");
            }
            text.push('\n');
        }
    }
    text.push_str("\n\\* As a ratio to a `GET`.\n");
}

#[cfg(test)]
mod tests {
    use cors_matrix::column::{Gateway, GatewayVersion};

    use super::*;

    #[test]
    fn tables() {
        let version = GatewayVersion {
            gateway: Gateway::Nginx,
            version: "1.22".parse().unwrap(),
        };
        let start = |seconds, bytes| Start { seconds, bytes };
        let measured = Measured {
            exports: vec![(
                Gateway::Nginx,
                [(0.014, 5_000), (0.5, 45_000), (2.5, 4_000_000)]
                    .map(|(seconds, bytes)| Export { seconds, bytes })
                    .to_vec(),
            )],
            gateways: vec![Costs {
                version,
                starts: vec![
                    start(0.02, 3 << 20),
                    start(0.02, 3 << 20),
                    start(0.03, 3 << 20),
                    start(0.03, 4 << 20),
                    start(0.25, 22 << 20),
                ],
                ratios: vec![
                    ("GET allowed", vec![0.99, 1.046, 1.1, 1.2]),
                    ("preflight allowed", vec![1.01, 0.5, 0.5, 0.51]),
                ],
            }],
        };
        let text = section(&measured);
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            rows,
            [
                "| gateway | 1 origin | 1,000 origins | 100,000 origins |",
                "|---|--:|--:|--:|",
                "| nginx | 0.01 s, 5,000 | 0.50 s, 45,000 | 2.50 s **over**, 4,000,000 |",
                "| gateway | without CORS | again | 1 origin | 1,000 origins | 100,000 origins |",
                "|---|--:|--:|--:|--:|--:|",
                "| nginx 1.22 | 0.02 s, 3 MiB | 0.02 s, 3 MiB | 0.03 s, 3 MiB | 0.03 s, 4 MiB | 0.25 s, 22 MiB |",
                "| gateway | request | again | 1 origin | 1,000 origins | 100,000 origins |",
                "|---|---|--:|--:|--:|--:|",
                "| nginx 1.22 | GET allowed | 0.99 | 1.05 | 1.10 | 1.20 |",
                "| nginx 1.22 | preflight allowed\\* | 1.01 | 0.50 | 0.50 | 0.51 |",
            ]
        );
    }
}
