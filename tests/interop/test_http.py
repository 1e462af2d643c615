"""curl fetches and posts a gibibyte, and every byte of it arrives."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading

import claims
import outside
import stream
from claims import GATEWAY, Claims, need

SIZE = 1 << 30
_STREAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stream.py")


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        for block in stream.blocks(SIZE):
            self.wfile.write(block)

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        summary = hashlib.sha256()
        while left and (piece := self.rfile.read(min(left, 1 << 18))):
            summary.update(piece)
            left -= len(piece)
        text = summary.hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def fetch(url):
    with subprocess.Popen(["curl", "-sS", "--fail", url], stdout=subprocess.PIPE) as curl:
        return stream.digest(iter(lambda: curl.stdout.read(1 << 18), b""))


def post(url, size):
    with subprocess.Popen([sys.executable, _STREAM, str(size)], stdout=subprocess.PIPE) as source:
        words = ["curl", "-sS", "--fail", "-X", "POST", "-T", "-", "-H", "Transfer-Encoding:", "-H", "Expect:"]
        words += ["-H", f"Content-Length: {size}", url]
        return subprocess.run(words, stdin=source.stdout, capture_output=True, text=True, check=True).stdout


@need("curl")
class Transfers(Claims):
    @classmethod
    def setUpClass(cls):
        cls.digest = stream.digest(stream.blocks(SIZE))
        cls.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), _Handler)
        cls.port = cls.server.server_address[1]
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def test_curl_fetches_a_gibibyte(self):
        url = f"http://{GATEWAY}:{self.port}/"
        self.assertEqual(self.in_guest(fetch, url, seconds=120), self.digest)

    def test_curl_posts_a_gibibyte(self):
        url = f"http://{outside.OUTSIDE}:{self.port}/"
        self.assertEqual(self.in_guest(post, url, SIZE, seconds=120), self.digest)


if __name__ == "__main__":
    claims.main()
