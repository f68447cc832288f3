//! HAProxy.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use super::{Setup, socket};
use crate::program::{Running, tied};

/// The name of the section that the exported file takes its settings from, and that of the section that it has.
const SECTIONS: [&str; 2] = ["base", "cors"];

/// Starts HAProxy with three files: the section `defaults` without CORS, the exported file, and the frontend, which takes
/// its settings from the exported section. It has one thread, as the other gateways: with several, a request takes twice as
/// long if the connection to the server belongs to another thread, and that is chance.
pub(super) fn start(setup: Setup) -> io::Result<Running> {
    let folder = setup.folder.path();
    let [plain, exported_section] = SECTIONS;
    let before = folder.join("before.cfg");
    fs::write(
        &before,
        format!(
            "global
                nbthread 1
                maxconn 1000
                tune.bufsize 262144
                tune.http.maxhdr 256
            defaults {plain}
                mode http
                option http-no-delay
                timeout connect 20s
                timeout client 60s
                timeout server 60s\n"
        ),
    )?;
    let mut files = vec![before];
    let section = match &setup.exported {
        Some(exported) => {
            files.push(exported.join("cors.cfg"));
            exported_section
        }
        None => plain,
    };
    let after = folder.join("after.cfg");
    fs::write(
        &after,
        format!(
            "frontend clients from {section}
                bind fd@0
                default_backend application
            backend application from {plain}
                http-reuse always
                server application 127.0.0.1:{}\n",
            setup.port
        ),
    )?;
    files.push(after);

    // It prints nothing when it listens. So it gets a socket that listens already, as its standard input.
    let listener = UnixListener::bind(socket(folder))?;
    let command = |listener: UnixListener| {
        let mut command = tied(&setup.program);
        command.stdin(OwnedFd::from(listener));
        command.arg("-db");
        for file in &files {
            command.arg("-f").arg(file);
        }
        // The folder of the other exported files.
        command.env("CORS_DIR", setup.exported.as_deref().unwrap_or(folder));
        command
    };
    let checked = command(listener.try_clone()?).arg("-c").output()?;
    if !checked.status.success() {
        let printed = String::from_utf8_lossy(&checked.stderr).into_owned();
        return Err(io::Error::other(printed));
    }
    let mut command = command(listener);
    Running::start(command.stderr(Stdio::null()), setup.folder)
}
