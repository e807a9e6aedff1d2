"""What each rule's script imports is in the environment that the rule names.

Imports at the head of a module count for every script that reaches it. One inside a function counts
where it can be called: an adapter or a student is loaded in the environments that serve it.
"""

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from strefer.agents.environments import PACKAGES as ENGINES
from strefer.workflow.stages import STAGES

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
AGENTS = "strefer.agents."
PACKAGES = ("strefer", "drawn_world")
# Modules that are imported inside functions, by what the environments are for.
SERVED = {
    "main": (),
    "chat": (
        *("chat.with_transformers", "chat.with_openai", "chat.with_recorded"),
        "assigner.with_chat",
    ),
    "vllm": ("chat.with_vllm", "chat.with_openai", "chat.with_recorded", "assigner.with_chat"),
    "vllm_0_24": ("chat.with_vllm", "chat.with_openai", "chat.with_recorded", "assigner.with_chat"),
    "vision": (
        *("chat.with_transformers", "chat.with_openai", "chat.with_recorded", "embedder"),
        *("tracker.with_transformers", "assigner.with_embedder", "assigner.with_detector"),
        *("assigner.with_chat", "detector.with_transformers", "tracker.with_sam2"),
        "concept_tracker.with_transformers",
    ),
    "groundingdino": (
        *("detector.with_groundingdino", "tracker.with_transformers", "tracker.with_sam2"),
    ),
    "train": (),
    "rexseek": ("assigner.with_rexseek",),
}
ADDED_BY_THE_USER = {"rexseek"}
# What the standard library has since Python 3.11 and scripts might use.
SINCE_3_11 = {
    *("tomllib", "enum.StrEnum", "enum.verify", "datetime.UTC", "typing.Self", "typing.Never"),
    *("typing.assert_never", "typing.NotRequired", "typing.Required", "typing.LiteralString"),
    *("hashlib.file_digest", "contextlib.chdir", "asyncio.TaskGroup", "asyncio.timeout"),
    *("math.cbrt", "math.exp2", "operator.call", "itertools.batched"),
}
# What agents' rules choose among, if their agents name none.
CHAT = dict.fromkeys(("video_llm", "llm", "judge"), ("chat", "vllm", "vllm_0_24"))
CHOSEN = CHAT | {
    "assigner": ("vision", "chat", "vllm", "rexseek"),
    "embedder": ("vision",),
    "detector": ("vision", "groundingdino"),
    "tracker": ("vision", "groundingdino"),
    "concept_tracker": ("vision",),
}
CASES = [
    (script[1], environment)
    for file in sorted((ROOT / "rules").glob("*.smk"))
    for rule in re.split(r"^rule ", file.read_text(), flags=re.M)[1:]
    if (script := re.search(r"scripts/(\w+)\.py", rule))
    for environment in re.findall(r"envs/(\w+)", rule)
] + [
    (stage.script, environment)
    for stage in STAGES.values()
    for role in stage.agents or (None,)
    for environment in CHOSEN.get(role, (stage.without_agents,))
]


def imports_of(path):
    """The modules that a file imports: at its head, and inside functions."""
    heads, inside = set(), set()

    def visit(node, names):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside if is_function else names)

    visit(ast.parse(path.read_bytes()), heads)
    return heads, inside


def modules_of(script, environment):
    """The files that a script reaches in an environment, each with what it imports."""
    waiting, seen = [SCRIPTS / f"{script}.py"], {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        heads, inside = imports_of(path)
        seen[path] = heads | {name for name in inside if is_served(name, environment)}
        own = (name for name in seen[path] if name.split(".")[0] in PACKAGES)
        files = (SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in own)
        waiting += [file for file in files if file.is_file()]
    return seen


def packages_of(script, environment):
    """The packages outside this project that a script imports in an environment, each with the
    module that does."""
    known = {*PACKAGES, *sys.stdlib_module_names}
    return {
        package: path.name
        for path, names in modules_of(script, environment).items()
        for package in {name.split(".")[0] for name in names} - known
    }


def adapter_of(name):
    """The module of agents that an import names, such as `chat.with_vllm`."""
    parts = name.removeprefix(AGENTS).split(".")
    return ".".join(parts[: 1 if parts[0] == "embedder" else 2])


def is_served(name, environment):
    """Whether an import inside a function can happen in an environment."""
    if name.startswith(AGENTS):
        return adapter_of(name) in SERVED[environment]
    if name.startswith("strefer.videollm"):
        return environment == "train"
    return True


def installed_by(file):
    """The distributions of an environment file, with all that they need themselves."""
    parts = yaml.safe_load(file.read_text())["dependencies"]
    waiting = [Requirement(r) for p in parts if isinstance(p, dict) for r in p["pip"]]
    names = set()
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in names:
            continue
        names.add(name)
        try:
            needed = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        requirements = map(Requirement, needed)
        waiting += [r for r in requirements if not r.marker or r.marker.evaluate({"extra": ""})]
    return names


def known_as(package):
    """The names by which pip knows a package that is not installed here."""
    return [packages.get(package, package) for packages in ENGINES.values()]


@pytest.mark.parametrize(("script", "environment"), CASES, ids=["-".join(c) for c in CASES])
def test_its_environment_has_what_a_script_imports(script, environment):
    distributions = importlib.metadata.packages_distributions()
    there = installed_by(ROOT / "envs" / f"{environment}.yaml")
    missing = {
        package: module
        for package, module in packages_of(script, environment).items()
        if not there & {canonicalize_name(d) for d in distributions.get(package, known_as(package))}
    }
    assert missing.keys() <= ADDED_BY_THE_USER


def test_the_older_python_of_an_environment_can_read_what_its_jobs_import():
    assert "python=3.10" in (ROOT / "envs" / "rexseek.yaml").read_text()
    modules = modules_of("assign_masklets", "rexseek")
    assert SCRIPTS / "strefer" / "agents" / "assigner" / "with_rexseek.py" in modules
    for path, imported in modules.items():
        tree = ast.parse(path.read_bytes(), str(path), feature_version=(3, 10))
        asked = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert (imported | asked) & SINCE_3_11 == set(), path


def test_every_adapter_is_served():
    """A module of agents that others import inside functions only is an adapter."""
    inside = set()
    for file in (SCRIPTS / "strefer" / "agents").rglob("*.py"):
        names = (name for name in imports_of(file)[1] if name.startswith(AGENTS))
        inside |= {adapter_of(name) for name in names}
    roles = ("chat", "detector", "tracker", "concept_tracker", "assigner")
    doors = {f"{role}.load" for role in roles} | {"embedder", "chat.frame_fit"}
    served = {name for names in SERVED.values() for name in names}
    assert inside - doors == served - doors


def graph_of_modules():
    """By module of both packages, the modules that it imports, anywhere in its file."""
    files = [file for package in PACKAGES for file in (SCRIPTS / package).rglob("*.py")]
    names = {".".join(file.relative_to(SCRIPTS).with_suffix("").parts): file for file in files}
    graph = {}
    for name, file in names.items():
        heads, inside = imports_of(file)
        graph[name] = {one for one in heads | inside if one in names} - {name}
    return graph


def reached_from(module, graph):
    seen, waiting = set(), [module]
    while waiting:
        for name in graph[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def test_no_module_imports_itself_by_way_of_others():
    graph = graph_of_modules()
    assert [name for name in graph if name in reached_from(name, graph)] == []


def test_the_method_does_not_import_the_drawn_world():
    graph = graph_of_modules()
    crossing = {(a.split(".")[0], b.split(".")[0]) for a, seen in graph.items() for b in seen}
    assert crossing == {(one, one) for one in PACKAGES} | {("drawn_world", "strefer")}


def test_the_method_has_few_loose_modules():
    loose = {file.name for file in (SCRIPTS / "strefer").glob("*.py")} - {"__init__.py"}
    assert len(loose) <= 8, loose
