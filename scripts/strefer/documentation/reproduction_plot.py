"""The plot of `make reproduce`: every recipe on every benchmark."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from strefer.benchmarks.registry import BENCHMARKS
from strefer.documentation.figures import Figures, compared_recipes

# The control without film and masks lies so far below that nothing else could be told apart.
_LEFT_OUT = "strefer-text"


def draw_reproduction(figures: Figures, path: Path) -> None:
    """Write an SVG: a panel a benchmark, a point a recipe (mean over seeds). A bar is the 95%
    interval of the recipe's difference from the first, the dashed line.

    Args:
        figures: of reproduce.json; benchmarks without values are left out.
    """
    shown = [name for name in BENCHMARKS if figures.get(f"{name}.strefer") is not None]
    recipes = compared_recipes(figures)
    recipes.pop(_LEFT_OUT, None)
    mpl.rcParams["svg.hashsalt"] = "strefer"  # the same file for the same figures
    figure = Figure(figsize=(3.2 * max(len(shown), 1), 3.4), layout="constrained")
    for number, name in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), number)
        base = figures[f"{name}.base"]
        axes.axhline(base, color="0.6", linestyle="--", linewidth=1)
        for recipe, benchmarks in recipes.items():
            compared = benchmarks[name]
            color = "tab:orange" if recipe == "strefer" else "tab:blue"
            axes.plot([recipe], [compared.value], "o", color=color)
            if compared.low is not None:
                ends = [base + compared.low, base + compared.high]
                axes.plot([recipe, recipe], ends, color=color)
        axes.set_title(BENCHMARKS[name].title, fontsize=9)
        axes.tick_params(axis="x", labelrotation=90, labelsize=7)
        axes.tick_params(axis="y", labelsize=7)
    figure.savefig(path, metadata={"Date": None})
