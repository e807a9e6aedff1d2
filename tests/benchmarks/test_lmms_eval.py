"""The tasks and the model in integrations/lmms_eval, with the real lmms-eval.

lmms-eval wants other versions of some packages than this project, so it has an environment of its
own: STREFER_LMMS_PYTHON names its Python. Without it the test is skipped.
"""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from drawn_world.questions.draw_benchmarks import draw_benchmarks
from strefer.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "integrations" / "lmms_eval"
FILES = {
    "videorefer_q": "videorefer_q.json",
    "videorefer_d": "videorefer_d.json",
    "qvhighlights": "qvhighlights.jsonl",
    "qvhighlights_balanced": "qvhighlights.jsonl",
}


def lmms_python():
    python = os.environ.get("STREFER_LMMS_PYTHON", shutil.which("python"))
    found = subprocess.run([python, "-c", "import lmms_eval"], capture_output=True)
    if found.returncode:
        pytest.skip("lmms-eval is not installed; set STREFER_LMMS_PYTHON to a Python that has it")
    return python


def register(folder):
    """What `pip install` would write, so that lmms-eval finds the model."""
    project = tomllib.loads((INTEGRATION / "pyproject.toml").read_text())["project"]
    folder = folder / "strefer_lmms_eval-0.1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1\n"
    )
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {point}" for name, point in points.items()))
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return folder.parent


def test_a_checkpoint_scores_in_lmms_eval_as_it_does_here(tmp_path, capsys):
    python = lmms_python()
    draw_benchmarks(tmp_path / "files", 4, seed=0)
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    given = {
        name: ["--annotations", str(tmp_path / "files" / file), "--videos", str(tmp_path / "films")]
        for name, file in FILES.items()
    }
    (tmp_path / "files" / "videos").rename(tmp_path / "films")
    lost = sorted((tmp_path / "films").iterdir())[0]
    lost.unlink()
    for name, arguments in given.items():
        output = tmp_path / "strefer_questions" / f"{name}.jsonl"
        assert main(["questions", name, *arguments, "--answers", "--output", str(output)]) == 0
    paths = [str(register(tmp_path / "registered")), str(INTEGRATION)]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    command = [python, "-m", "lmms_eval", "--model", "strefer", "--include_path"]
    command += [str(INTEGRATION / "tasks"), "--model_args"]
    command += ["checkpoint=resources/teachers/student,device=cpu", "--tasks"]
    command += [",".join(f"strefer_{name}" for name in FILES), "--log_samples"]
    done = subprocess.run(
        [*command, "--output_path", "out"],
        cwd=tmp_path,
        env=os.environ | offline | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    results = list((tmp_path / "out").rglob("*_results.json"))
    assert len(results) == 1, done.stdout + done.stderr
    assert f"strefer: no answer about {lost}" in done.stdout
    figures = json.loads(results[0].read_text())["results"]
    capsys.readouterr()
    for name, arguments in given.items():
        (log,) = (tmp_path / "out").rglob(f"*_samples_strefer_{name}.jsonl")
        assert main(["score", name, *arguments, "--predictions", str(log)]) == 0
        printed = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
        for metric in ("accuracy", "strict") if name != "videorefer_d" else ():
            assert printed[metric] == f"{figures[f'strefer_{name}'][f'{metric},none']:.4f}"
        assert 0 < figures[f"strefer_{name}"]["answer,none"] < 1
