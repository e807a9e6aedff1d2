"""Films of base data of one's own are inputs of the training."""

import json
import os
import re
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

    config = {"run": "based", "base_data": str(tmp_path), "recipes": ["base"]}
    config["videos"] = str(film.parent)

    def planned(**how):
        return [job.rule.name for job in workplace.plan(config, targets=[STUDENT], **how)]

    planned(touch=True)
    assert planned() == []
    write_film(film, n_frames=9)
    os.utime(film, times=(time.time() + 60,) * 2)
    assert planned() == ["train_checkpoint"]


def test_a_missing_base_file_is_named_with_the_recipe_and_the_way_out(workplace, tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mp4")
    config = {"videos": str(tmp_path / "films"), "base_data": str(tmp_path), "recipes": ["base"]}
    wanted = f"recipe base: base data {tmp_path / 'base.json'}: no such file. Put it there"
    with pytest.raises(RuntimeError, match=re.escape(wanted)):
        workplace.plan({"run": "missing"} | config)
    given = [f"{name}={value}" for name, value in config.items()]
    checked = workplace.run(config=("run=missing", *given), targets=("check_all",))
    assert wanted in checked.stdout.split("MISSING ON THIS MACHINE")[1]
