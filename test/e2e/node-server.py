"""A web server for tests: takes and gives bytes, sends events one by one, echoes what it was asked."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GO = threading.Event()
BLOCK = bytes(1 << 20)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/give/"):
            left = int(self.path.split("/")[2])
            self.send_response(200)
            self.send_header("Content-Length", str(left))
            self.end_headers()
            while left > 0:
                self.wfile.write(BLOCK[: min(left, len(BLOCK))])
                left -= len(BLOCK)
        elif self.path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for text in (b"data: one\n\n", b"data: two\n\n"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
                # The second is sent only after whoever reads has seen the first and said so.
                GO.wait(30)
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/go":
            GO.set()
            self.answer(b"gone")
        else:
            self.answer(f"{self.path}\n{self.headers}".encode())

    def do_PUT(self):
        size = int(self.headers["Content-Length"])
        left = size
        while left > 0:
            got = self.rfile.read(min(left, len(BLOCK)))
            if not got:
                return
            left -= len(got)
        self.answer(str(size).encode())


ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
