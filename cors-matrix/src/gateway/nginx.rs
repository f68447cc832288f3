//! nginx.

use std::fs;
use std::io;

use super::{Setup, socket};
use crate::program::{Running, tied};

/// Starts nginx. The exported files are included where their first lines say.
pub(super) fn start(setup: Setup) -> io::Result<Running> {
    let folder = setup.folder.path().display();
    let include = |file: &str| match &setup.exported {
        Some(exported) => format!("include {}/{file};", exported.display()),
        None => String::new(),
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    // One process: our `kill` stops it, and it does not change its user.
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr notice;
        events {{}}
        http {{
            access_log off;
            default_type '';
            {temporary}
            keepalive_requests 1000000;
            client_max_body_size 10m;
            large_client_header_buffers 4 128k;
            upstream application {{ server 127.0.0.1:{port}; keepalive 8; }}
            map $http_upgrade $connection_to_application {{ default upgrade; '' ''; }}
            {http}
            {sets}
            server {{
                listen unix:{socket};
                {server}
                {headers}
                location / {{
                    proxy_pass http://application;
                    proxy_http_version 1.1;
                    proxy_set_header Host $http_host;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $connection_to_application;
                    proxy_buffering off;
                }}
            }}
        }}\n",
        port = setup.port,
        http = include("cors.http.conf"),
        // No file, if the policy has no sets.
        sets = include("cors.set*.conf"),
        socket = socket(setup.folder.path()).display(),
        server = include("cors.server.conf"),
        headers = include("cors.headers.conf"),
    );
    let file = setup.folder.path().join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = tied(&setup.program);
    command
        .args(["-e", "stderr", "-p"])
        .arg(setup.folder.path());
    let mut program = Running::start(command.arg("-c").arg(&file), setup.folder)?;
    // It prints its version when it listens.
    program.wait_for_error(|line| line.contains("[notice]") && line.contains(": nginx/"))?;
    Ok(program)
}
