"""A small server of OpenAI's protocol for tests: answers by a function of the prompt. As a program
it is a `vllm serve` that answers "served" to all, whatever the model:

    python openai_server.py serve MODEL --host HOST --port PORT
"""

import contextlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def do_POST(self):
        key = os.environ.get("VLLM_API_KEY")
        if key and self.headers["Authorization"] != f"Bearer {key}":
            self.send_error(401)
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = asked["messages"][0]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        self.server.asked.append(content)
        message = {"role": "assistant", "content": self.server.answer(text)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        head = {"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"]}
        data = json.dumps(head | {"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(answer):
    """The server, with its `url` and what it was `asked`; `answer` gives a reply or None."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answer, server.asked = answer, []
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def main(words):
    """Serve until a signal comes; each start adds its process to the file that STARTS names."""
    given = dict(zip(words[2::2], words[3::2], strict=True))
    if "--fail" in given:
        sys.exit(given["--fail"])
    with open(os.environ["STARTS"], "a") as file:
        file.write(f"{os.getpid()} {given['--port']}\n")
    server = ThreadingHTTPServer((given["--host"], int(given["--port"])), Handler)
    server.answer, server.asked = lambda text: "served", []
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
