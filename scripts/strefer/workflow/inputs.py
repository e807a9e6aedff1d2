"""The rules' inputs other than stages' files: films, models, benchmarks and base data."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strefer.benchmarks.registry import load_questions
from strefer.recipes.base_data import base_files, films_of_base, missing_base
from strefer.recipes.recipe import Recipe
from strefer.stage.fingerprint import model_files
from strefer.videos.find_videos import film_marks, printable, shard_of
from strefer.workflow.stages import STAGES, loaded_roles, prompts_of

# Snakemake keeps and looks at every input: a million would take it minutes and gigabytes.
MOST_FILM_INPUTS = 50_000


def is_plain_file(path: str) -> bool:
    """True if Snakemake can take a file as input.

    It would take braces in a name for a wildcard, and has no way to escape them; and one film that
    is missing, or is not a file, would stop it.
    """
    return not set("{}\n") & set(path) and printable(path) == path and os.path.isfile(path)


def inputs_among(films: Sequence[str], total: int | None = None) -> list[str]:
    """Those of some films, of `total` in all, that are inputs of their job. For the others a digest
    goes into its parameters (`marks_among`)."""
    few = (total or len(films)) <= MOST_FILM_INPUTS
    return [path for path in films if few and is_plain_file(path)]


def marks_among(films: Sequence[str], total: int | None = None) -> str:
    """A digest of size and time of the films that are not inputs, so that changes of those still
    trigger reruns; "" if all are."""
    inputs = set(inputs_among(films, total))
    return film_marks([path for path in films if path not in inputs])


class ShardedFilms:
    """The raw films in their shards.

    Attributes:
        shards: the shards' names. One without films is left out and has no job, so that a new film
            touches one shard.
    """

    def __init__(self, films: Mapping[str, str], n_shards: int, drawn: bool) -> None:
        """
        Args:
            films: paths by id.
            drawn: True if a rule makes the films, so that they may not be there yet.
        """
        self.n_films, self.drawn = len(films), drawn
        members: dict[str, dict[str, str]] = {}
        for film, path in films.items():
            name = f"{shard_of(film, n_shards):05d}-of-{n_shards:05d}"
            members.setdefault(name, {})[film] = path
        self._members = members
        self.shards = sorted(members)

    def films(self, shard: str) -> dict[str, str]:
        """The paths of a shard's films, by id."""
        return dict(self._members[shard])

    def inputs(self, shard: str) -> list[str]:
        """A shard's films, but for those that cannot be inputs."""
        films = list(self._members[shard].values())
        return films if self.drawn else inputs_among(films, self.n_films)

    def marks(self, shard: str) -> str:
        """A digest of size and time of those that cannot."""
        films = list(self._members[shard].values())
        return "" if self.drawn else marks_among(films, self.n_films)


def missing_files(config: Mapping[str, Any]) -> Iterator[str]:
    """List what a complete configuration names and is not there, one line each: prompts, models in
    folders and chat templates.

    A name with one slash or none may be a model of the hub, so it is not looked at here.
    """
    prompts = {role: path for stage in STAGES for role, path in prompts_of(stage, config).items()}
    for role, path in prompts.items():
        if not os.path.isfile(path):
            yield f"configuration: 'prompts.{role}' is {path!r}, but there is no such file"
    for role in sorted(loaded_roles(config)):
        spec = config["agents"][role]
        model, template = str(spec["model"]), spec.get("chat_template")
        if "openai" in (spec["adapter"], spec.get("engine")):
            continue  # the server's names
        if (model[:1] in ("", ".", "/", "~") or model.count("/") > 1) and not os.path.exists(model):
            yield (
                f"configuration: 'agents.{role}.model' is {model!r}, but there is no such folder; "
                "name a local folder or a model of the hub, such as Qwen/Qwen3-VL-4B-Instruct"
            )
        if template and not os.path.isfile(template):
            path = f"agents.{role}.chat_template"
            yield f"configuration: {path!r} is {template!r}, but there is no such file"


def local_files(*models: str) -> list[str]:
    """The files of models that are local folders; a model's name may start with `open_clip:`."""
    specs = [{"model": model.removeprefix("open_clip:")} for model in models]
    return [str(path) for spec in specs for path in model_files(spec)]


class Benchmarks:
    """The benchmarks that have files, and the films of their questions.

    Attributes:
        files: by benchmark, `annotations`, `videos` and `subtitles`.
    """

    def __init__(self, configured: Mapping[str, Mapping[str, Any]], world: str, seed: int) -> None:
        """
        Args:
            configured: the configuration's `benchmarks`; those without annotations are left out.
            world: the folder of the demo's own material, which replaces {world}.
            seed: seed of a benchmark's random choices.
        """
        self.world, self.seed = world, seed
        self.files = {
            name: {key: path and path.replace("{world}", world) for key, path in files.items()}
            for name, files in configured.items()
            if files["annotations"]
        }

    def is_drawn(self, name: str) -> bool:
        """True if a benchmark is the demo's own: its files and films are one rule's output."""
        return self.files[name]["annotations"].startswith(self.world)

    @property
    def annotations(self) -> list[str]:
        """All annotation files; for the demo's own, the folder that also has their films."""
        drawn = f"{self.world}/benchmarks"
        files = self.files.items()
        return sorted({drawn if self.is_drawn(n) else str(f["annotations"]) for n, f in files})

    @functools.cached_property
    def films(self) -> list[str]:
        """The films of all questions; none for the demo's own benchmarks."""
        own = [name for name in self.files if not self.is_drawn(name)]
        return sorted({film for name in own for film in self._films_of(name)})

    def _films_of(self, name: str) -> set[str]:
        try:
            questions = load_questions(name, self.files[name], self.seed)
        except ValueError:
            return set()  # the job says what is wrong with the files
        return {question.sample["path"] for question in questions}


class BaseData:
    """The base data that recipes name: the demo's own folder, or files of the user's.

    Attributes:
        root: the folder that the recipes' paths are relative to.
    """

    def __init__(self, configured: str, world: str, recipes: Mapping[str, Recipe]) -> None:
        """
        Args:
            configured: the configuration's `base_data`.
            world: the folder of the demo's own material.
            recipes: by name.
        """
        self.is_drawn = configured == "demo"
        self.root = f"{world}/base" if self.is_drawn else configured
        self.recipes = recipes
        self._films_of_base = functools.cache(films_of_base)  # recipes share their base files
        self.films = functools.cache(self._films)

    def inputs(self, recipe: str) -> list[str | Path]:
        """The inputs of a recipe's job: the demo's folder, or the files.

        Raises:
            ValueError: if one of them is missing.
        """
        if self.is_drawn:
            return [self.root] if base_files(self.recipes[recipe], Path(self.root)) else []
        for message in self.missing(recipe):
            raise ValueError(message)
        return list(self._own_files(recipe))

    def missing(self, recipe: str) -> list[str]:
        """A message for each of a recipe's files that is not there."""
        return [missing_base(recipe, f) for f in self._own_files(recipe) if not f.is_file()]

    def _own_files(self, recipe: str) -> list[Path]:
        return [] if self.is_drawn else base_files(self.recipes[recipe], Path(self.root))

    def _films(self, recipe: str) -> list[str]:
        """The films of a recipe's files; none for the demo's, which come with their folder."""
        files = self._own_files(recipe)
        return sorted({film for file in files for film in self._films_of_base(file)})
