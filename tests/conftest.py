"""The order of the tests: `make test` hands them out to its workers file by file."""

# What takes longest begins first, so that no worker is left with it at the end.
LONGEST = (
    "test_reruns.py",
    "test_demo.py",
    "test_several_processes.py",
    "test_kills.py",
    "test_slurm.py",
    "test_films.py",
    "test_hostile_films.py",
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
