"""The models of all configurations through their adapters, with tiny checkpoints of their classes
and the settings that their owners publish."""

from helpers.configured_models import CONFIGURATIONS
from helpers.counted_cases import outcomes
from strefer.workflow.requirements.facts import specs_of

TESTS = "tests/agents/test_configured_models.py"
# Its package is in no environment of this project: the test ends where it is imported.
OUT_OF_REACH = "IDEA-Research/RexSeek-3B"


def measure(**_):
    """How many models there are, and how many pass in every role of every configuration."""
    passed = outcomes(TESTS, "-k", "test_it_goes_through_its_adapter")
    of_model: dict[str, list[bool]] = {}
    for name, config in CONFIGURATIONS.items():
        for role, spec in specs_of(config).items():
            (case,) = [ok for one, ok in passed.items() if one.endswith(f"[{name}-{role}]")]
            model = str(spec.get("model", role))
            of_model.setdefault(model, []).append(case and model != OUT_OF_REACH)
    return {
        "contracts.models": len(of_model),
        "contracts.passed": sum(map(all, of_model.values())),
    }
