"""A web server on the host's side: hands out a stream and files, tells the digest of what is posted."""

import hashlib
import http.server
import socket
import threading

import stream


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, files, size):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, 0), _Handler)
        self.files, self.size = files, size


class _Handler(http.server.BaseHTTPRequestHandler):
    def _answer(self, pieces, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)

    def do_GET(self):
        if self.path == "/stream":
            self._answer(stream.blocks(self.server.size), self.server.size)
        elif self.path in self.server.files:
            content = self.server.files[self.path]
            self._answer([content], len(content))
        else:
            self.send_error(404)

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        summary = hashlib.sha256()
        while left and (piece := self.rfile.read(min(left, 1 << 18))):
            summary.update(piece)
            left -= len(piece)
        text = summary.hexdigest().encode()
        self._answer([text], len(text))

    def log_message(self, *_):
        pass


class WebServer:
    """`/stream` is a stream of `size` bytes (see stream.py); `files` maps other paths to contents."""

    def __init__(self, address="127.0.0.1", files=None, size=0):
        self._server = _Server(address, files or {}, size)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
