"""Models that a run serves itself: started once, started again when they die, ended with the run. A
small server of OpenAI's protocol stands for vLLM's; it is a real process with a real port."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strefer.agents.chat.interface import ChatRequest
from strefer.agents.chat.with_openai import OpenAIChat
from strefer.serving.addresses import read_addresses
from strefer.serving.model_servers import ModelServers, arguments_of, served_models
from strefer.stage.run import MachineFault
from strefer.workflow.run_lock import enter_run, release

TESTS = Path(__file__).parents[1]
SPEC = {"adapter": "openai", "model": "org/model", "url": "serve"}
RULES = {"llm": {"parse_references"}}
pytestmark = pytest.mark.timeout(240)


def event(kind, **facts):
    record = logging.makeLogRecord(facts)
    record.event = kind
    return record


class Run:
    """A run's folder with the program that serves, and what happens in it."""

    def __init__(self, folder):
        self.folder = folder / "run"
        program = folder / "vllm"
        server = TESTS / "helpers" / "openai_server.py"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {server} "$@"\n')
        program.chmod(0o755)
        (self.folder / "servers").mkdir(parents=True)
        found = {"vllm": str(program), "python": sys.executable}
        (self.folder / "servers" / "vllm.json").write_text(json.dumps(found))
        self.starts_file = folder / "starts"
        self.addresses = self.folder / "servers" / "org_model"

    def servers(self, **changes):
        models = served_models({"llm": SPEC | changes}, RULES)
        servers = ModelServers(self.folder, models, lambda: False, list, 0)
        servers.emit(event("run_info", stats={"parse_references": 2, "total": 2}))
        return servers

    def chat(self, **changes):
        return OpenAIChat(SPEC | {"addresses": str(self.addresses), "retries": 0} | changes)

    def starts(self):
        """The process and the port of each start so far."""
        lines = self.starts_file.read_text().splitlines() if self.starts_file.exists() else []
        return [tuple(map(int, line.split())) for line in lines]


@pytest.fixture
def run(tmp_path, monkeypatch):
    made = Run(tmp_path)
    monkeypatch.setenv("STARTS", str(made.starts_file))
    enter_run(made.folder)
    yield made
    release(made.folder / ".lock")
    for process, _ in made.starts():
        assert until(lambda process=process: not is_alive(process)), "a server was left behind"


def until(happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.1)
    return happened()


def is_alive(process):
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_open(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def start_job(servers, number):
    facts = {"rule_name": "parse_references", "jobid": number, "wildcards": {}}
    servers.emit(event("job_info", **facts))


def test_a_model_is_served_once_for_all_jobs_and_ends_after_the_last(run):
    servers = run.servers()
    assert run.starts() == []  # nobody has asked yet
    for number in (1, 2):
        start_job(servers, number)
        assert run.chat().reply([ChatRequest("Who?")]) == ["served"]
        [address] = run.addresses.glob("*.json")
        assert address.stat().st_mode & 0o077 == 0  # the key is its owner's
        servers.emit(event("job_finished", job_id=number))
    [(process, port)] = run.starts()
    assert not is_alive(process)
    assert not is_open(port)
    assert not run.addresses.exists()


def test_a_server_that_dies_is_started_again_and_the_jobs_go_on(run):
    servers = run.servers()
    start_job(servers, 1)
    chat = run.chat()
    assert chat.reply([ChatRequest("Who?")]) == ["served"]
    os.kill(run.starts()[0][0], signal.SIGKILL)
    assert chat.reply([ChatRequest("Who?")] * 3) == ["served"] * 3
    assert len(run.starts()) == 2
    servers.end()


def test_another_server_takes_over(run):
    servers = run.servers(url="serve 2")
    start_job(servers, 1)
    assert until(lambda: len(read_addresses(run.addresses)) == 2)
    chat = run.chat(url="serve 2")
    [at] = {chat._served.current().base_url.port}
    [process] = [process for process, port in run.starts() if port == at]
    os.kill(process, signal.SIGKILL)
    assert chat.reply([ChatRequest("Who?")]) == ["served"]
    assert chat._served.current().base_url.port != at
    servers.end()


def test_a_server_that_does_not_come_ends_the_job_with_its_last_words(run):
    servers = run.servers(engine_options={"fail": "no such model"})
    start_job(servers, 1)
    with pytest.raises(MachineFault, match="stopped 3 times, the last time with: no such model"):
        run.chat().reply([ChatRequest("Who?")])
    servers.end()


def test_a_server_ends_when_its_run_is_killed(run):
    script = (
        "import sys, time, logging; sys.path[:0] = {paths!r}\n"
        "from serving.test_model_servers import *\n"
        "run = Run.__new__(Run); run.folder = Path({folder!r})\n"
        "enter_run(run.folder); servers = run.servers(); start_job(servers, 1); time.sleep(600)\n"
    ).format(paths=[str(TESTS), str(TESTS.parent / "scripts")], folder=str(run.folder))
    release(run.folder / ".lock")
    call = subprocess.Popen([sys.executable, "-c", script])
    assert until(lambda: read_addresses(run.addresses))
    [(process, port)] = run.starts()
    call.kill()
    call.wait()
    assert until(lambda: not is_alive(process) and not is_open(port))
    assert until(lambda: read_addresses(run.addresses) == [])


def test_options_are_arguments_of_the_server():
    options = {"tensor_parallel_size": 2, "trust-request-mm-kwargs": True, "hf-overrides": {"a": 1}}
    told = [
        "--tensor-parallel-size",
        "2",
        "--trust-request-mm-kwargs",
        "--hf-overrides",
        '{"a": 1}',
    ]
    assert list(arguments_of(options)) == told
    assert list(arguments_of({"enable-prefix-caching": False})) == ["--no-enable-prefix-caching"]


def test_two_roles_share_a_server_or_say_why_not():
    specs = {"llm": SPEC, "judge": dict(SPEC)}
    rules = {"llm": {"parse_references"}, "judge": {"score_predictions"}}
    [served] = served_models(specs, rules)
    assert served.rules == {"parse_references", "score_predictions"}
    specs["judge"]["engine_options"] = {"max-model-len": 4096}
    with pytest.raises(ValueError, match=r"agents\.judge serves org/model with other settings"):
        served_models(specs, rules)
