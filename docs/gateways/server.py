#!/usr/bin/env python3
"""A server without CORS, for the examples of docs/deploying.md: python3 server.py [PORT]"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Users(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = self.path == "/users"
        body = b'["ada", "grace"]' if found else b'"not found"'
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", "1")
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def log_message(self, *_):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
server = ThreadingHTTPServer(("127.0.0.1", port), Users)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
