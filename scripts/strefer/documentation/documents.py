"""The parts of the documentation that are made: the options table and the tables of figures.

`python -m strefer docs` writes them between their marks; a test fails when they drift.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from strefer.benchmarks.registry import BENCHMARKS
from strefer.documentation.figures import Compared, compared_recipes
from strefer.files import ROOT
from strefer.workflow.configuration.tables import agents_table, options_table

FOLDER = ROOT / "docs" / "figures"


def replace_part(text: str, name: str, content: str) -> str:
    """The text with what is between `<!-- name -->` and `<!-- end of name -->` replaced.

    Raises:
        ValueError: if the marks are missing.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the marks {begin} and {end} are missing")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def is_measured(figures: dict) -> bool:
    """True if a figures file has any value."""
    return any(value is not None for name, value in figures.items() if name != "about")


def figures_table(figures: dict) -> str:
    """A figures file as Markdown: a table of the plain figures, then one of those by group and one
    of those by hard case, a row a figure. Figures that were not measured are marked."""
    plain, cases, groups = {}, {}, {}
    for name, value in figures.items():
        head, _, case = name.partition("@")
        of_group = re.fullmatch(r"(.+)_(G[1-8])", head)
        if name == "about":
            continue
        if case:
            cases.setdefault(head, {})[case] = value
        elif of_group:
            groups.setdefault(of_group[1], {})[of_group[2]] = value
        else:
            plain[name] = value
    rows = ["| figure | value |", "|---|---:|"]
    rows += [f"| `{name}` | {_shown(value)} |" for name, value in plain.items()]
    rows += _matrix("by group", groups) + _matrix("by case", cases)
    return _with_circumstances(figures, rows)


def _matrix(title: str, values: dict[str, dict[str, float | None]]) -> list[str]:
    """Rows of a table with a row a figure and a column a case; none without figures."""
    columns = sorted({case for by_case in values.values() for case in by_case})
    if not columns:
        return []
    rows = ["", f"| {title} | " + " | ".join(c.replace("_", " ") for c in columns) + " |"]
    rows.append("|---|" + "---:|" * len(columns))
    for name, by_case in values.items():
        cells = [_shown(by_case[c]) if c in by_case else "" for c in columns]
        rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return rows


# The figures in README: (description, file, key).
RESULTS = (
    ("Pairs that are true, before verification", "quality", "pairs.true_before"),
    ("Pairs that are true, after verification", "quality", "pairs.true_after"),
    ("True pairs that verification keeps", "quality", "pairs.true_kept"),
    ("Pairs per minute of film", "quality", "pairs.per_minute_film"),
    ("Masklets, published procedure (J&F)", "quality", "masklets.paper.jf"),
    ("Masklets, our procedure (J&F)", "quality", "masklets.ours.jf"),
    ("Hard cuts found (F1)", "quality", "segments.hard_f1"),
    ("Gradual transitions found (F1)", "quality", "segments.gradual_f1"),
)


REAL_RESULTS = (
    ("Pairs read aloud that are good", "text.good"),
    ("Pairs read aloud that are false", "text.false"),
    ("Readable odd replies that are read right", "replies.read"),
    ("Refusals that are refused", "replies.refused"),
    ("Hard cuts found, content detector (F1)", "shots.hard_f1@content"),
    ("Gradual transitions found, content detector (F1)", "shots.gradual_f1@content"),
    ("Gradual transitions found, TransNetV2 (F1)", "shots.gradual_f1@transnetv2"),
)


def results_table(figures: dict[str, dict]) -> str:
    """The main figures as Markdown: quality of the data, what real material gives, and `base`
    beside `strefer`.

    Args:
        figures: figures files by name.
    """
    rows = ["| in the drawn world, 300 held-out films | |", "|---|---:|"]
    rows += [f"| {what} | {_shown(figures[file][key])} |" for what, file, key in RESULTS]
    rows += ["", "| real text and films | |", "|---|---:|"]
    rows += [f"| {what} | {_shown(figures['real'][key])} |" for what, key in REAL_RESULTS]
    reproduced = figures["reproduce"]
    head = (
        "benchmark, in miniature",
        "base data",
        "with the new data",
        "95% interval of the difference",
    )
    rows += ["", f"| {' | '.join(head)} |", "|---|---:|---:|---:|"]
    for name, benchmark in BENCHMARKS.items():
        if f"{name}.base" not in reproduced:
            continue
        base, strefer = (_shown(reproduced[f"{name}.{r}"]) for r in ("base", "strefer"))
        ends = [reproduced.get(f"{name}.difference_{end}") for end in ("low", "high")]
        known = None not in ends
        interval = "{:+.2g} to {:+.2g}".format(*ends) if known else _shown(None)
        if known and (ends[0] > 0 or ends[1] < 0):
            interval = f"**{interval}**"
        rows.append(f"| {benchmark.title} | {base} | {strefer} | {interval} |")
    return "\n".join(rows)


def recipes_table(figures: dict) -> str:
    """The figures of reproduce.json as Markdown table: a row a recipe, a column a benchmark."""
    shown = [name for name in BENCHMARKS if f"{name}.base" in figures]
    rows = [
        "In brackets: the 95% interval of the difference from `base`.",
        "",
        "| recipe | " + " | ".join(f"`{name}`" for name in shown) + " |",
        "|---|" + "---|" * len(shown),
    ]
    for recipe, compared in compared_recipes(figures).items():
        cells = [_cell(compared[name]) for name in shown]
        rows.append(f"| `{recipe}` | " + " | ".join(cells) + " |")
    return _with_circumstances(figures, rows)


def _cell(compared: Compared) -> str:
    if compared.value is None:
        return _shown(None)
    interval = ""
    if compared.low is not None and compared.high is not None:
        low, high = (_rounded(end, "+#.2g") for end in (compared.low, compared.high))
        interval = f" ({low} to {high})"
    return _rounded(compared.value, "#.3g") + interval


def _rounded(value: float, form: str) -> str:
    return format(value, form).rstrip(".")


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _with_circumstances(figures: dict, rows: list[str]) -> str:
    about = figures["about"]
    if not is_measured(figures):
        return f"`{about['command']}` will print these. Nothing has been measured yet."
    parts = about.get("parts", {})
    where = [
        "{}commit {commit}, {date}, {machine}.".format(f"`{part}`: " if part else "", **seen)
        for part, seen in (parts or {"": about}).items()
    ]
    return "\n".join([f"`{about['command']}` printed these.", *where, "", *rows])


TABLES = {
    "quality": figures_table,
    "bench": figures_table,
    "reproduce": recipes_table,
    "real": figures_table,
}


def _read_figures(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def made_documents() -> dict[Path, str]:
    """Every document that has made parts, as it should be."""
    options = ROOT / "config" / "README.md"
    text = replace_part(options.read_text(encoding="utf-8"), "options", options_table())
    documents = {options: replace_part(text, "options of agents", agents_table())}
    readme = FOLDER / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, table_of in TABLES.items():
        text = replace_part(text, name, table_of(_read_figures(name)))
    documents[readme] = text
    front = ROOT / "README.md"
    results = results_table({name: _read_figures(name) for name in TABLES})
    documents[front] = replace_part(front.read_text(encoding="utf-8"), "results", results)
    return documents


def write_documents() -> None:
    """Write the made parts, and the plot of the reproduction once it is measured."""
    for path, text in made_documents().items():
        path.write_text(text, encoding="utf-8")
    figures = _read_figures("reproduce")
    if is_measured(figures):
        from strefer.documentation.reproduction_plot import (
            draw_reproduction,  # matplotlib is slow to load
        )

        draw_reproduction(figures, FOLDER / "reproduce.svg")
