"""Questions and scores of the tasks `strefer_…`: those of the commands `questions` and `score`."""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "scripts"))

from strefer.benchmarks.questions import Question
from strefer.benchmarks.registry import BENCHMARKS

N_FRAMES, LONGEST_SIDE_PX = 16, 768  # of films with regions, for models that know no masks


def question_of(doc):
    """The question of a line that `strefer questions --answers` wrote."""
    line = json.loads(doc["text"])
    known = {key: line[key] for key in ("id", "sample", "gold", "about", "max_new_tokens")}
    return line["benchmark"], Question(**known)


def doc_to_visual(doc):
    """The film's path, or its frames with the regions outlined."""
    _, question = question_of(doc)
    if "annotation" not in question.sample:
        return [question.sample["path"]]
    from PIL import Image

    from strefer.benchmarks.chat_answers import Frames, shown

    _, frames, _ = shown(question, Frames(N_FRAMES, LONGEST_SIDE_PX)(question.sample["path"]))
    return [Image.fromarray(frame) for frame in frames]


def doc_to_text(doc, lmms_eval_specific_kwargs=None):
    """The text with times in seconds, and regions named by the colour of their outline."""
    from strefer.benchmarks.question_files import text_of
    from strefer.videollm.qwen_vl.region_drawing import COLOURS, name_regions

    text = text_of(question_of(doc)[1].sample)
    return name_regions(text, list(COLOURS)[: text.count("<region>")])


def doc_to_target(doc):
    return str(question_of(doc)[1].gold)


def process_results(doc, results):
    """The points of one answer, and which question it answers."""
    benchmark, question = question_of(doc)
    said = results[0].strip()
    rows = BENCHMARKS[benchmark].module.score([question], {question.id: said}, None).rows
    points = {"accuracy": rows[0].points, "strict": rows[0].strict} if rows else {}
    return points | {"answer": {"id": question.id, "given": bool(said)}}


def share_given(answers):
    """The share of questions with an answer."""
    return sum(answer["given"] for answer in answers) / len(answers)
