//! Envoy.

use std::fs;
use std::io;

use super::{Setup, socket};
use crate::program::{Running, tied};

/// The route of a virtual host without a policy.
const ROUTE: &str = "\
- match: { prefix: '' }
  route: { cluster: upstream, timeout: 0s }
";

/// The folder that the exported filter names.
const FOLDER: &str = "/etc/envoy";

/// Starts Envoy. The exported filter is the first of its HTTP filters. The exported routes, if there are any, are all
/// routes.
pub(super) fn start(setup: Setup) -> io::Result<Running> {
    let folder = setup.folder.path();
    let (mut filter, mut routes) = (String::new(), ROUTE.to_owned());
    if let Some(exported) = &setup.exported {
        filter = fs::read_to_string(exported.join("cors.filter.yaml"))?
            .replace(FOLDER, &exported.display().to_string());
        let file = exported.join("cors.routes.yaml");
        if file.exists() {
            let cluster = "cluster: upstream";
            routes =
                fs::read_to_string(file)?.replace(cluster, &format!("{cluster}\n    timeout: 0s"));
        }
    }
    let config = CONFIG
        .replace("{filter}", &indent(&filter, 10))
        .replace("{routes}", &indent(&routes, 14))
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
    command.arg(&file);
    let mut program = Running::start(&mut command, setup.folder)?;
    // It listens before it prints this.
    program.wait_for_error(|line| line.contains("starting main dispatch loop"))?;
    Ok(program)
}

fn indent(text: &str, columns: usize) -> String {
    let lines = text.lines();
    lines
        .map(|line| format!("{:columns$}{line}\n", ""))
        .collect()
}

const CONFIG: &str = "\
# For the long expressions of routes.
layered_runtime:
  layers:
  - name: expressions
    static_layer: { re2.max_program_size.error_level: 65536 }
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
{routes}          http_filters:
{filter}          - name: router
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
  clusters:
  - name: upstream
    type: STATIC
    connect_timeout: 20s
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {port} } } }
";
