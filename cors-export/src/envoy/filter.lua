-- The rest is the same for every policy.
--
-- Nothing here changes after the start. What is known about a request is in its dynamic metadata, under METADATA.
-- No pattern of a string reads a text again and again, so the time for a header grows with its length only.

-- The longest scheme, label, host and origin, in bytes.
local MAX_SCHEME, MAX_LABEL, MAX_HOST, MAX_ORIGIN = 64, 63, 254, 327

-- The default ports, which browsers leave out: https://url.spec.whatwg.org/#default-port
local DEFAULT_PORTS = { http = 80, ws = 80, https = 443, wss = 443, ftp = 21 }

-- In the place of an outcome: the filter itself has sent the response.
local ANSWERED = 0

-- What only this policy writes on an actual response.
local OWNED = {
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
}

------------------------------------------------------------------------------------------------------------------------
-- Origins
------------------------------------------------------------------------------------------------------------------------

-- Whether a text is one label or more, with dots between them.
local function are_labels(text)
  if text == "" or text:find("[^a-z0-9_.-]") then return false end
  if text:sub(1, 1) == "." or text:sub(-1) == "." or text:find("..", 1, true) then return false end
  for label in text:gmatch("[^.]+") do
    if #label > MAX_LABEL then return false end
  end
  return true
end

-- A domain has 253 bytes, and the dot at its end is one more.
local function is_too_long(host)
  return #host > MAX_HOST or #host == MAX_HOST and host:sub(-1) ~= "."
end

-- Whether a text is four numbers from 0 to 255 without leading zeros.
local function is_ipv4(host)
  local numbers = { host:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, number in ipairs(numbers) do
    local has_leading_zero = number ~= "0" and number:sub(1, 1) == "0"
    if #number > 3 or tonumber(number) > 255 or has_leading_zero then return false end
  end
  return #numbers == 4
end

-- The groups of one side of a `::`, and the length of the longest run of zeros among them. Nothing if a group is not in
-- its canonical form.
local function ipv6_groups(text)
  local count, run, longest = 0, 0, 0
  if text == "" then return count, longest end
  for group in (text .. ":"):gmatch("([^:]*):") do
    if not group:find("^%x+$") or #group > 4 or group ~= "0" and group:sub(1, 1) == "0" then return nil end
    count = count + 1
    run = group == "0" and run + 1 or 0
    longest = math.max(longest, run)
  end
  return count, longest
end

-- Whether a text is an IPv6 address as browsers write it: https://url.spec.whatwg.org/#concept-ipv6-serializer
local function is_ipv6(text)
  if #text > 39 or text:find("[^0-9a-f:]") then return false end
  local gap = text:find("::", 1, true)
  if not gap then
    local count, zeros = ipv6_groups(text)
    return count == 8 and zeros < 2
  end
  local before, after = text:sub(1, gap - 1), text:sub(gap + 2)
  local count_before, zeros_before = ipv6_groups(before)
  local count_after, zeros_after = ipv6_groups(after)
  if not count_before or not count_after then return false end
  -- `::` is for all of the first longest run of zeros, and not for a single one.
  local gap_length = 8 - count_before - count_after
  return gap_length >= 2
    and not before:find("^0$") and not before:find(":0$")
    and not after:find("^0$") and not after:find("^0:")
    and zeros_before < gap_length and zeros_after <= gap_length
end

-- Whether a text is a host as browsers write it: a domain, an IPv4 address, or an IPv6 address in brackets.
local function is_host(host)
  if is_too_long(host) then return false end
  if host:sub(1, 1) == "[" then
    return host:sub(-1) == "]" and is_ipv6(host:sub(2, -2))
  end
  local domain = host:sub(-1) == "." and host:sub(1, -2) or host
  if not are_labels(domain) then return false end
  -- https://url.spec.whatwg.org/#ends-in-a-number-checker
  local last = domain:match("[^.]*$")
  if last:find("^%d+$") or last:find("^0x%x*$") then return is_ipv4(host) end
  return true
end

-- The scheme, host and port of an origin. The port is "" if it has none. The scheme and the host are not checked yet.
-- Nothing if it has no scheme or host, or a port that browsers do not send.
local function split_origin(origin)
  local colon = origin:find("://", 1, true)
  if not colon then return nil end
  local scheme, host, port = origin:sub(1, colon - 1), origin:sub(colon + 3), ""
  -- An IPv6 address has colons of its own.
  local port_at = host:find(":%d*$")
  if port_at then
    host, port = host:sub(1, port_at - 1), host:sub(port_at + 1)
    if not port:find("^[1-9]%d*$") or #port > 5 then return nil end
    if tonumber(port) > 65535 or tonumber(port) == DEFAULT_PORTS[scheme] then return nil end
  end
  return scheme, host, port
end

-- Whether a text is an origin as browsers send it, or `null`: https://fetch.spec.whatwg.org/#origin-header
local function is_origin(text)
  if text == "null" then return true end
  local scheme, host = split_origin(text)
  return scheme ~= nil
    and #scheme <= MAX_SCHEME and scheme:find("^[a-z][a-z0-9+.-]*$") ~= nil and scheme ~= "file"
    and is_host(host)
end

-- Whether a label is `before`, one or more of `a-z`, `0-9` and `-`, and `after`. What begins with `xn--` stands for
-- another text, so it only matches if `before` says so.
local function is_label_of(label, before, after)
  if #label > MAX_LABEL or #label <= #before + #after then return false end
  local star = label:sub(#before + 1, #label - #after)
  return label:sub(1, #before) == before
    and label:sub(#label - #after + 1) == after
    and not star:find("[^a-z0-9-]")
    and (label:sub(1, 4) ~= "xn--" or before:sub(1, 4) == "xn--")
end

-- Prepares patterns with wildcards, `{ pattern, outcome }` each, for `find_pattern`. The first one that matches decides.
local function prepare_patterns(rows)
  local patterns = { schemes = {}, any = nil }
  for order, row in ipairs(rows) do
    local text, outcome = row[1], row[2]
    local pattern = { order = order, outcome = outcome, kind = "host", port = "" }
    local scheme, host = text:match("^([^:]*)://(.*)$")
    if text == "*" then
      patterns.any = patterns.any or pattern
    else
      local without_port, port = host:match("^(.*):([%d*]+)$")
      if port then host, pattern.port = without_port, port end
      local before, after, domain = host:match("^([^.*]*)%*([^.*]*)%.?(.*)$")
      if before then
        pattern.kind = domain == "" and "any host" or before .. after == "" and "labels" or "label"
        pattern.before, pattern.after, host = before, after, domain
      end
      local hosts = patterns.schemes[scheme] or {}
      patterns.schemes[scheme] = hosts
      hosts[host] = hosts[host] or {}
      table.insert(hosts[host], pattern)
    end
  end
  return patterns
end

-- The first of two patterns. Each may be nil.
local function first(a, b)
  if a and (not b or a.order < b.order) then return a end
  return b
end

-- The first pattern of one label or more before a domain.
local function find_below(patterns, labels, port)
  local found
  if not are_labels(labels) then return nil end
  for _, pattern in ipairs(patterns) do
    local is_match = pattern.kind == "labels"
      or pattern.kind == "label" and is_label_of(labels, pattern.before, pattern.after)
    if is_match and (pattern.port == "*" or pattern.port == port) then found = first(found, pattern) end
  end
  return found
end

-- The first pattern for a host and port. `hosts` are the patterns of a scheme.
local function find_host(hosts, origin, host, port)
  local found
  for _, pattern in ipairs(hosts[host] or {}) do
    -- The host has no wildcard, so the port has: `http://localhost:*`.
    if pattern.kind == "host" then found = first(found, pattern) end
  end
  for _, pattern in ipairs(hosts[""] or {}) do
    if port == "" and is_origin(origin) then found = first(found, pattern) end
  end
  local dot = host:find(".", 1, true)
  while dot do
    local patterns = hosts[host:sub(dot + 1)]
    if patterns then found = first(found, find_below(patterns, host:sub(1, dot - 1), port)) end
    dot = host:find(".", dot + 1, true)
  end
  return found
end

-- The outcome of the first pattern that matches an origin.
local function find_pattern(patterns, origin)
  local found
  local scheme, host, port = split_origin(origin)
  local hosts = patterns.schemes[scheme or ""]
  if hosts and not is_too_long(host) then found = find_host(hosts, origin, host, port) end
  local any = patterns.any
  if any and first(any, found) == any and is_origin(origin) then found = any end
  return found and found.outcome
end

-- The outcome of an origin in a part; nil if none of its grants is for it.
local function find_origin(part, origin)
  if #origin > MAX_ORIGIN then return nil end
  return part.origins[origin] or find_pattern(part.patterns, origin)
end

------------------------------------------------------------------------------------------------------------------------
-- Paths
------------------------------------------------------------------------------------------------------------------------

-- Whether all servers read a path in the same way: it has no empty segment, `.` or `..`, no byte that begins something
-- else for some servers, and percent-encodes neither a control character, a slash, nor what needs no encoding.
local function is_normal(path)
  if path:sub(1, 1) ~= "/" or path:find("//", 1, true) then return false end
  if path:find("[;\\%c\128-\255]") or (path .. "/"):find("/%.%.?/") then return false end
  for position in path:gmatch("()%%") do
    local digits = path:match("^%x%x", position + 1)
    if not digits or string.char(tonumber(digits, 16)):find("[%c/\\%w._~-]") then return false end
  end
  return true
end

-- The segments of a path, at most `limit`.
local function split_path(path, limit)
  local segments = {}
  for segment in path:gmatch("/([^/]*)") do
    if #segments == limit then break end
    table.insert(segments, segment)
  end
  return segments
end

-- A tree over the segments of the routes' paths, in lower case.
local function prepare_routes(routes)
  local tree = { root = { literals = {} }, depth = 0 }
  for _, route in ipairs(routes) do
    local node = tree.root
    route.segments = route.path == "/" and {} or split_path(route.path)
    for _, segment in ipairs(route.segments) do
      if segment:sub(1, 1) == "{" then
        node.capture = node.capture or { literals = {} }
        node = node.capture
      else
        local literal = segment:lower()
        node.literals[literal] = node.literals[literal] or { literals = {} }
        node = node.literals[literal]
      end
    end
    node.route = route
    tree.depth = math.max(tree.depth, #route.segments)
  end
  return tree
end

-- The most specific route below a node of the tree: a literal segment comes before a `{name}`, and both before the end
-- of the route.
local function find_route(node, segments, index)
  local segment = segments[index]
  if segment and segment ~= "" then
    local literal = node.literals[segment:lower()]
    local found = literal and find_route(literal, segments, index + 1)
    if not found and node.capture then found = find_route(node.capture, segments, index + 1) end
    if found then return found end
  end
  return node.route
end

-- Whether a route is for a path if the case of letters counts.
local function is_same_case(route, segments)
  for index, literal in ipairs(route.segments) do
    if literal:sub(1, 1) ~= "{" and literal ~= segments[index] then return false end
  end
  return true
end

local route_tree = prepare_routes(routes)

-- The part of the policy that a path belongs to.
local function find_part(target)
  if #routes == 0 then return parts[1] end
  local path = target and target:match("^[^?]*") or ""
  local abnormal = parts[#parts]
  if not is_normal(path) then return abnormal end
  local segments = split_path(path, route_tree.depth)
  local route = find_route(route_tree.root, segments, 1)
  if not route then return parts[1] end
  -- A server behind Envoy may ignore the case of letters.
  return is_same_case(route, segments) and parts[route.part] or abnormal
end

------------------------------------------------------------------------------------------------------------------------
-- Requests that are refused
------------------------------------------------------------------------------------------------------------------------

-- A header's value if it has one line, and the number of its lines.
local function single_line(headers, name)
  local count = headers:getNumValues(name)
  return count == 1 and headers:get(name) or nil, count
end

-- Whether a request asks for a WebSocket: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
local function is_websocket(headers)
  local upgrade = headers:get("upgrade")
  local protocol = headers:get(":protocol")
  for token in ((upgrade or "") .. "," .. (protocol or "")):lower():gmatch("[^,]+") do
    -- A version may be after a slash.
    if token:match("^[^/]*"):find("^%s*websocket%s*$") then return true end
  end
  return false
end

-- Whether the request is for one of the policy's `hosts`.
local function is_listed_host(host)
  if not host or #host > MAX_ORIGIN then return false end
  -- A host and port is looked up as an origin of a scheme without a default port.
  return find_origin(hosts, "host://" .. host:lower()) ~= nil
end

-- Whether an origin of http or https has this host and port.
local function is_origin_of_host(origin, host)
  if not host or #host > MAX_ORIGIN or #origin > MAX_ORIGIN then return false end
  local scheme, authority = origin:match("^(https?)://(.+)$")
  if not scheme then return false end
  local default = ":" .. DEFAULT_PORTS[scheme]
  if host:sub(-#default) == default then host = host:sub(1, -#default - 1) end
  return authority:lower() == host:lower()
end

-- Whether the request is from a page of the server's own origin, or from no page.
local function is_of_own_page(headers, host)
  local site, count = single_line(headers, "sec-fetch-site")
  if count > 0 then return site == "same-origin" or site == "none" end
  local origin, origins = single_line(headers, "origin")
  return origins == 0 or origin ~= nil and is_origin_of_host(origin, host)
end

-- Whether a page of another site is opened, which reads nothing.
local function is_followed_link(headers, method)
  return (method == "GET" or method == "HEAD")
    and headers:get("origin") == nil
    and single_line(headers, "sec-fetch-mode") == "navigate"
    and single_line(headers, "sec-fetch-dest") == "document"
end

-- Whether a part refuses a request. Not for preflights.
local function is_refused(refuse, headers, method, outcome)
  local host = headers:get(":authority")
  local websocket = refuse.websocket and is_websocket(headers)
  if hosts and (websocket or refuse.unlisted_origins) and not is_listed_host(host) then return true end
  if is_of_own_page(headers, host) then return false end
  if websocket and not outcome.is_listed then return true end
  local is_write = method ~= "GET" and method ~= "HEAD" and method ~= "OPTIONS"
  if refuse.cross_site_writes and is_write and not outcome.allows_credentials then return true end
  return refuse.unlisted_origins and not outcome.is_listed and not is_followed_link(headers, method)
end

------------------------------------------------------------------------------------------------------------------------
-- Responses
------------------------------------------------------------------------------------------------------------------------

-- The lines of a header that are not empty.
local function lines(headers, name)
  local values = {}
  for index = 0, headers:getNumValues(name) - 1 do
    local value = headers:getAtIndex(name, index)
    if value ~= "" then table.insert(values, value) end
  end
  return values
end

-- The fields of a response that this filter sends itself.
local function response_fields(status, fields, request_headers)
  local response = { [":status"] = status }
  for _, field in ipairs(fields) do
    local values = field.echo and lines(request_headers, field.echo) or { field[2] }
    if #values > 0 then response[field[1]] = values end
  end
  return response
end

-- Adds `Origin` to the lines of `Vary`, and makes one line of them.
local function merge_vary(headers)
  local values = lines(headers, "vary")
  local merged = table.concat(values, ", ")
  local has_origin, has_any = false, false
  for name in merged:lower():gmatch("[^,]+") do
    has_origin = has_origin or name:find("^%s*origin%s*$")
    has_any = has_any or name:find("^%s*%*%s*$")
  end
  if not has_origin and not has_any then table.insert(values, "Origin") end
  if has_any and #values > 1 then values = { "*" } end
  headers:replace("vary", table.concat(values, ", "))
end

for _, part in ipairs(parts) do part.patterns = prepare_patterns(part.patterns) end
if hosts then hosts.patterns = prepare_patterns(hosts.patterns) end

function envoy_on_request(handle)
  local headers = handle:headers()
  local method, origin = headers:get(":method"), headers:get("origin")
  local part = find_part(headers:get(":path"))
  local number = part.unmatched
  -- Several lines of `Origin` have no grant. Envoy may have joined them by commas: then they are not an origin.
  if origin and headers:getNumValues("origin") == 1 then number = find_origin(part, origin) or number end
  local outcome = outcomes[number]

  -- https://fetch.spec.whatwg.org/#cors-preflight-request
  if origin and method == "OPTIONS" and headers:get("access-control-request-method") then
    local status = outcome.is_granted and PREFLIGHT_STATUS or "403"
    handle:streamInfo():dynamicMetadata():set(METADATA, "outcome", ANSWERED)
    handle:respond(response_fields(status, outcome.preflight, headers), "")
    return
  end

  if part.refuse and is_refused(part.refuse, headers, method, outcome) then
    local response = response_fields("403", outcome.actual, headers)
    response["cache-control"] = "no-store"
    handle:streamInfo():dynamicMetadata():set(METADATA, "outcome", ANSWERED)
    handle:respond(response, "")
    return
  end

  -- Most requests have the default outcome: then nothing is stored.
  if number ~= DEFAULT_OUTCOME then
    local metadata = handle:streamInfo():dynamicMetadata()
    metadata:set(METADATA, "outcome", number)
    if outcome.is_granted then metadata:set(METADATA, "origin", origin) end
  end
end

function envoy_on_response(handle)
  local metadata = handle:streamInfo():dynamicMetadata():get(METADATA) or {}
  if metadata.outcome == ANSWERED then return end
  local outcome = outcomes[metadata.outcome or DEFAULT_OUTCOME]
  local headers = handle:headers()
  for _, name in ipairs(OWNED) do headers:remove(name) end
  for _, field in ipairs(outcome.actual) do
    local name, value = field[1], field.echo and metadata.origin or field[2]
    if name == "vary" then
      merge_vary(headers)
    else
      headers:replace(name, value)
    end
  end
end
