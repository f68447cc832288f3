-- Made by `cors export envoy` VERSION from cors.toml. Do not edit: export the policy again.
--
-- A Lua filter for Envoy. cors.filter.yaml is its entry in `http_filters`, where it must be the first one.
-- Envoy reads this file when it starts. With an error in it, Envoy does not start. Tested with Envoy 1.40.
-- The filter responds to preflights itself, and writes the fields of the policy on every other response, Envoy's own
-- ones included.
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
local PREFLIGHT_STATUS = "204"

-- The namespace of the dynamic metadata.
local METADATA = "cors"

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
      { "access-control-expose-headers", "x-request-id" },
      { "vary", "Origin" },
    },
    preflight = {
      { "access-control-allow-origin", echo = "origin" },
      { "access-control-allow-credentials", "true" },
      { "access-control-allow-methods", "PUT, DELETE" },
      { "access-control-allow-headers", "content-type, authorization" },
      { "access-control-max-age", "7200" },
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
    origins = {
      ["https://admin.example.com"] = 2,
      ["https://app.example.com"] = 2,
    },
    patterns = {
    },
  },
}

-- The paths of the routes, each with its part. The last part is for paths that servers read in several ways.
local routes = {
}

-- The hosts that requests may be for, as origins of a scheme without a default port; nil if the host does not matter.
local hosts = nil

