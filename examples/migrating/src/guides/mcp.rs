//! An MCP server.

// guide: begin
use axum::Router;
use cors_axum::{CorsRouter, Policy, WithCors as _};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

/// Your tools.
struct Tools;

impl ServerHandler for Tools {}

/// The server. `config` can be the default.
pub fn app(policy: Policy, config: StreamableHttpServerConfig) -> CorsRouter {
    let sessions = LocalSessionManager::default();
    let mcp = StreamableHttpService::new(|| Ok(Tools), sessions.into(), config);
    let app = Router::new().route_service("/mcp", mcp);
    app.with_cors(policy) // last: around everything
}
// guide: end
