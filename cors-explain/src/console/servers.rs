//! What servers, frameworks and their CORS libraries answer or log themselves.

use super::template::{Role, Template};
use crate::failure_code::FailureCode as F;

/// The texts, each with the program that writes it and with what it does not allow.
#[rustfmt::skip] // One row, one line, or as few as it takes.
pub(super) const ANSWERS: &[Template] = &[
    // CORS libraries.
    refuses("Invalid CORS request{server=Spring}{refused=request}"),
    refuses("Reject: '{origin}' origin is not allowed{server=Spring}{refused=origin}"),
    refuses("Reject: HTTP '{method}' is not allowed{server=Spring}{refused=method}"),
    refuses("Reject: headers '{ignored}' are not allowed{server=Spring}{refused=header}"),
    refuses("When allowCredentials is true, allowedOrigins cannot contain the special value \
             '*'{server=Spring}{refused=settings}"),
    refuses("Invalid CORS request; Origin [{origin}] Method [{method}]{server=Tomcat}{refused=request}"),
    refuses("Invalid CORS request;Origin=Some({origin});Method={method};{server=Play}{refused=request}"),
    refuses("CORS Rejected - Invalid origin{server=Vert.x}{refused=origin}"),
    refuses("Disallowed CORS origin{server=Starlette}{refused=origin}"),
    refuses("Disallowed CORS method{server=Starlette}{refused=method}"),
    refuses("Disallowed CORS headers{server=Starlette}{refused=header}"),
    refuses("Preflight aborted: origin '{origin}' not allowed{server=rs/cors}{refused=origin}"),
    refuses("Preflight aborted: method '{method}' not allowed{server=rs/cors}{refused=method}"),
    refuses("Preflight aborted: headers '{ignored}' not allowed{server=rs/cors}{refused=header}"),
    refuses("Actual request no headers added: origin '{origin}' not allowed{server=rs/cors}{refused=origin}"),
    refuses("Origin is not allowed to make this request{server=actix-cors}{refused=origin}"),
    refuses("Requested method is not allowed{server=actix-cors}{refused=method}"),
    refuses("One or more request headers are not allowed{server=actix-cors}{refused=header}"),
    refuses("One or more headers requested are not allowed{server=actix-cors}{refused=header}"),
    refuses("Request header 'Access-Control-Request-Method' is required but is \
             missing{server=actix-cors}{refused=preflight}"),
    refuses("CORS request forbidden: origin not allowed{server=warp}{refused=origin}"),
    refuses("CORS request forbidden: request-method not allowed{server=warp}{refused=method}"),
    refuses("CORS request forbidden: header not allowed{server=warp}{refused=header}"),
    refuses("request-origin not allowed{server=poem}{refused=origin}"),
    refuses("request-method not allowed{server=poem}{refused=method}"),
    refuses("request-headers not allowed{server=poem}{refused=header}"),
    refuses("Origin '{origin}' is not allowed to request{server=rocket_cors}{refused=origin}"),
    refuses("Method '{method}' is not allowed{server=rocket_cors}{refused=method}"),
    refuses("Credentials are allowed, but the Origin is set to '*'{server=rocket_cors}{refused=settings}"),
    refuses("Invalid CORS configuration: Cannot combine 'Access-Control-Allow-Credentials: true' \
             with{server=tower-http}{refused=settings}"),
    refuses("bad origin: origins must contain '*' or include{server=gin-contrib/cors}{refused=settings}"),
    refuses("conflict settings: all origins{server=gin-contrib/cors}{refused=settings}"),
    refuses("Not allowed by CORS{server=Express}{refused=origin}"),
    refuses("Invalid Preflight Request{server=@fastify/cors}{refused=preflight}"),
    refuses("Request origin {origin} does not have permission to access the \
             resource{server=ASP.NET Core}{refused=origin}"),
    refuses("Request method {method} not allowed in CORS policy{server=ASP.NET Core}{refused=method}"),
    refuses("Request header '{header}' not allowed in CORS policy{server=ASP.NET Core}{refused=header}"),
    refuses("CORS policy execution failed{server=ASP.NET Core}{refused=request}"),
    refuses("No CORS policy found for the specified request{server=ASP.NET Core}{refused=settings}"),
    refuses("X-Rack-CORS: miss; no-origin{server=rack-cors}{refused=origin}"),
    // Storage.
    refuses("CORS Response: CORS is not enabled for this bucket{server=S3}{refused=settings}"),
    refuses("CORS Response: This CORS request is not allowed{server=S3}{refused=request}"),
    refuses("CORS Response: Bucket not found{server=S3}{refused=settings}"),
    refuses("CORS not enabled or no matching rule found for this request{server=Azure Storage}{refused=request}"),
    // MCP.
    refuses("Forbidden: Origin header is not allowed{server=rmcp}{refused=origin}"),
    refuses("Forbidden: Host header is not allowed{server=rmcp}{refused=host}"),
    refuses("Invalid Origin header{server=an MCP server}{refused=origin}"),
    refuses("Invalid Host header{server=webpack-dev-server or an MCP server}{refused=host}"),
    refuses("Invalid origin. Request blocked to prevent DNS rebinding attacks{server=MCP Inspector}{refused=origin}"),
    // Development servers.
    refuses("Invalid Host/Origin header{server=webpack-dev-server}{refused=host}"),
    refuses("Blocked request. This host ({ignored}) is not allowed{server=Vite}{refused=host}"),
    refuses("Blocked cross-origin request from {ignored} to /_next/{server=Next.js}{refused=origin}"),
    refuses("Blocked cross-origin request to Next.js dev resource{server=Next.js}{refused=origin}"),
    refuses("Cross origin request detected from {ignored} to /_next/{server=Next.js}{refused=origin}"),
    refuses("invalid host specified{server=go-ethereum}{refused=host}"),
    // Protection against CSRF.
    refuses("does not match 'origin' header with value '{ignored}' from a forwarded Server Actions \
             request{server=Next.js}{refused=host}"),
    refuses("This operation has been blocked as a potential Cross-Site Request Forgery (CSRF)\
             {server=Apollo Server}{refused=form}"),
    refuses("Origin checking failed - {origin} does not match any trusted origins{server=Django}{refused=origin}"),
    refuses("HTTP Origin header ({origin}) didn't match request.base_url{server=Rails}{refused=host}"),
    refuses("Cross-site {method} form submissions are forbidden{server=SvelteKit or Astro}{refused=form}"),
    refuses("cross-origin request detected from Sec-Fetch-Site header{server=Go}{refused=form}"),
    refuses("cross-origin request detected, and/or browser is out of date{server=Go}{refused=form}"),
    refuses("Blocking Cross Origin API request for {ignored}. Origin: {origin}, Host:{server=Jupyter}{refused=origin}"),
    // WebSockets.
    closed("request origin not allowed by Upgrader.CheckOrigin{server=gorilla/websocket}{refused=origin}"),
    closed("request Origin '{ignored}' is not authorized for Host{server=coder/websocket}{refused=origin}"),
    closed("Cross origin websockets not allowed{server=Tornado}{refused=origin}"),
    closed("Blocking Cross Origin WebSocket Attempt{server=Jupyter}{refused=origin}"),
    closed("Request origin not allowed: {origin}{server=Action Cable}{refused=origin}"),
    closed("Could not check origin for Phoenix.Socket transport. Origin of the request: \
            {origin}{server=Phoenix}{refused=origin}"),
    closed("is not an accepted origin{server=python-socketio}{refused=origin}"),
    closed("Not an accepted origin{server=python-socketio}{refused=origin}"),
];

/// Where each of them is told what to allow.
#[rustfmt::skip] // One row, one line, or as few as it takes.
const SETTINGS: &[(&str, &str)] = &[
    ("@fastify/cors", "`strictPreflight`, and at what sends `OPTIONS` without `Access-Control-Request-Method`"),
    ("ASP.NET Core", "`AddCors` and `UseCors`: the policy's `WithOrigins`, `WithMethods` and `WithHeaders`"),
    ("Action Cable", "`config.action_cable.allowed_request_origins`"),
    ("Apollo Server", "the client: it has to send `content-type: application/json` or `apollo-require-preflight`"),
    ("Azure Storage", "the CORS rules of the storage account's service"),
    ("Django", "`CSRF_TRUSTED_ORIGINS`, and behind a proxy at `SECURE_PROXY_SSL_HEADER`"),
    ("Express", "the function `origin` of the package `cors`, which should answer `false` instead of an error"),
    ("Go", "`CrossOriginProtection`: `AddTrustedOrigin`"),
    ("Jupyter", "`ServerApp.allow_origin`"),
    ("MCP Inspector", "the environment variable `ALLOWED_ORIGINS`"),
    ("Next.js", "`allowedDevOrigins` and `serverActions.allowedOrigins` in `next.config`, and at the `Host` that a \
                 proxy forwards"),
    ("Phoenix", "`check_origin` and `url` of the endpoint"),
    ("Play", "`play.filters.cors`"),
    ("Rails", "the proxy, which has to forward `Host` and `X-Forwarded-Proto`"),
    ("S3", "the CORS rules of the bucket: `AllowedOrigins`, `AllowedMethods` and `AllowedHeaders`"),
    ("Spring", "its `CorsConfiguration`: `allowedOrigins` or `allowedOriginPatterns`, `allowedMethods` and \
                `allowedHeaders`"),
    ("Starlette", "`CORSMiddleware`: `allow_origins`, `allow_methods` and `allow_headers` (FastAPI uses it, too)"),
    ("SvelteKit or Astro", "`csrf.trustedOrigins` (SvelteKit) or `security.checkOrigin` (Astro), and at the origin that a \
                            proxy forwards"),
    ("Tomcat", "the parameters `cors.allowed.*` of its `CorsFilter`"),
    ("Tornado", "`check_origin` of the handler"),
    ("Vert.x", "its `CorsHandler`"),
    ("Vite", "`server.allowedHosts`"),
    ("actix-cors", "its `Cors`: `allowed_origin`, `allowed_methods` and `allowed_headers`"),
    ("an MCP server", "its list of allowed origins (DNS rebinding protection)"),
    ("coder/websocket", "`AcceptOptions.OriginPatterns`"),
    ("gin-contrib/cors", "`AllowOrigins` and `AllowAllOrigins`"),
    ("go-ethereum", "`--http.vhosts`"),
    ("gorilla/websocket", "`Upgrader.CheckOrigin`"),
    ("poem", "its `Cors`: `allow_origin`, `allow_methods` and `allow_headers`"),
    ("python-socketio", "`cors_allowed_origins`"),
    ("rack-cors", "`origins` and `resource` of `Rack::Cors`"),
    ("rmcp", "`allowed_origins` and `allowed_hosts` of the streamable HTTP server"),
    ("rocket_cors", "`CorsOptions`: `allowed_origins`, `allowed_methods` and `allow_credentials`"),
    ("rs/cors", "`cors.Options`: `AllowedOrigins`, `AllowedMethods` and `AllowedHeaders`"),
    ("tower-http", "`CorsLayer`: with `allow_credentials(true)`, list values instead of `Any`"),
    ("warp", "`warp::cors()`: `allow_origin`, `allow_methods` and `allow_headers`"),
    ("webpack-dev-server", "`devServer.allowedHosts`"),
    ("webpack-dev-server or an MCP server", "`devServer.allowedHosts`, or the list of allowed hosts (DNS rebinding \
                                             protection)"),
];

/// What a server says, in a sentence, and where its settings are.
pub(super) fn says(server: &str, refused: &str) -> Option<String> {
    let (server, setting) = SETTINGS.iter().find(|(name, _)| *name == server)?;
    let what = match refused {
        "origin" => "it does not allow the page's origin",
        "method" => "it does not allow the method that the preflight asks for",
        "header" => "it does not allow a header that the preflight asks for",
        "host" => "it does not know the name in `Host`, or the page's origin has another name",
        "form" => {
            "its protection against CSRF refuses what a page of another site could send without a preflight"
        }
        "preflight" => "it does not accept the request as a preflight",
        "settings" => "its own settings do not allow this, or contradict each other",
        _ => "it does not allow the origin, the method or a header of the request",
    };
    Some(format!("{server}: {what}. Look at {setting}."))
}

const fn refuses(text: &'static str) -> Template {
    Template {
        engine: None,
        role: Role::Names(F::ServerRefused),
        text,
    }
}

const fn closed(text: &'static str) -> Template {
    Template {
        engine: None,
        role: Role::Names(F::WebSocketNotOpen),
        text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::console::text::Compact;

    #[test]
    fn every_server_has_settings_in_order() {
        let mut named = BTreeSet::new();
        for template in ANSWERS {
            let (text, _) = template.text.split_once("{server=").unwrap();
            assert!(!text.is_empty());
            let server = template.text.split(['=', '}']);
            let server: Vec<_> = server.collect();
            let implied = server.iter().rposition(|piece| piece.ends_with("{server"));
            named.insert(server[implied.unwrap() + 1]);
        }
        let listed: Vec<_> = SETTINGS.iter().map(|(server, _)| *server).collect();
        assert_eq!(listed, Vec::from_iter(named));
    }

    #[test]
    fn no_answer_is_a_message_of_a_browser() {
        for template in ANSWERS {
            let (text, _) = template.text.split_once("{server=").unwrap();
            let found = crate::console::read::matches(&Compact::new(text));
            let is_browser =
                |found: &crate::console::template::Match| found.template.engine.is_some();
            assert!(!found.iter().any(is_browser), "{text}");
        }
    }
}
