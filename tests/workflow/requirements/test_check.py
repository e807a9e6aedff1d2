"""What a configuration needs, told before its jobs run."""

import importlib.util
import re

import pytest

from helpers.configurations import ROOT, read_configuration
from helpers.films import write_film
from helpers.hub_files import COMMIT, add_model, use_cache
from helpers.shards import write_shard
from strefer.agents import environments
from strefer.records import Video
from strefer.videos.film_lengths import Films
from strefer.workflow.requirements import check, machine
from strefer.workflow.requirements.facts import (
    Facts,
    Gpu,
    NamedModel,
    load_facts,
    load_gpu,
    named_models,
)
from strefer.workflow.requirements.gpu_hours import ESTIMATED, gpu_hours
from strefer.workflow.requirements.job_memory import FILMS_PX, job_memory
from strefer.workflow.requirements.machine import Machine
from strefer.workflow.stages import agents_of


@pytest.fixture
def tell(monkeypatch, tmp_path):
    """The report about a configuration, of ten films in two shards, on a machine of one's choice:
    without a GPU, with an empty cache."""
    monkeypatch.chdir(ROOT)
    use_cache(monkeypatch, tmp_path / "cache")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def told(
        name,
        here=None,
        by_conda=False,
        trains=True,
        paths=("none.mp4",) * 10,
        gpu=None,
        procedure="ours",
        **agents,
    ):
        monkeypatch.setattr(check, "this_machine", lambda: here or Machine(32.0, 100.0, ()))
        config = read_configuration(name, **agents)
        config |= {"gpu": gpu} if gpu else {}
        config["masklets"]["procedure"] = procedure
        tables = [ROOT / "config" / f"{name}.yaml" for name in ("models", "gpus")]
        return check.check_configuration(
            config, *tables, list(paths), 2, tmp_path, by_conda, trains
        )

    return told


def part(report, title):
    """The lines below a title."""
    return re.search(rf"^{title}.*\n((?:  .*\n?)+)", report, re.M)[1]


def test_the_demo_lacks_nothing_and_asks_for_no_gpu(tell):
    report = tell("config")
    assert part(report, "MISSING").strip() == "nothing"
    assert part(report, "GPU-HOURS").strip() == "none: no job requests a GPU"
    assert "resources/teachers/student: training.start_from (transformers)" in report
    # The student leaves out its vision tower, which is the video LLM's.
    assert "resources/teachers/video_llm: video_llm, training.vision (transformers)" in report


def test_the_papers_models_are_told_with_what_they_lack_here(tell):
    report = tell("paper")
    models, missing = part(report, "MODELS"), part(report, "MISSING")
    assert "omni-research/Tarsier-34b: video_llm (vllm)" in models
    assert "licence apache-2.0: any use" in models
    assert "size unknown; download unknown; memory unknown in float32" in models  # RexSeek's
    assert "licence IDEA License 1.0: no commercial use" in models
    for repository in ("omni-research/Tarsier-34b", "timm/ViT-SO400M-14-SigLIP-384"):
        assert f"weights of {repository}" in missing
    for package in ("vllm", "rexseek"):
        is_missing = importlib.util.find_spec(package) is None
        assert (f"package {package}" in missing) == is_missing
    assert "package sam2" not in missing
    assert "package vllm (adapter vllm): envs/vllm_0_24.yaml has it" in missing
    assert "vLLM 0.24.0 or older" not in missing
    assert "GPUs: a job of training requests 8, but this machine has 0" in missing
    assert "memory: a job requests 512 GB, but this machine has 32" in missing
    assert "disk: 148 GB to download, but only 100 GB are free" in missing
    assert re.search(r"transcripts .* 2 GPU\(s\) of 41\+ GB .* 128 GB of memory", report)


def test_of_the_masklet_generators_models_those_are_told_that_its_procedure_loads(tell):
    report = tell("modern", procedure="concepts")
    models = part(report, "MODELS")
    assert "facebook/sam3: concept_tracker (transformers)" in models
    assert "facebook/sam2.1-hiera-large" not in models
    assert "licence SAM License: no use for war" in models
    assert "; accept it on the hub first" in models
    assert "weights of facebook/sam3" in part(report, "MISSING")
    assert re.search(r"^  tracks +\d", part(report, "GPU-HOURS"), re.M)
    assert "facebook/sam3" not in tell("modern")


def test_what_is_there_is_not_missing(tell, tmp_path):
    add_model(tmp_path / "cache", "omni-research/Tarsier-34b", {"model.safetensors": "x"})
    report = tell("paper", Machine(600.0, 500.0, (85.0,) * 8), by_conda=True)
    missing = part(report, "MISSING")
    assert "weights of omni-research/Tarsier-34b" not in missing
    assert f"in the cache: {COMMIT}" in part(report, "MODELS")
    assert not re.search("GPU|memory|disk|package vllm", missing)
    assert "vLLM 0.24.0 or older" not in missing
    assert "package rexseek" in missing  # no environment file has it


def test_a_model_whose_class_vllm_dropped_needs_an_environment_that_has_it(tell):
    tarsier = {"adapter": "vllm", "model": "omni-research/Tarsier-34b"}
    for by_conda in (True, False):
        missing = part(tell("paper", by_conda=by_conda, video_llm=tarsier), "MISSING")
        assert "vLLM 0.24.0 or older for omni-research/Tarsier-34b: 0.32.0 does not" in missing
        assert "agents.video_llm.environment" in missing


def test_a_training_that_does_not_fit_is_refused_with_what_takes_its_memory(tell):
    def told(gpu_gb):
        return tell("paper", Machine(2000.0, 10_000.0, (gpu_gb,) * 8))

    line = "training of weights 9.7, gradients 1.0, optimizer 5.9, activations up to 10 GB"
    assert line in told(80.0)
    assert "GPU memory: training" not in told(80.0)
    missing = part(told(24.0), "MISSING")
    assert "GPU memory: training needs GPUs of at least 29 GB; `training.batch_size`" in missing


def test_a_package_that_the_named_environment_has_is_not_missing(tell, monkeypatch, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "dependencies: [python=3.10, {pip: [rexseek @ git+file:///r@1a]}]"
    )
    for file in environments.ENVS.glob("*.yaml"):
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(environments, "ENVS", tmp_path)
    assigner = {"adapter": "rexseek", "model": "IDEA-Research/RexSeek-3B"}
    assert "package rexseek" in part(tell("paper", by_conda=True, assigner=assigner), "MISSING")
    assigner |= {"environment": "mine"}
    assert "package rexseek" not in part(tell("paper", by_conda=True, assigner=assigner), "MISSING")


def test_a_package_that_only_this_interpreter_has_is_missing_where_jobs_have_environments(tell):
    spec = {"adapter": "open_clip", "model": "ViT-B-16-SigLIP/webli", "environment": "chat"}
    message = "package open_clip (adapter open_clip): envs/chat.yaml does not have it"
    assert message in part(tell("small", by_conda=True, embedder=spec), "MISSING")
    assert message not in part(tell("small", by_conda=False, embedder=spec), "MISSING")


def test_a_model_that_the_run_serves_is_downloaded_here_and_loaded_by_no_job(tell):
    spec = {"adapter": "openai", "model": "Qwen/Qwen2.5-32B-Instruct", "url": "serve 2"}
    report = tell("modern", llm=spec, judge=spec, by_conda=True)
    assert "in vLLM servers that the run starts: 2" in part(report, "MODELS")
    assert "weights of Qwen/Qwen2.5-32B-Instruct" in part(report, "MISSING")
    assert "key:" not in part(report, "MISSING")
    assert "its models take 66 GB" not in part(report, "MISSING")
    assert "package vllm (adapter vllm)" in part(tell("small", llm=spec), "MISSING")


def test_conda_is_missing_where_an_environment_is_needed_and_there_is_none(tell, monkeypatch):
    for found, told in ((None, 1), ("/opt/conda/bin/conda", 0)):
        monkeypatch.setattr(machine.shutil, "which", lambda name, found=found: found)
        assert part(tell("modern"), "MISSING").count("conda, which `--sdm conda` calls") == told
        assert "which `--sdm conda` calls" not in tell("small")


def test_an_environment_that_pins_no_version_of_vllm_is_taken_as_it_is(tell, monkeypatch, tmp_path):
    (tmp_path / "mine.yaml").write_text("dependencies: [python=3.11, {pip: ['vllm<0.25']}]")
    for file in environments.ENVS.glob("*.yaml"):
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(environments, "ENVS", tmp_path)
    model = {"adapter": "vllm", "model": "omni-research/Tarsier-34b", "environment": "mine"}
    missing = part(tell("paper", by_conda=True, video_llm=model), "MISSING")
    assert "Tarsier-34b: 0" not in missing
    assert "envs/mine.yaml" not in missing


def test_a_model_that_is_not_held_to_a_commit_is_told_with_the_option_that_holds_it(tell):
    spec = {"adapter": "transformers", "model": "org/llm"}
    models = part(tell("small", llm=spec, judge=spec), "MODELS")
    told = "not pinned to a commit: the newest is used (to pin one, "
    assert told + "set agents.llm.revision, agents.judge.revision)" in models
    # open_clip takes no revision, and neither does what a training begins with.
    assert models.count(told + "use a folder as the model)") == 3
    held = part(tell("small", llm=spec | {"revision": COMMIT}), "MODELS")
    assert f"revision {COMMIT}" in held
    assert "agents.llm.revision" not in held


def test_gpus_that_are_too_small_are_named(tell):
    missing = part(tell("modern", Machine(600.0, 500.0, (24.0,) * 8)), "MISSING")
    assert "GPU memory: transcripts needs GPUs of at least 79 GB" in missing
    assert "GPU memory: clips" not in missing


def test_a_model_without_facts_is_unknown(tell):
    report = tell("small", llm={"adapter": "transformers", "model": "org/new", "dtype": "bfloat16"})
    assert "unknown: size, licence, memory (config/models.yaml has no facts" in report
    assert "not counting org/new (unknown)" in part(report, "NEEDED")
    hours = part(report, "GPU-HOURS")
    assert re.search(r"references +unknown", hours)
    assert "not counting references, statements, instructions (unknown)" in hours


def test_a_key_and_a_missing_folder_are_named(tell, monkeypatch):
    judge = {"adapter": "openai", "model": "gpt", "key_variable": "MY_KEY"}
    detector = {"adapter": "transformers", "model": "no/such/folder"}
    missing = part(tell("small", judge=judge, detector=detector), "MISSING")
    assert "key: the environment variable MY_KEY is not set" in missing
    assert "folder no/such/folder" in missing
    monkeypatch.setenv("MY_KEY", "secret")
    report = tell("small", judge=judge)
    assert "MY_KEY" not in part(report, "MISSING")
    assert "secret" not in report


def test_a_missing_template_is_named(tell):
    llm = {"adapter": "transformers", "model": "org/llm", "chat_template": "no/such.jinja"}
    missing = part(tell("small", llm=llm), "MISSING")
    assert "file no/such.jinja (chat_template of llm)" in missing


def test_code_that_comes_with_a_model_needs_permission(tell, monkeypatch):
    facts = check.load_facts(ROOT / "config" / "models.yaml")
    strange = facts["Qwen/Qwen3-VL-4B-Instruct"].__class__(remote_code=True)
    monkeypatch.setattr(check, "load_facts", lambda path: facts | {"org/own": strange})
    spec = {"adapter": "transformers", "model": "org/own"}
    refused = part(tell("small", llm=spec), "MISSING")
    assert "org/own runs only with `trust_remote_code: true`" in refused
    allowed = part(tell("small", llm=spec | {"trust_remote_code": True}), "MISSING")
    assert "trust_remote_code" not in allowed


def test_hours_grow_with_the_films_and_probed_ones_count_as_they_are(tell, tmp_path):
    def hours():
        return float(re.search(r"about ([\d.]+)$", part(tell("modern"), "GPU-HOURS"), re.M)[1])

    before = hours()
    (tmp_path / "videos").mkdir()
    film = Video("a.mp4", "0" * 64, 36000.0, 8.0, 288000, 64, 48)
    write_shard(tmp_path / "videos" / "0.jsonl", [("a", film), ("b", "the file is empty")])
    assert hours() > 5 * before
    assert "10 film(s), 6000 min (1 lengths known)" in tell("modern")


def test_films_that_were_not_probed_are_as_long_as_their_headers_say(tell, tmp_path):
    film = str(write_film(tmp_path / "a.mp4", n_frames=300, fps=5))
    report = tell("modern", paths=[film, film, str(tmp_path / "none.mp4")])
    assert "3 film(s), 3 min (2 lengths known), in 2 shard(s)" in report


def test_what_is_not_asked_for_is_not_told(tell):
    pairs, all_of_it = (tell("paper", trains=trains) for trains in (False, True))
    for name in ("microsoft/Phi-3-mini-4k-instruct", "predictions", "epoch"):
        assert name in all_of_it
        assert name not in pairs
    assert "pairs (use check_all to include students)" in pairs
    assert "omni-research/Tarsier-34b: video_llm (vllm)" in pairs


def test_hours_are_those_of_the_gpu_that_is_named(tell):
    def hours(gpu):
        told = part(tell("modern", gpu=gpu), "GPU-HOURS")
        return float(re.search(r"about ([\d.]+)$", told, re.M)[1])

    assert "on A100 (312 TFLOP/s)" in tell("modern")
    assert hours("T4") > hours("A100")
    with pytest.raises(ValueError, match="'gpu' is 'RTX 306', but .* did you mean 'RTX 3060'"):
        tell("modern", gpu="RTX 306")


def test_the_memory_of_prompts_is_that_of_the_role_that_asks():
    config = read_configuration("small")
    one = {"adapter": "transformers", "model": "m", "dtype": "bfloat16", "max_batch": 1}
    config["agents"] |= {"video_llm": one, "llm": one | {"max_batch": 4}}
    facts = Facts(parameters=4.0, frame_tokens=300, cache_kb=150.0, token_kb=100.0)
    model = NamedModel("m", ("video_llm", "llm"), one, facts, None)
    # 8 frames, a prompt of 300 tokens and a reply of 128; four texts of 400 and their replies.
    replies = config["references"]["max_new_tokens"]
    tokens = {"transcripts": 8 * 300 + 300 + 128, "references": 4 * (400 + replies)}
    for stage, read in tokens.items():
        memory = job_memory(stage, [model], config, FILMS_PX["4K"])
        assert memory.weights == 8
        assert memory.cache == pytest.approx(read * 150e3 / 1e9)
        assert memory.activations == pytest.approx(read * 100e3 / 1e9)
        assert memory.least_gpu == pytest.approx(memory.gpu / 0.9)


def test_pairs_disk_and_files_are_told(tell):
    needed = part(tell("modern"), "NEEDED")
    assert "pairs: at most 2,560 before verification" in needed
    assert re.search(r"disk for results: about [\d.e-]+ GB .* free: \d+ GB", needed)
    assert re.search(r"files of results: about \d+ for 2 shard.*\(free: [\d,]+\)", needed)


def test_hours_of_each_look_at_a_film_are_counted():
    config = read_configuration("modern")

    def hours(stage, looks):
        config["entities"]["looks"] = looks
        spec = {"adapter": "transformers", "model": "some"}
        model = NamedModel("some", (), spec, Facts(parameters=7.0), None)
        films = Films(10, 10.0, 0)
        roles = dict.fromkeys(("video_llm", "llm"), model)
        return gpu_hours(stage, config, roles, films, jobs=0, gpu=Gpu(80, 312))

    for stage in ("entities", "references"):
        assert hours(stage, looks=3) == pytest.approx(3 * hours(stage, looks=1)) != 0


def test_this_machine_can_be_looked_at():
    here = machine.this_machine()
    assert here.memory_gb > 0.5
    assert here.disk_gb > 0


def memory_of(name, size):
    """By stage that loads models, the memory of its job on films of a size."""
    config = read_configuration(name)
    models = named_models(config, load_facts(ROOT / "config" / "models.yaml"))
    by_role = {role: model for model in models for role in model.roles}
    memory = {}
    for stage in ESTIMATED:
        asked = list({id(by_role[r]): by_role[r] for r in agents_of(stage, config)}.values())
        memory[stage] = job_memory(stage, asked, config, FILMS_PX[size])
    return config, memory


@pytest.mark.parametrize("size", FILMS_PX)
@pytest.mark.parametrize("name", ["small", "modern", "paper"])
def test_a_job_fits_the_gpu_and_the_memory_that_its_configuration_names(name, size, monkeypatch):
    monkeypatch.chdir(ROOT)
    config, memory = memory_of(name, size)
    gpu = load_gpu(config["gpu"], ROOT / "config" / "gpus.yaml")
    for stage, of in memory.items():
        if of is None:  # RexSeek's size is not published
            assert (name, stage) == ("paper", "masklets")
            continue
        assert of.least_gpu <= gpu.memory_gb, stage
        assert of.weights + of.decoded <= config["resources"][stage]["mem_mb"] / 1000, stage
    assert memory["entities"].cache > 0
    assert memory["tracks"].frames > 0 < memory["tracks"].activations


@pytest.mark.parametrize("size", FILMS_PX)
@pytest.mark.parametrize(
    ("name", "gb", "large"),
    [
        ("small", 12, set()),
        (
            "modern",
            24,
            {"entities", "references", "masklets", "transcripts", "statements", "instructions"},
        ),
        ("paper", 24, {"entities", "references", "transcripts", "statements", "instructions"}),
    ],
)
def test_1080p_and_4k_fit_but_for_weights_that_do_not(name, gb, large, size, monkeypatch):
    monkeypatch.chdir(ROOT)
    _, memory = memory_of(name, size)
    known = {stage: of for stage, of in memory.items() if of is not None}
    assert {stage for stage, of in known.items() if of.weights > 0.9 * gb} == large
    for stage, of in known.items():
        besides = of.cache + of.activations + of.frames
        assert (besides if stage in large else of.gpu) <= 0.9 * gb, stage


def test_the_memory_of_jobs_is_told(tell):
    report = tell("modern")
    [tracks] = re.findall(r"^  tracks +([\d. ]+)$", part(report, "MEMORY OF A JOB"), re.M)
    of = {size: memory_of("modern", size)[1]["tracks"] for size in FILMS_PX}
    most = of["4K"]
    values = [most.weights, most.cache, most.activations, of["1080p"].frames, most.frames]
    values += [most.least_gpu, most.decoded]
    assert [float(value) for value in tracks.split()] == [round(value, 1) for value in values]
    assert f"tracks       2 job(s)     1 GPU(s) of {most.least_gpu:.0f}+ GB" in report
