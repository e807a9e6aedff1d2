"""The table of the rerun matrix: changes of a finished run, and what must follow from each.

A row says which jobs the change concerns (what follows from those is the graph below) and which
items must be computed whatever the stages before them say.
"""

# ruff: noqa: E501
# A row of the table is a line, however long.
import json
import os
import shutil

from strefer.videos.find_videos import shard_of

from .bench_of_reruns import FILMS, ROOT, cut_short

NAMES = [f"input_{number:06d}.mp4" for number in range(FILMS)]
SHARDS = {name: shard_of(name, 2) for name in NAMES}
ALONE = next(n for n in NAMES if list(SHARDS.values()).count(SHARDS[n]) == 1)
PADDED, IN_COMPANY = [n for n in NAMES if n != ALONE]
# Which job reads whose results. "strefer" is the recipe that holds pairs of the run.
GRAPH = {
    "probe_videos": (
        "cut_clips recognize_entities track_entities assign_masklets transcribe_clips"
        " write_instructions mix_recipe write_report"
    ),
    "cut_clips": "transcribe_clips write_report",
    "recognize_entities": "parse_references write_report",
    "parse_references": (
        "track_entities assign_masklets transcribe_clips read_statements write_instructions"
        " write_report"
    ),
    "track_entities": "assign_masklets write_report",
    "assign_masklets": "transcribe_clips write_instructions mix_recipe write_report",
    "transcribe_clips": "read_statements write_report",
    "read_statements": "write_instructions write_report",
    "write_instructions": "mix_recipe write_report",
    "draw_base": "mix_recipe",
    "mix_recipe": "train_checkpoint",
    "train_checkpoint": "predict_answers write_report",
    "predict_answers": "score_predictions",
    "score_predictions": "gather_scores write_report",
    "gather_scores": "all",
    "write_report": "all",
    "all": "",
}
OF_SHARDS = tuple(GRAPH)[:9]
OF_RECIPES = ("mix_recipe", "train_checkpoint", "predict_answers", "score_predictions")
STAGES = dict(
    zip(
        OF_SHARDS,
        (
            "videos clips entities references tracks masklets transcripts statements instructions"
        ).split(),
        strict=True,
    )
)


def following(first):
    """The jobs that a change concerns, and all that follow. A job: rule, shard or recipe."""
    found, waiting = set(), list(first)
    while waiting:
        rule, part = job = waiting.pop()
        if job in found:
            continue
        found.add(job)
        for later in GRAPH[rule].split():
            if later in OF_RECIPES and rule == "draw_base":
                waiting += [(later, "base"), (later, "strefer")]
            elif later in OF_RECIPES:
                waiting.append((later, part if rule in OF_RECIPES else "strefer"))
            else:
                waiting.append((later, part if later in OF_SHARDS else None))
    return found


def everywhere(*rules):
    """Jobs of rules, in all shards or recipes."""
    jobs = set()
    for rule in rules:
        parts = (0, 1) if rule in OF_SHARDS else (None,)
        jobs |= {(rule, part) for part in (("base", "strefer") if rule in OF_RECIPES else parts)}
    return jobs


def named(job):
    wildcards = job.wildcards_dict
    shard, recipe = wildcards.get("shard"), wildcards.get("recipe") or wildcards.get("student")
    return job.rule.name, recipe if shard is None else int(shard.split("-")[0])


# --- Changes. Each gets the project, and may give what changes in the configuration.


def edit(name, text=None, replace=("", "")):
    def change(project):
        path = project.path(name)
        old = path.read_text(encoding="utf-8")
        path.write_text(old.replace(*replace) if text is None else old + text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") != old

    return change


def configure(**changes):
    return lambda project: changes


def module(name):
    return edit(f"scripts/strefer/{name}.py", "\n_CHANGED = 1\n")


def touch(name):
    return lambda project: os.utime(project.path(name))


def other_bytes(project):
    path = project.path("films") / ALONE
    cut_short(project.path("drawn/videos") / ALONE, path, n_frames=9)


def add(project):
    shutil.copy(project.path("films") / ALONE, project.path("films/copied.mp4"))


def add_new(project):
    cut_short(project.path("drawn/videos") / ALONE, project.path("films/new.mp4"), n_frames=10)


def remove(project):
    (project.path("films") / IN_COMPANY).unlink()


def rename(project):
    (project.path("films") / IN_COMPANY).rename(project.path("films/renamed.mp4"))


def benchmark_film(project):
    """The film that a benchmark's first question asks about."""
    questions = json.loads(project.path("questions/videorefer_q.json").read_text("utf-8"))
    return project.path("questions/videos") / questions[0]["video"]


def other_benchmark_film(project):
    film = benchmark_film(project)
    whole = film.rename(project.path("whole.mp4"))
    cut_short(whole, film)


def touch_benchmark_film(project):
    os.utime(benchmark_film(project))


def add_benchmark_film(project):
    shutil.copy(benchmark_film(project), project.path("questions/videos/new.mp4"))


def move_all(project):
    project.path("films").rename(project.path("moved"))
    return {"videos": "moved"}


def own(teacher, change):
    """A teacher's folder, copied into the project and changed there."""

    def apply(project):
        project.path("resources").unlink()
        shutil.copytree(ROOT / "resources", project.path("resources"))
        change(project.path(f"resources/teachers/{teacher}"))

    return apply


def new_card(folder):
    (folder / "README.md").write_text("another card", encoding="utf-8")


def new_bytes(folder):
    path = folder / "config.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def docstrings(project):
    for name in (
        "scripts/cut_clips.py",
        "scripts/strefer/clips/cut_clips.py",
        "scripts/strefer/stage/run.py",
    ):
        path = project.path(name)
        text = path.read_text(encoding="utf-8").replace('"""', '"""Said otherwise. ', 1)
        path.write_text(f"# A comment.\n{text}\n# Another.\n", encoding="utf-8")


CHAT = ("recognize_entities", "transcribe_clips")
LLM = ("parse_references", "read_statements", "write_instructions")
VISION = ("cut_clips", "track_entities", "assign_masklets")
STUDENT = ("train_checkpoint", "predict_answers")
NOTHING = (set(), ())
NEW = shard_of("new.mp4", 2), shard_of("copied.mp4", 2), shard_of("renamed.mp4", 2)
DATA = everywhere(*OF_SHARDS)


def rules_of(*rules):
    """The row of a change that concerns these rules: their jobs, and their stages' items."""
    return everywhere(*rules), tuple(STAGES[rule] for rule in rules if rule in STAGES)


def groups(*names):
    """The row of a change that concerns these groups of pairs."""
    return everywhere("write_instructions"), tuple(f"instructions: {name}" for name in names)


def by_llm():
    """The row of a change of the LLM: it parses references, reads statements, and writes four groups."""
    return everywhere(*LLM), ("references", "statements", *ASKED[1])


ASKED = groups("G2", "G4", "G6", "G8")
# fmt: off
ROWS = {
    "nothing": (configure(), *NOTHING),
    # Films.
    "a film's bytes": (other_bytes, {("probe_videos", SHARDS[ALONE])}, ()),
    "a film touched": (touch(f"films/{ALONE}"), *NOTHING),
    "a film of more than a megabyte touched": (touch(f"films/{PADDED}"), *NOTHING),
    "a film added": (add_new, {("probe_videos", NEW[0])}, ()),
    "a copy of a film added": (add, {("probe_videos", NEW[1])}, ()),
    "a film removed": (remove, {("probe_videos", SHARDS[IN_COMPANY])}, ()),
    "a film renamed": (rename, {("probe_videos", SHARDS[IN_COMPANY]), ("probe_videos", NEW[2])}, ()),
    "all films moved": (move_all, DATA, ()),
    "the number of shards": (configure(shards=1), {(rule, 0) for rule in OF_SHARDS}, ()),
    # Prompts and phrasings.
    "prompt entity_recognizer": (edit("config/prompts/demo/entity_recognizer.txt", " Now."), *rules_of("recognize_entities")),
    "prompt entity_recognizer, a blank line": (edit("config/prompts/demo/entity_recognizer.txt", "\n"), everywhere("recognize_entities"), ()),
    "prompt referring_parser": (edit("config/prompts/demo/referring_parser.txt", " Now."), *rules_of("parse_references")),
    "prompt existence": (edit("config/prompts/demo/existence.txt", " Now."), *rules_of("transcribe_clips")),
    "prompt behaviour": (edit("config/prompts/demo/behaviour.txt", " Now."), *rules_of("transcribe_clips")),
    "prompt assigner, which nobody asks": (edit("config/prompts/demo/assigner.txt", " Now."), *NOTHING),
    "prompt statement_reader": (edit("config/prompts/demo/statement_reader.txt", " Now."), *rules_of("read_statements")),
    "prompt question_writer": (edit("config/prompts/demo/question_writer.txt", " Now."), *ASKED),
    "prompt proof_reader, which nobody asks": (edit("config/prompts/proof_reader.txt", " Now."), *NOTHING),
    "prompt judge_choice": (edit("config/prompts/demo/judge_choice.txt", " Now."), everywhere("score_predictions"), ()),
    "a phrasing": (edit("config/phrasings/timestamps.txt", replace=("What", "Say what")), *groups("G3")),
    # Models.
    "revision of the video LLM": (configure(agents={"video_llm": {"revision": "b"}}), *rules_of(*CHAT)),
    "revision of the LLM": (configure(agents={"llm": {"revision": "b"}}), *by_llm()),
    "revision of the judge": (configure(agents={"judge": {"revision": "b"}}), everywhere("score_predictions"), ()),
    "revision of the tracker": (configure(agents={"tracker": {"revision": "b"}}), *rules_of("track_entities")),
    "a file of the LLM": (own("llm", new_bytes), *by_llm()),
    "a file of the judge": (own("judge", new_bytes), everywhere("score_predictions"), ()),
    "a file of the starting student": (own("student", new_bytes), everywhere("train_checkpoint"), ()),
    "the LLM's card": (own("llm", new_card), *NOTHING),
    "an environment named that an agent has anyway": (configure(agents={"llm": {"environment": "chat"}}), *NOTHING),
    "requests in a batch": (configure(agents={"llm": {"max_batch": 3}, "video_llm": {"device": "cpu"}}, entities={"batch_films": 2}), *NOTHING),
    # Parameters.
    "parameter of clips": (configure(clips={"min_segment_s": 0.5}), *rules_of("cut_clips")),
    "parameter of entities": (configure(entities={"max_new_tokens": 63}), *rules_of("recognize_entities")),
    "parameter of references": (configure(references={"max_entities": 19}), *rules_of("parse_references")),
    "parameter of tracks": (configure(tracks={"nms_iou": 0.71}), *rules_of("track_entities")),
    "parameter of masklets": (configure(masklets={"switch_cost": 10.1}), *rules_of("assign_masklets")),
    "parameter of transcripts": (configure(transcripts={"behaviour_tokens": 39}), *rules_of("transcribe_clips")),
    "parameter of statements": (configure(statements={"max_new_tokens": 99}), *rules_of("read_statements")),
    "the rate of a group": (configure(instructions={"pairs_per_minute": {"G2": 9}}), *groups("G2")),
    "parameter of instructions": (configure(instructions={"time_answers": False}), *rules_of("write_instructions")),
    "parameter of training": (configure(training={"learning_rate": 0.002}), everywhere("train_checkpoint"), ()),
    "the seed": (configure(seed=1), everywhere(*CHAT, *LLM, "draw_base", *STUDENT, "score_predictions", "write_report"), ("entities", "references", "transcripts", "statements", "instructions")),
    "strict": (configure(strict=True), DATA, ()),
    # Code.
    "comments and docstrings": (docstrings, *NOTHING),
    "how jobs log": (module("workflow/logs"), *NOTHING),
    "how a job's machine is described": (module("stage/job_facts"), *NOTHING),
    "a script": (edit("scripts/cut_clips.py", "\n_CHANGED = 1\n"), *rules_of("cut_clips")),
    "module of videos": (module("videos/probe_videos"), *rules_of("probe_videos")),
    "module of clips": (module("clips/segmentation"), *rules_of("cut_clips")),
    "module of entities": (module("entities/recognize_entities"), *rules_of("recognize_entities")),
    "module of references": (module("entities/parse_references"), *rules_of("parse_references")),
    "module of tracks": (module("masklets/joining"), *rules_of("track_entities")),
    "module of masklets": (module("masklets/assignment_ours"), *rules_of("assign_masklets")),
    "module of transcripts": (module("transcripts/disagreements"), *rules_of("transcribe_clips")),
    "module of statements": (module("statements/with_llm"), *rules_of("read_statements")),
    "module of instructions": (module("instructions/verification/claims"), *rules_of("write_instructions")),
    "module of recipes": (module("recipes/mix_recipe"), everywhere("mix_recipe"), ()),
    "module of training": (module("videollm/training/train_checkpoint"), everywhere("train_checkpoint"), ()),
    "module of predictions": (module("videollm/student"), everywhere("predict_answers"), ()),
    "module of scores": (module("benchmarks/score_predictions"), everywhere("score_predictions", "gather_scores", "write_report"), ()),
    "module of the report": (module("report/write_report"), everywhere("write_report"), ()),
    "module of the chat models": (module("agents/chat/with_transformers"), everywhere(*CHAT, *LLM, "assign_masklets", "score_predictions"), ("entities", "references", "masklets", "transcripts", "statements", "instructions")),
    "module of all stages": (module("stage/run"), DATA | everywhere("draw_base", "mix_recipe", "train_checkpoint", "predict_answers", "score_predictions", "gather_scores", "write_report"), tuple(STAGES.values())),
    # Other files.
    "a recipe": (edit("config/recipes/strefer.yaml", replace=("groups: all", "groups: all\n    share: 0.5")), {("mix_recipe", "strefer")}, ()),
    "a comment in a recipe": (edit("config/recipes/strefer.yaml", "# why\n"), *NOTHING),
    "a benchmark's file": (edit("questions/videorefer_q.json", "\n"), everywhere("predict_answers", "score_predictions"), ()),
    "a benchmark's film": (other_benchmark_film, everywhere("predict_answers"), ()),
    "a benchmark's film touched": (touch_benchmark_film, *NOTHING),
    "a film of no question added to a benchmark": (add_benchmark_film, *NOTHING),
    "an environment file": (edit("envs/vision.yaml", replace=("scenedetect==0.7.", "scenedetect==0.8.")), *rules_of(*VISION)),
    "a comment in an environment file": (edit("envs/vision.yaml", "# why\n"), *NOTHING),
    "the report's template": (edit("scripts/strefer/report/template.html.j2", "<!-- end -->"), everywhere("write_report"), ()),
}
# A row of each kind; the others are as exact, and left out unless called with `-m long`.
SHORT = (
    "nothing", "a film's bytes", "a film of more than a megabyte touched", "a film added",
    "a film removed", "a film renamed", "the number of shards", "prompt existence",
    "revision of the LLM", "requests in a batch", "parameter of clips", "parameter of masklets",
    "parameter of training", "comments and docstrings", "module of clips",
    "module of references", "a recipe", "a comment in a recipe", "a benchmark's file", "a benchmark's film",
    "a benchmark's film touched", "an environment file",
    "a comment in an environment file",
)
# fmt: on
assert set(SHORT) <= set(ROWS)
