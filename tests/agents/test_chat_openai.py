"""The adapter for servers, against a small server of the same protocol; a real vLLM's is in
test_chat_engines.py."""

import base64
import contextlib
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.load import load_chat
from strefer.agents.replies import parse_yes_no
from strefer.stage.run import MachineFault

KEY = "sk-very-secret"


class Server(ThreadingHTTPServer):
    """Answers with the prompt in capitals; the first `failures` requests get `status` instead."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.failures, self.status, self.pause_s = [], 0, 503, 0.0
        self.refused, self.message = {}, {}
        self.working = self.most_working = 0
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.seen.append((self.headers["Authorization"], told))
            failing, server.failures = server.failures > 0, server.failures - 1
            server.working += 1
            server.most_working = max(server.most_working, server.working)
        time.sleep(server.pause_s)
        with server.lock:
            server.working -= 1
        if failing:
            error = {"error": {"message": f"no: {self.headers['Authorization']}"}}
            return self._send(server.status, error)
        for name, complaint in server.refused.items():
            if name in told:
                return self._send(400, {"error": {"message": complaint, "param": name}})
        content = told["messages"][0]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        message = {"role": "assistant", "content": f" {text.upper()} "} | server.message
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        head = {"id": "1", "object": "chat.completion", "created": 0, "model": told["model"]}
        return self._send(200, head | {"choices": [choice]})

    def _send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # the client's time was over
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def connect(server, **options):
    url = f"http://127.0.0.1:{server.server_port}/v1"
    return load_chat({"adapter": "openai", "model": "tiny", "url": url} | options)


def test_replies_come_in_order_and_several_at_a_time(server):
    server.pause_s = 0.05
    texts = [f"question {i}" for i in range(12)]
    replies = connect(server, concurrency=4).reply([ChatRequest(text) for text in texts])
    assert replies == [text.upper() for text in texts]
    assert server.most_working == 4


def test_everything_a_request_asks_for_is_sent(server):
    schema = {"type": "object", "properties": {"names": {"type": "array"}}}
    request = ChatRequest("hi", seed=7, schema=schema, max_new_tokens=9, temperature=0.5)
    connect(server).reply([request])
    told = server.seen[0][1]
    assert (told["seed"], told["max_completion_tokens"], told["temperature"]) == (7, 9, 0.5)
    assert told["response_format"]["json_schema"]["schema"] == schema
    assert told["chat_template_kwargs"] == {"enable_thinking": False}


def test_choices_are_a_schema_with_an_object_at_its_root(server):
    """OpenAI's API refuses any other (vercel/ai#1485)."""
    connect(server).reply([ChatRequest("there?", choices=("yes", "no"), max_new_tokens=4)])
    told = server.seen[0][1]
    schema = told["response_format"]["json_schema"]["schema"]
    assert schema["type"] == "object"
    assert schema["properties"]["answer"]["enum"] == ["yes", "no"]
    assert told["max_completion_tokens"] > 10, "room for the object around the word"
    assert parse_yes_no('{"answer": "yes"}') is True


def test_a_parameter_that_a_server_does_not_take_is_left_out_from_then_on(server):
    server.refused = {
        "max_completion_tokens": "Unrecognized request argument supplied: max_completion_tokens",
        "temperature": "Unsupported value: 'temperature' does not support 0 with this model.",
        "chat_template_kwargs": "Unknown parameter: 'chat_template_kwargs'.",
    }
    chat = connect(server, concurrency=1)
    assert chat.reply([ChatRequest("hi", max_new_tokens=9), ChatRequest("ho")]) == ["HI", "HO"]
    assert len(server.seen) == 5, "each is tried once"
    told = server.seen[3][1]
    assert told["max_tokens"] == 9
    assert not server.refused.keys() & told.keys()


def test_a_prompt_that_is_too_long_is_no_parameter_that_is_not_taken(server):
    server.refused = {
        "max_completion_tokens": "'max_tokens' or 'max_completion_tokens' is too large: 9000."
    }
    with pytest.raises(ValueError, match="too large"):
        connect(server).reply([ChatRequest("hi")])
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("message", "reply"),
    [({"content": None}, ""), ({"content": None, "refusal": "I can't."}, "I can't.")],
)
def test_a_message_without_content_is_no_answer(server, message, reply):
    server.message = message
    assert connect(server).reply([ChatRequest("hi")]) == [reply]


def test_large_frames_are_sent_as_jpeg_within_the_budget(server):
    noise = np.random.default_rng(0).integers(0, 255, (8, 60, 107, 3), dtype=np.uint8)
    frames = np.stack([np.kron(frame, np.ones((18, 18, 1), np.uint8)) for frame in noise])
    chat = connect(server, frames_as="images", frames_mb=1.0)
    chat.reply([ChatRequest("who?", frames)])
    *shown, _ = server.seen[0][1]["messages"][0]["content"]
    urls = [part["image_url"]["url"] for part in shown]
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    sent = [base64.b64decode(url.split(",")[1]) for url in urls]
    assert sum(map(len, sent)) <= 1_000_000
    sizes = {Image.open(io.BytesIO(picture)).size for picture in sent}
    assert sizes == {(1036, 581)}


@pytest.mark.parametrize("frames_as", ["video", "images"])
def test_small_frames_are_sent_without_loss(server, frames_as):
    frames = np.random.default_rng(0).integers(0, 255, (3, 20, 30, 3), dtype=np.uint8)
    connect(server, frames_as=frames_as).reply([ChatRequest("who?", frames, fps=2.0)])
    told = server.seen[0][1]
    *shown, text = told["messages"][0]["content"]
    assert text == {"type": "text", "text": "who?"}
    kind = f"{frames_as.removesuffix('s')}_url"
    urls = [part[kind]["url"].split(",", 1)[1] for part in shown]
    pictures = urls[0].split(",") if frames_as == "video" else urls
    sent = [np.asarray(Image.open(io.BytesIO(base64.b64decode(p)))) for p in pictures]
    assert np.array_equal(sent, frames)
    if frames_as == "video":
        assert told["media_io_kwargs"]["video"] == {"fps": 2.0, "num_frames": -1}


def test_a_busy_server_is_asked_again_after_a_pause(server):
    server.failures = 2
    start = time.monotonic()
    assert connect(server).reply([ChatRequest("hi")]) == ["HI"]
    assert len(server.seen) == 3
    assert time.monotonic() - start > 0.5


def test_a_server_that_stays_busy_ends_the_job(server):
    server.failures = 100
    with pytest.raises(MachineFault, match=r"chat model tiny: the server at 127\.0\.0\.1"):
        connect(server, retries=1).reply([ChatRequest("hi")] * 2)


def test_a_request_has_a_time_limit(server):
    server.pause_s = 1.0
    with pytest.raises(MachineFault, match="timed out"):
        connect(server, timeout_s=0.2, retries=0).reply([ChatRequest("hi")])


def test_a_refused_request_is_its_own_fault(server):
    server.failures, server.status = 1, 400
    with pytest.raises(ValueError, match="no:"):
        connect(server).reply([ChatRequest("too long")])


def test_the_key_comes_from_the_environment_and_is_never_shown(server, monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", KEY)
    server.failures, server.status = 1, 401
    with pytest.raises(MachineFault) as caught:
        connect(server, key_variable="MY_KEY").reply([ChatRequest("hi")])
    assert server.seen[0][0] == f"Bearer {KEY}"
    assert "(key)" in str(caught.value)
    assert KEY not in str(caught.value) + caplog.text
    assert caught.value.__suppress_context__, "the client's own error would show it"


def test_without_key_and_server_there_is_nothing_to_ask(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ValueError, match="OPENAI_API_KEY is not set to a key"):
        load_chat({"adapter": "openai", "model": "tiny"})


def test_text_cannot_pose_as_a_turn(server):
    text = "a<|im_end|>b</s>c[INST]d<image>e <region> f"
    connect(server).reply([ChatRequest(text)])
    sent = server.seen[0][1]["messages"][0]["content"]
    assert sent == "a< |im_end|>b< /s>c[ INST]d< image>e <region> f"
