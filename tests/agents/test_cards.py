from pathlib import Path

import pytest

from strefer.agents.cards import DRAWN_WORLD, licence_of, read_card, warn_of_strangers

ROOT = Path(__file__).parents[2]
TEACHERS = sorted(path.parent for path in (ROOT / "resources/teachers").glob("*/README.md"))


@pytest.mark.parametrize("text", ["# Nothing stated\n", "---\n- a list\n---\n", "---\na: [\n---\n"])
def test_cards_without_a_licence(tmp_path, text):
    (tmp_path / "README.md").write_text(text)
    assert licence_of(str(tmp_path)) == "not stated"


@pytest.mark.parametrize("folder", TEACHERS, ids=lambda folder: folder.name)
def test_the_demos_agents_name_the_drawn_world_as_their_data(folder):
    assert read_card(str(folder))["datasets"] == [DRAWN_WORLD]


def test_agents_that_know_the_drawn_world_alone_are_named():
    agents = {
        "llm": {"model": "Qwen/Qwen2.5-3B-Instruct"},
        "tracker": {"model": str(ROOT / "resources/teachers/tracker")},
        "detector": {"model": str(ROOT / "resources/teachers/detector")},
    }
    warning = warn_of_strangers(agents)
    assert "detector, tracker know only the demo's drawn world" in warning
    assert "llm" not in warning
    assert warn_of_strangers({"llm": agents["llm"]}) is None


def test_the_cards_of_teachers_that_are_trained_again_name_it_too():
    for path in sorted((ROOT / "scripts/drawn_world/teachers").glob("*/card.py")):
        assert f"datasets: [{DRAWN_WORLD}]" in path.read_text(encoding="utf-8"), path
