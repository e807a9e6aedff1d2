"""The plot of `make reproduce`: every recipe on every benchmark."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from strefer.benchmarks.registry import BENCHMARKS
from strefer.figures import Figures

_COMPARED = ("difference", "difference_low", "difference_high")


def draw_reproduction(figures: Figures, path: Path) -> None:
    """Write an SVG: a panel a benchmark, a point a recipe (mean over seeds); the bar at the last
    one is the 95% interval of its difference to the first, the dashed line.

    Args:
        figures: of reproduce.json; benchmarks without values are left out.
    """
    shown = [name for name in BENCHMARKS if figures.get(f"{name}.strefer") is not None]
    mpl.rcParams["svg.hashsalt"] = "strefer"  # the same file for the same figures
    figure = Figure(figsize=(3.2 * max(len(shown), 1), 3.4), layout="constrained")
    for number, name in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), number)
        values = {
            key.partition(".")[2]: value
            for key, value in figures.items()
            if key.startswith(f"{name}.") and value is not None
        }
        difference, low, high = (values.pop(key, 0.0) for key in _COMPARED)
        base, strefer = values.pop("base"), values.pop("strefer")
        recipes = {"base": base, **dict(sorted(values.items())), "strefer": strefer}
        axes.axhline(base, color="0.6", linestyle="--", linewidth=1)
        axes.plot(list(recipes), list(recipes.values()), "o", color="tab:blue")
        bars = [[max(difference - low, 0)], [max(high - difference, 0)]]
        axes.errorbar(["strefer"], [strefer], yerr=bars, color="tab:orange", fmt="o", capsize=4)
        axes.set_title(BENCHMARKS[name].title, fontsize=9)
        axes.tick_params(axis="x", labelrotation=90, labelsize=7)
        axes.tick_params(axis="y", labelsize=7)
    figure.savefig(path, metadata={"Date": None})
