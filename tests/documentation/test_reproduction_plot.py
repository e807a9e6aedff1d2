"""The plot of the reproduction shows every benchmark that was measured, and every recipe."""

from strefer.documentation.reproduction_plot import draw_reproduction


def test_a_panel_a_measured_benchmark_and_the_same_bytes_again(tmp_path):
    figures = {"videomme.base": None, "videomme.strefer": None}
    for name in ("videorefer_q", "tempcompass"):
        figures |= {f"{name}.base": 0.3, f"{name}.g1": 0.35, f"{name}.strefer": 0.5}
        figures |= {f"{name}.difference": 0.2, f"{name}.difference_low": 0.1}
        figures |= {f"{name}.difference_high": 0.3, f"{name}.strefer-text": 0.1}
    draw_reproduction(figures, tmp_path / "one.svg")
    draw_reproduction(figures, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn.count('<g id="axes_') == 2
    assert drawn == (tmp_path / "two.svg").read_text()
