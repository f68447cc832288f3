-- Made by `cors export envoy` VERSION from api\n.toml. Do not edit: export the policy again.
-- Made from variables: APP_ORIGINS
--
-- A Lua filter for Envoy. api.filter.yaml is its entry in `http_filters`, where it must be the first one.
-- Envoy reads this file when it starts. With an error in it, Envoy does not start. Tested with Envoy 1.40.
-- The filter responds to preflights itself, and writes the fields of the policy on every other response, Envoy's own
-- ones included.
--
-- The paths are those before a route rewrites them. Where `normalize_path`, `merge_slashes` or
-- `path_with_escaped_slashes_action` of the connection manager changes a path, they are the changed ones.
--
-- Where Envoy differs from the libraries:
-- - requests with a method that Envoy does not know: browsers send them if a script asks for it:
--   Envoy responds with 400 itself, to `QUERY` always, to others without `http_protocol_options: { allow_custom_methods: true }`.
-- - an `Upgrade` that `Connection` does not name:
--   Envoy removes it, so no WebSocket is opened and no policy refuses one.
-- - two lines of `Origin`, of which one is empty:
--   Envoy drops the empty line, so the other one decides.
-- - several lines of `Access-Control-Request-Method` or `Access-Control-Request-Headers`:
--   where the policy echoes them, Envoy sends one line, joined by commas.
-- - requests to which the upstream responds with several lines of `Vary`:
--   Envoy joins the lines without a space after the comma.
-- - requests that Envoy refuses before a filter sees them: 400, 431, 501, and 404 for `OPTIONS *`:
--   the response has no grant.

-- The status of the response to a preflight with a grant.
local PREFLIGHT_STATUS = "200"

-- The namespace of the dynamic metadata.
local METADATA = "api"

-- The outcome of a request that the filter has not seen: a number of the next table.
local DEFAULT_OUTCOME = 1

-- What goes on the responses to a request. `actual` are the fields of an actual response, `preflight` those of the
-- response to a preflight. A field with `echo` has the value of that request header.
-- `is_listed`: the grant is for listed origins. `allows_credentials`: the grant is one with credentials.
local outcomes = {
  -- 1: no grant
  {
    is_granted = false, is_listed = false, allows_credentials = false,
    actual = {
      { "vary", "Origin" },
    },
    preflight = {
      { "vary", "Origin" },
    },
  },
  -- 2: grant[0]
  {
    is_granted = true, is_listed = true, allows_credentials = true,
    actual = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-credentials", "true" },
      { "access-control-expose-headers", "x-request-id, x-$%'`" },
      { "timing-allow-origin", echo = "origin" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-credentials", "true" },
      { "access-control-allow-methods", echo = "access-control-request-method" },
      { "access-control-allow-headers", echo = "access-control-request-headers" },
      { "access-control-max-age", "86400" },
      { "vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" },
    },
  },
  -- 3: grant[1]
  {
    is_granted = true, is_listed = true, allows_credentials = false,
    actual = {
      { "access-control-allow-origin", echo = "origin" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-methods", "PATCH, x!#$%&'*+-.^_`|~" },
      { "access-control-max-age", "0" },
      { "vary", "Origin" },
    },
  },
  -- 4: grant[2], route[2].grant[0], route[3].grant[0], route[4].grant[0]
  {
    is_granted = true, is_listed = true, allows_credentials = false,
    actual = {
      { "access-control-allow-origin", echo = "origin" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-max-age", "86400" },
      { "vary", "Origin" },
    },
  },
  -- 5: no grant
  {
    is_granted = false, is_listed = false, allows_credentials = false,
    actual = {
      { "access-control-allow-origin", "*" },
    },
    preflight = {
    },
  },
  -- 6: route[0].grant[0]
  {
    is_granted = true, is_listed = false, allows_credentials = false,
    actual = {
      { "access-control-allow-origin", "*" },
    },
    preflight = {
      { "access-control-allow-origin", "*" },
      { "access-control-max-age", "86400" },
    },
  },
  -- 7: route[1].grant[0], route[5].grant[0]
  {
    is_granted = true, is_listed = true, allows_credentials = true,
    actual = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-credentials", "true" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-credentials", "true" },
      { "access-control-max-age", "86400" },
      { "vary", "Origin" },
    },
  },
  -- 8: route[5].grant[1]
  {
    is_granted = true, is_listed = false, allows_credentials = false,
    actual = {
      { "access-control-allow-origin", "*" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", "*" },
      { "access-control-max-age", "86400" },
      { "vary", "Origin" },
    },
  },
}

-- The parts of the policy: what is at the top, then each route. `origins` and `patterns` have the outcomes of origins;
-- the first pattern that matches decides. Other origins have the outcome `unmatched`.
local parts = {
  -- 1: every path
  {
    unmatched = 1,
    refuse = { cross_site_writes = true },
    origins = {
      ["https://app.example.com"] = 2,
      ["null"] = 3,
    },
    patterns = {
      { "http://localhost:*", 2 },
      { "https://*.example.com:*", 2 },
      { "http://[::1]:*", 3 },
      { "https://*-team.example.net:8443", 3 },
      { "https://*.example.org", 3 },
      { "https://pr-*.example.net", 3 },
      { "moz-extension://*", 4 },
    },
  },
  -- 2: /public
  {
    unmatched = 5,
    origins = {
    },
    patterns = {
      { "*", 6 },
    },
  },
  -- 3: /realms/{realm}
  {
    unmatched = 1,
    refuse = { websocket = true, unlisted_origins = true },
    origins = {
      ["https://admin.example.com"] = 7,
    },
    patterns = {
    },
  },
  -- 4: /realms/Main/x
  {
    unmatched = 1,
    refuse = { websocket = true, cross_site_writes = true, unlisted_origins = true },
    origins = {
      ["https://main.example.com"] = 4,
    },
    patterns = {
      { "https://*.main.example.com", 4 },
    },
  },
  -- 5: /ws
  {
    unmatched = 1,
    refuse = { websocket = true },
    origins = {
      ["https://admin.example.com"] = 4,
    },
    patterns = {
    },
  },
  -- 6: /it's
  {
    unmatched = 1,
    refuse = { cross_site_writes = true },
    origins = {
      ["https://app.example.com"] = 4,
    },
    patterns = {
    },
  },
  -- 7: /{a}/x
  {
    unmatched = 1,
    refuse = { cross_site_writes = true },
    origins = {
      ["https://x.example.com"] = 7,
    },
    patterns = {
      { "*", 8 },
    },
  },
  -- 8: paths that are not in normal form
  {
    unmatched = 1,
    refuse = { websocket = true, cross_site_writes = true, unlisted_origins = true },
    origins = {
    },
    patterns = {
    },
  },
}

-- The paths of the routes, each with its part. The last part is for paths that servers read in several ways.
local routes = {
  { path = "/public", part = 2 },
  { path = "/realms/{realm}", part = 3 },
  { path = "/realms/Main/x", part = 4 },
  { path = "/ws", part = 5 },
  { path = "/it's", part = 6 },
  { path = "/{a}/x", part = 7 },
}

-- The hosts that requests may be for, as origins of a scheme without a default port; nil if the host does not matter.
local hosts = {
  origins = {
    ["host://api.example.com"] = 1,
    ["host://api.example.com:443"] = 1,
    ["host://api.example.com:80"] = 1,
  },
  patterns = {
    { "host://*.hosts.example:8443", 1 },
    { "host://localhost:*", 1 },
  },
}

