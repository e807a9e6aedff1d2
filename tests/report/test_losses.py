from helpers.report_run import write_page, write_stages
from strefer.report.chain import read_stages
from strefer.report.losses import count_losses, in_general


def test_what_was_lost_is_counted_with_its_reason(tmp_path):
    failures = {
        "clips": [("bad.mp4", "/films/bad.mp4: the film ends after 3 s")],
        "entities": [("bad.mp4", "gone"), ("worse.mp4", "'what'")],
    }
    stages = write_stages(tmp_path / "stages", "a.mp4", ["It sits."], failures=failures)
    films, expressions, lines, pairs = count_losses(read_stages(stages))
    assert films.lost == {"clips: … the film ends after … s": 1, "entities: …": 1}
    assert (expressions.total, expressions.left) == (1, 1)
    assert lines.lost == {"not read": 1}
    assert pairs.lost == {"transcript: no": 1}
    assert (pairs.total, pairs.left) == (2, 1)
    page = write_page(tmp_path, stages)
    assert "1 of 2 pairs" in page


def test_reasons_of_one_kind_are_one():
    first = in_general("its best track fits 'a cat' better")
    assert first == in_general('its best track fits "the dog" better')
    one, other = (in_general(f"scores {score}, below min_score 0.02") for score in ("1e-05", "0.3"))
    assert one == other
