import re

import numpy as np
import pytest

from helpers import tiny_chat
from strefer.agents.assigner.interface import parse_objects
from strefer.agents.assigner.load import load_assigner
from strefer.agents.assigner.with_chat import ChatAssigner, draw_numbered_boxes
from strefer.agents.assigner.with_detector import DetectorAssigner
from strefer.agents.assigner.with_embedder import EmbedderAssigner, crop
from strefer.agents.assigner.with_rexseek import RexSeekAssigner, question_of
from strefer.agents.detector.interface import RawDetection
from strefer.agents.embedder import sigmoid_match
from strefer.prompts import load_prompt

PROMPT = "config/prompts/demo/assigner.txt"
LEFT, RIGHT = (2.0, 2.0, 18.0, 22.0), (30.0, 2.0, 46.0, 22.0)


@pytest.fixture
def frame():
    """A red box on the left, a blue one on the right."""
    pixels = np.full((24, 48, 3), 128, np.uint8)
    pixels[2:22, 2:18] = (255, 0, 0)
    pixels[2:22, 30:46] = (0, 0, 255)
    return pixels


class ColourEmbedder:
    """Embeds a picture as its mean colour and a text as the colour that it names."""

    image_px = 32

    def __init__(self):
        self.texts = []

    def embed_images(self, frames):
        means = frames.astype(np.float32).mean(axis=(1, 2))
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def embed_texts(self, texts):
        self.texts += texts
        rows = [[float(colour in text) for colour in ("red", "green", "blue")] for text in texts]
        return np.asarray(rows, np.float32)

    def match(self, texts, images):
        return sigmoid_match(texts @ images.T, 10.0, -5.0)


class PhraseDetector:
    """Finds what is called red on the left and nothing else."""

    def detect(self, frames, phrases, box_threshold, text_threshold):
        red = [RawDetection((1.0, 2.0, 18.0, 22.0), 0.7, "red"), RawDetection(LEFT, 0.4, "red")]
        return [red if "red" in phrases[0] else [] for _ in frames]


class ScriptedChat:
    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def reply(self, requests):
        self.requests += requests
        return [self.replies.pop(0) for _ in requests]


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        ("<ground>man in red</ground><objects><obj0><obj2></objects>", [0, 2]),
        ("<ground>2 men</ground><objects><obj1></objects><|im_end|>", [1]),
        ("<ground>dog</ground><objects></objects>", []),
        ("<objects><obj1><obj1></objects>", [1]),
        ("<ground>man</ground><objects><obj7><obj2></objects>", [2]),
        ("0 and 5", [0]),
        ("0 and 2", [0, 2]),
        ("Box 1.", [1]),
        ("None of them.", []),
        ("There is no such dog.", []),
    ],
)
def test_replies_are_read(reply, numbers):
    assert parse_objects(reply, 3) == numbers


@pytest.mark.parametrize("reply", ["", "I cannot tell", "<objects><obj3></objects>", "7"])
def test_replies_that_name_no_box_are_an_error(reply):
    with pytest.raises(ValueError, match="the reply names"):
        parse_objects(reply, 3)


def test_embedder_scores_by_likeness_and_embeds_each_text_once(frame):
    embedder = ColourEmbedder()
    assigner = EmbedderAssigner(embedder)
    scores = assigner.scores(frame, [LEFT, RIGHT], ["red car", "blue car"])
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert assigner.choose(frame, [LEFT, RIGHT], ["blue car", "red car"]) == [[1], [0]]
    assert embedder.texts == ["red car", "blue car"]


def test_embedder_takes_frames_together(frame):
    assigner = EmbedderAssigner(ColourEmbedder())
    boxes = [[LEFT, RIGHT], [], [RIGHT]]
    prepared = [assigner.prepare(frame, of_frame) for of_frame in boxes]
    asked = [["red car"], ["red car"], ["red car"]]
    together = assigner.scores_of_frames(prepared, boxes, asked)
    assert [m.shape for m in together] == [(1, 2), (1, 0), (1, 1)]
    of_two_films = assigner.scores_of_frames(prepared, boxes, [["a"], [], ["red car", "a"]])
    assert [m.shape for m in of_two_films] == [(1, 2), (0, 0), (2, 1)]
    assert together[2] == pytest.approx(assigner.scores(frame, [RIGHT], ["red car"]))


def test_a_crop_has_a_margin_and_stays_in_the_frame(frame):
    cut = crop(frame, LEFT, 32, margin=0.5)
    assert cut.shape == (32, 32, 3)
    assert tuple(cut[0, 0]) == (128, 128, 128)
    assert tuple(crop(frame, LEFT, 8, margin=0.0)[0, 0]) == (255, 0, 0)
    assert crop(frame, (47.9, 23.9, 48.0, 24.0), 32).shape == (32, 32, 3)


def test_detector_scores_boxes_at_the_place_of_the_phrase(frame):
    assigner = DetectorAssigner(PhraseDetector())
    scores = assigner.scores(frame, [LEFT, RIGHT], ["red car", "blue car"])
    assert scores.tolist() == [[0.7, 0.0], [0.0, 0.0]]


def test_chat_is_asked_about_one_picture_with_numbered_boxes(frame):
    chat = ScriptedChat("<objects><obj1></objects>", "nonsense", "0 or 1")
    assigner = ChatAssigner(chat, load_prompt(PROMPT))
    assert assigner.choose(frame, [LEFT, RIGHT], ["blue car", "car"]) == [[1], [0, 1]]
    assert chat.requests[0].frames is chat.requests[1].frames
    assert "blue car" in chat.requests[0].text
    assert "0 to 1" in chat.requests[0].text
    assert chat.requests[2].seed != chat.requests[1].seed  # asked again


def test_a_reply_that_cannot_be_read_costs_its_expression_alone(frame, caplog):
    chat = ScriptedChat("hm", "<objects><obj1></objects>", *["hm"] * 2)
    assigner = ChatAssigner(chat, load_prompt(PROMPT))
    assert assigner.choose(frame, [LEFT, RIGHT], ["red car", "blue car"]) == [[], [1]]
    assert re.search(r"'red car'.*hm.*gets no box", caplog.messages[-1])


def test_a_choice_among_several_boxes_is_shared_out(frame):
    chat = ScriptedChat("0, 1", "none")
    scores = ChatAssigner(chat, load_prompt(PROMPT)).scores(frame, [LEFT, RIGHT], ["a", "b"])
    assert scores.tolist() == [[0.5, 0.5], [0.0, 0.0]]


def test_a_real_chat_model_takes_the_question(frame, tmp_path):
    """Random weights babble: what they choose, if anything, is among the boxes."""
    folder = tiny_chat.build_video_model(tmp_path)
    spec = {"adapter": "chat", "engine": "transformers", "model": str(folder), "max_batch": 2}
    [chosen] = load_assigner(spec, PROMPT).choose(frame, [LEFT, RIGHT], ["red car"])
    assert set(chosen) <= {0, 1}


def test_drawn_boxes_and_numbers_are_seen(frame):
    picture = draw_numbered_boxes(frame, [LEFT, RIGHT])
    assert min(picture.shape[:2]) == 448
    assert (frame[0, 0] == 128).all()  # the frame itself is untouched
    assert len({tuple(p) for p in picture.reshape(-1, 3)}) > 4


def test_rexseek_is_asked_its_own_question(frame):
    asked = []

    def reply(pixels, boxes, question):
        asked.append((pixels.shape, len(boxes), question))
        return "<ground>red car</ground><objects><obj0></objects>"

    assert RexSeekAssigner(reply).choose(frame, [LEFT, RIGHT], ["red car"]) == [[0]]
    assert asked == [((24, 48, 3), 2, question_of("red car"))]
    assert question_of("red car") == (
        "Please detect red car in this image. Answer the question with object indexes."
    )


@pytest.mark.parametrize("reply", ["eh", "<ground>a</ground><objects><obj3></objects>"])
def test_rexseek_without_an_answer_costs_its_expression_alone(frame, reply, caplog):
    said = {question_of("red car"): reply, question_of("blue car"): "<objects><obj0></objects>"}
    assigner = RexSeekAssigner(lambda pixels, boxes, question: said[question])
    assert assigner.choose(frame, [LEFT], ["red car", "blue car"]) == [[], [0]]
    assert f"RexSeek said {reply!r}" in caplog.messages[-1]


def test_without_boxes_nobody_is_asked(frame):
    assert ChatAssigner(ScriptedChat(), load_prompt(PROMPT)).choose(frame, [], ["a"]) == [[]]
    assert RexSeekAssigner(lambda *_: "eh").choose(frame, [], ["a"]) == [[]]
    assert EmbedderAssigner(ColourEmbedder()).choose(frame, [], ["a"]) == [[]]


def test_unknown_adapters_are_named():
    with pytest.raises(ValueError, match="embedder, detector, chat, rexseek"):
        load_assigner({"adapter": "guess", "model": "x"})
    with pytest.raises(ValueError, match=r"prompts\.assigner"):
        load_assigner({"adapter": "chat", "model": "x"})
