//! Envoy.

use std::fs;
use std::io;

use super::{Setup, socket};
use crate::program::{Running, tied};

/// How far the entries of `http_filters` are indented.
const INDENT: &str = "          ";

/// Starts Envoy. The exported file is the first of its HTTP filters.
pub(super) fn start(setup: Setup) -> io::Result<Running> {
    let folder = setup.folder.path();
    let filter = match &setup.exported {
        Some(exported) => fs::read_to_string(exported.join("cors.filter.yaml"))?,
        None => String::new(),
    };
    let filter = filter.lines().map(|line| format!("{INDENT}{line}\n"));
    let config = CONFIG
        .replace("{filter}", &filter.collect::<String>())
        .replace("{socket}", &socket(folder).display().to_string())
        .replace("{port}", &setup.port.to_string());
    let file = folder.join("envoy.yaml");
    fs::write(&file, config)?;
    let mut command = tied(&setup.program);
    command.args([
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "-l",
        "info",
        "-c",
    ]);
    // The exported file names the Lua file.
    command
        .arg(&file)
        .current_dir(setup.exported.as_deref().unwrap_or(folder));
    let mut program = Running::start(&mut command, setup.folder)?;
    // It listens before it prints this.
    program.wait_for_error(|line| line.contains("starting main dispatch loop"))?;
    Ok(program)
}

const CONFIG: &str = "\
static_resources:
  listeners:
  - name: clients
    address: { pipe: { path: '{socket}' } }
    filter_chains:
    - filters:
      - name: http
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          codec_type: HTTP1
          http_protocol_options: { accept_http_10: true, allow_custom_methods: true }
          server_header_transformation: PASS_THROUGH
          # After the last response on a connection, Envoy waits this long for the client to close it.
          delayed_close_timeout: 0.001s
          stream_idle_timeout: 0s
          request_timeout: 0s
          max_request_headers_kb: 192
          upgrade_configs: [{ upgrade_type: websocket }]
          route_config:
            name: routes
            virtual_hosts:
            - name: application
              domains: ['*']
              routes:
              - match: { prefix: '' }
                route: { cluster: application, timeout: 0s }
          http_filters:
{filter}          - name: router
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
  clusters:
  - name: application
    type: STATIC
    connect_timeout: 20s
    load_assignment:
      cluster_name: application
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {port} } } }
";
