"""What a journal says of processes that died."""

import pytest

from helpers import children
from strefer.stage import causes, journal
from strefer.stage.journal import Journal, read_journal

A, B = "a" * 64, "b" * 64


def dies(path, counts, then):
    one = Journal(path)
    one.begin()
    one.taken(A, counts)
    one.answered(A)
    one.taken(B, counts)
    then(one)


def test_a_process_that_was_killed_had_this_in_hand(tmp_path):
    path = tmp_path / "journal"
    children.end(children.start(dies, path, False, lambda one: children.os._exit(9)))
    past = read_journal(path)
    assert past.deaths == {B: [journal.SILENT]}
    assert past.jobs[0].answered == 1
    assert past.jobs[0].end["computed"] == 1


def test_a_process_that_ends_blames_nobody(tmp_path):
    path = tmp_path / "journal"
    children.end(children.start(dies, path, True, lambda one: one.close()))
    assert read_journal(path).deaths == {}


def test_the_kernel_says_whether_it_killed_for_memory(tmp_path, monkeypatch):
    """Its count and which start of the machine it is: known on the same machine alone."""
    path = tmp_path / "journal"
    monkeypatch.setattr(journal, "kernel", lambda: ("this boot", 3))
    children.end(children.start(dies, path, True, lambda one: children.os._exit(9)))
    for now, cause in [
        (("this boot", 4), "signal 9, when the machine was out of memory"),
        (("this boot", 3), journal.SILENT),
        (("another boot", 9), journal.SILENT),
        ((None, None), journal.SILENT),
    ]:
        monkeypatch.setattr(causes, "kernel", lambda now=now: now)
        assert read_journal(path).deaths == {B: [cause]}


def test_deaths_in_company_count_once_and_alone_each_time(tmp_path):
    path = tmp_path / "journal"
    for counts, expected in [(False, 1), (False, 1), (True, 2), (True, 3)]:
        children.end(children.start(dies, path, counts, lambda one: children.os._exit(9)))
        assert len(read_journal(path).deaths[B]) == expected


@pytest.mark.parametrize(
    ("deaths", "says"),
    [
        ([], None),
        (["signal 11"] * 2, None),
        (["signal 11"] * 3, "killed the process 3 times, last by signal 11"),
        ([journal.SILENT] * 9, None),
        (
            ["signal 6", *[journal.SILENT] * 9],
            f"killed the process 10 times, last {journal.SILENT}",
        ),
    ],
)
def test_when_an_item_is_given_up(deaths, says):
    assert journal.verdict(deaths) == says


@pytest.mark.parametrize(
    "torn", [b"x", b"+ aaa", b"job {", b"end {\n", b"x \n", b"\xff\xfe\n", b"- \n"]
)
def test_a_torn_journal_is_read_as_far_as_it_goes(tmp_path, torn):
    path = tmp_path / "journal"
    children.end(children.start(dies, path, True, lambda one: one.put_aside(B, "signal 11")))
    path.write_bytes(path.read_bytes() + torn)
    assert read_journal(path).deaths == {B: ["signal 11"]}
    children.end(children.start(lambda: Journal(path).begin()))


def test_an_item_may_take_what_the_shards_items_usually_take_many_times(tmp_path):
    hour_s, clock_s = 3600, [0.0]

    def job(n_items, seconds):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal.time, "monotonic", lambda: clock_s[0])
            one = Journal(tmp_path / "journal")
            one.begin()
            for number in range(n_items):
                one.taken(f"{number:064x}", False)
                clock_s[0] += seconds
                one.answered(f"{number:064x}")
            one.close()
        return Journal(tmp_path / "journal").limit_s

    assert job(0, 0) == 6 * hour_s, "nothing is known yet"
    assert job(journal.ITEMS_KNOWN - 1, 1) == 6 * hour_s, "too little is known"
    assert job(1, 1) == hour_s
    assert job(5, 7.2) == 2 * hour_s
    assert job(5, 1) == 2 * hour_s, "the slowest counts"
    assert job(1, 1000) == 6 * hour_s


def test_of_a_batch_each_item_took_its_share(tmp_path, monkeypatch):
    clock_s = [0.0]
    monkeypatch.setattr(journal.time, "monotonic", lambda: clock_s[0])
    one = Journal(tmp_path / "journal")
    one.begin()
    digests = [f"{number:064x}" for number in range(40)]
    for digest in digests:
        one.taken(digest, False)
    clock_s[0] += 400
    for digest in digests:
        one.answered(digest)
    one.close()
    assert one.slowest_s == 10
