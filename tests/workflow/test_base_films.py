"""Films of base data of one's own are inputs of the training."""

import json
import os
import time

import pytest

from helpers.films import write_film

pytestmark = pytest.mark.workflow
STUDENT = "results/based/checkpoints/base"


def test_a_changed_film_of_base_data_trains_again(workplace, tmp_path):
    film = tmp_path / "films" / "a.mp4"
    film.parent.mkdir()
    write_film(film)
    turns = [{"from": "human", "value": "<image>\nWho?"}, {"from": "gpt", "value": "A dog."}]
    samples = [{"video": f"films/{name}", "conversations": turns} for name in ("a.mp4", "gone.mp4")]
    (tmp_path / "base.json").write_text(json.dumps(samples))
    for made in ("recipes/base.jsonl", "checkpoints/base/model.safetensors"):
        file = workplace.results("based") / made
        file.parent.mkdir(parents=True)
        file.touch()

    def call(how):
        config = ("run=based", f"videos={film.parent}", f"base_data={tmp_path}", "recipes=[base]")
        done = workplace.run(how, config=config, targets=(STUDENT,))
        return done.stdout + done.stderr

    call("--touch")
    assert "Nothing to be done" in call("--dry-run")
    write_film(film, n_frames=9)
    os.utime(film, times=(time.time() + 60,) * 2)
    planned = call("--dry-run")
    assert "rule train_checkpoint:" in planned
    assert "rule mix_recipe:" not in planned


def test_a_missing_base_file_is_named_with_the_recipe_and_the_way_out(workplace, tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mp4")
    config = (f"videos={tmp_path / 'films'}", f"base_data={tmp_path}", "recipes=[base]")
    done = workplace.run("--dry-run", config=("run=missing", *config), check=False)
    wanted = f"recipe base: base data {tmp_path / 'base.json'}: no such file. Put it there"
    assert wanted in done.stdout + done.stderr
    checked = workplace.run(config=("run=missing", *config), targets=("check",))
    assert wanted in checked.stdout.split("MISSING ON THIS MACHINE")[1]
