"""The plot of `make reproduce`: every recipe on every benchmark, those that rise in large."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from strefer.benchmarks.registry import BENCHMARKS
from strefer.documentation.figures import Figures, compared_recipes

# The control without film and masks is so far below the rest that it would hide all differences.
_LEFT_OUT = "strefer-text"
_PANELS = 6  # columns of the grid: the least that two and three panels divide


def draw_reproduction(figures: Figures, path: Path) -> None:
    """Write an SVG: a panel a benchmark, a point a recipe (mean over seeds). A bar is the 95%
    interval of the recipe's difference from the first, the dashed line. Benchmarks on which the
    recipe `strefer` is significantly better are in the first row, in large.

    Args:
        figures: of reproduce.json; benchmarks without values are left out.
    """
    shown = [name for name in BENCHMARKS if figures.get(f"{name}.strefer") is not None]
    rising = [name for name in shown if (figures.get(f"{name}.difference_low") or 0) > 0]
    rows = [row for row in (rising, [name for name in shown if name not in rising]) if row]
    mpl.rcParams["svg.hashsalt"] = "strefer"  # the same file for the same figures
    figure = Figure(figsize=(10, 3.6 * len(rows)), layout="constrained")
    grid = figure.add_gridspec(max(len(rows), 1), _PANELS)
    for place, row in enumerate(rows):
        width = _PANELS // len(row)
        for column, name in enumerate(row):
            axes = figure.add_subplot(grid[place, column * width : (column + 1) * width])
            _draw_panel(axes, figures, name, size=10 if row is rising else 8)
    figure.savefig(path, metadata={"Date": None})


def _draw_panel(axes: Axes, figures: Figures, name: str, size: int) -> None:
    base = figures[f"{name}.base"]
    axes.axvline(base, color="0.6", linestyle="--", linewidth=1)
    recipes = [(r, of[name]) for r, of in compared_recipes(figures).items() if r != _LEFT_OUT]
    for recipe, compared in reversed(recipes):
        color = "tab:orange" if recipe == "strefer" else "tab:blue"
        axes.plot([compared.value], [recipe], "o", color=color)
        if compared.low is not None:
            ends = [base + compared.low, base + compared.high]
            axes.plot(ends, [recipe, recipe], color=color)
    axes.set_title(BENCHMARKS[name].title, fontsize=size + 1)
    axes.tick_params(labelsize=size)
