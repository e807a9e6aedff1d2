"""The digest of the code behind a script: what decides whether a rule's results are out of date.

Snakemake sees a rule's script file only, not the modules it imports. `code_of` follows the
script's imports inside `strefer` and `drawn_world`, also those within functions, and hashes the
syntax trees without docstrings. Comments and layout are not part of a syntax tree, so that a typo
fixed in one costs no computing. `environment_digest` does the same for the versions that an
environment file pins.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

import yaml

from strefer.files import ROOT

SCRIPTS = ROOT / "scripts"
PACKAGES = ("strefer", "drawn_world")

# Messages of a script are not part of its result. Corrections are not part of what is computed: if
# there are any, their code is a separate parameter.
_WITHOUT_EFFECT = {"logs.py", "job_facts.py", "meter.py", "gpus.py"}
_OF_CORRECTIONS = "corrections"


def code_of(script: str, *modules: str, scripts: Path = SCRIPTS) -> str:
    """The digest of `scripts/<script>.py` and of every module of the project that it reaches.

    Args:
        modules: modules that the script imports by a name given at run time, which its imports do
            not show.

    Raises:
        ValueError: if the script or a module does not exist.
    """
    seen = {scripts / f"{script}.py"}
    seen |= {scripts.joinpath(*name.split(".")).with_suffix(".py") for name in modules}
    for path in seen:
        if not path.is_file():
            raise ValueError(f"there is no script {path}")
    waiting = list(seen)
    while waiting:
        for module in _read(waiting.pop(), scripts)[1] - seen:
            seen.add(module)
            waiting.append(module)
    lines = sorted(f"{p.relative_to(scripts)} {_read(p, scripts)[0]}" for p in seen)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def code_of_corrections(scripts: Path = SCRIPTS) -> str:
    """The digest of the code that applies corrections, which `code_of` leaves out."""
    names = sorted(path.stem for path in (scripts / "strefer" / _OF_CORRECTIONS).glob("*.py"))
    first, *rest = (f"strefer/{_OF_CORRECTIONS}/{name}" for name in names)
    return code_of(first, *(name.replace("/", ".") for name in rest), scripts=scripts)


@functools.cache
def environment_digest(path: Path) -> str:
    """The digest of what an environment file asks for; comments and layout do not count.

    Raises:
        ValueError: if the file does not exist.
    """
    try:
        asked = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"there is no environment file {path}") from None
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@functools.cache
def _read(path: Path, scripts: Path) -> tuple[str, frozenset[Path]]:
    """A file's own digest and the package's files that it imports."""
    tree = ast.parse(path.read_bytes(), filename=str(path))
    imported: set[Path] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            # `from strefer import frames` may name a module, `from strefer.frames import x` not.
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        imported |= {p for name in names if (p := _file_of(name, scripts)) is not None}
        _drop_docstring(node)
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return digest, frozenset(imported)


def _file_of(module: str, scripts: Path) -> Path | None:
    if module.split(".")[0] not in PACKAGES:
        return None
    path = scripts.joinpath(*module.split("."))
    if path.with_suffix(".py").name in _WITHOUT_EFFECT or path.parent.name == _OF_CORRECTIONS:
        return None
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return None  # a package: its __init__.py makes no result


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        del node.body[0]
