import pytest

from strefer.benchmarks.videomme import question_text
from strefer.videollm.data.fitting import encode_to_fit
from strefer.videollm.data.processor import Processor
from strefer.videollm.data.samples import sample_from_json

LINES = [f"word{i} and more" for i in range(900)]
ASKED = question_text("How many?", ["A. one", "B. two", "C. three", "D. four"])


def subtitled(path=None):
    context = "\n".join(LINES)
    said = [{"from": "human", "value": f"Subtitles:\n{context}\n{ASKED}"}]
    return sample_from_json({"conversations": said, "path": path, "context": context})


def by_words(sample):
    words = [piece for turn in sample.turns for text in turn for piece in text.split()]
    return words, [False] * len(words)


def test_the_subtitles_are_thinned_evenly_and_the_question_is_kept():
    words, learned = encode_to_fit(subtitled(), by_words, 300)
    assert 270 < len(words) <= 300 and len(learned) == len(words)
    assert " ".join(words).endswith(" ".join(ASKED.split()))
    kept = [int(word[4:]) for word in words if word.startswith("word")]
    assert kept == sorted(kept)
    gaps = [b - a for a, b in zip([0, *kept], [*kept, 900], strict=True)]
    assert max(gaps) <= 2 * (900 // len(kept))


def test_what_fits_is_left_as_it_is():
    assert encode_to_fit(subtitled(), by_words, 5000) == by_words(subtitled())


def test_a_question_that_does_not_fit_alone_is_named():
    with pytest.raises(ValueError, match=r"the question has \d+ tokens, 10 fit"):
        encode_to_fit(subtitled("a.mp4"), by_words, 10)


def test_a_student_is_asked_the_question_behind_long_subtitles(student, parts):
    from dataclasses import replace

    settings = replace(student.processor.settings, most_text_tokens=1000)
    processor = Processor(student.tokenizer, settings)
    encoded = processor.encode(subtitled(parts.films[0][0]), None)
    most = 1000 + settings.video_tokens
    assert 0.9 * most < len(encoded.ids) <= most
    plain = processor.encode(
        sample_from_json({"conversations": [{"from": "human", "value": ASKED}]}), None
    )
    tail = len(plain.ids) - 10
    assert encoded.ids[-tail:] == plain.ids[-tail:]
