"""A wrong configuration ends with one clear line, and the plan is quick to make."""

import resource

import pytest

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"shard": 3}, "there is no option 'shard'; did you mean 'shards'?"),
        ({"shards": "many"}, "'shards' is 'many', but must be integer, 1 to 65536"),
        ({"videos": "/no/where"}, "videos: /no/where is not a folder, a glob with a match"),
        (
            {"masklets": {"procedure": "best"}},
            "'masklets.procedure' is 'best', but must be one of ours",
        ),
        ({"clips": {"fps": 3}}, "there is no option 'clips.fps'"),
        ({"run": "../out"}, "'run' is '../out', but must be string matching"),
        ({"recipes": ["nothing"]}, "recipe config/recipes/nothing.yaml: no such file"),
        (
            {"agents": {"llm": {"model": "./gone"}}},
            "'agents.llm.model' is './gone', but there is no such folder; name a local folder or",
        ),
        (
            {"agents": {"tracker": {"model": "resources/teachers/trakcer"}}},
            "'agents.tracker.model' is 'resources/teachers/trakcer', but there is no such folder",
        ),
        (
            {"agents": {"video_llm": {"chat_template": "gone.jinja"}}},
            "'agents.video_llm.chat_template' is 'gone.jinja', but there is no such file",
        ),
        (
            {"prompts": {"existence": "config/prompts/gone.txt"}},
            "'prompts.existence' is 'config/prompts/gone.txt', but there is no such file",
        ),
        ({"corrections": "config"}, "corrections: config cannot be read: Is a directory"),
        (
            {"agents": {"llm": {"environment": "mine"}}},
            "llm.environment is 'mine', but there is no envs/mine.yaml",
        ),
        (
            {"agents": {"tracker": {"environment": "main"}}},
            "detector.environment differs from that of agents.tracker",
        ),
    ],
)
def test_one_clear_line(workplace, config, message):
    with pytest.raises(SystemExit) as stopped:
        workplace.plan(config)
    assert message in stopped.value.code
    assert "\n" not in stopped.value.code


def test_the_line_is_all_that_a_user_sees(workplace):
    done = workplace.run("--dry-run", config=["shard=3"], check=False)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "there is no option 'shard'; did you mean 'shards'?" in output
    assert "Traceback" not in output
    assert "Error in" not in output


def test_the_plan_is_made_in_seconds(workplace):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    workplace.run("--dry-run", "--quiet", "all")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Of the processor: other processes must not fail it.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 15
