"""How `make test` shares the tests between its workers."""

import pytest

# Fixtures that take minutes to make, and the group of the tests that need them: a group runs in one
# worker. Other tests go by their file.
GROUPS = {"base": "reruns", "one_film": "demo", "finished": "demo"}
# What takes longest begins first, so that no worker is left with it at the end.
LONGEST = ("reruns", "demo", "test_several_processes.py", "test_films.py", "test_hostile_films.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    groups = {}
    for item in items:
        needed = [GROUPS[name] for name in GROUPS if name in item.fixturenames]
        groups[item] = (needed or [item.path.name])[0]
        item.add_marker(pytest.mark.xdist_group(groups[item]))
    last = len(LONGEST)
    items.sort(key=lambda item: LONGEST.index(groups[item]) if groups[item] in LONGEST else last)
