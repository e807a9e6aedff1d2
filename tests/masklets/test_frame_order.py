from strefer.masklets.starting_frame import breadth_first, breadth_first_levels


def test_32_frames_are_taken_in_the_papers_order():
    order = breadth_first(32)
    assert order[:16] == [15, 7, 23, 3, 11, 19, 27, 1, 5, 9, 13, 17, 21, 25, 29, 0]
    assert sorted(order) == list(range(32))


def test_few_frames():
    assert breadth_first(0) == []
    assert breadth_first(1) == [0]
    assert breadth_first(2) == [0, 1]
    assert breadth_first(3) == [1, 0, 2]


def test_levels_double():
    assert [len(level) for level in breadth_first_levels(32)] == [1, 2, 4, 8, 16, 1]
