"""A trained student that answers questions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from strefer.agents.devices import device_of
from strefer.videollm.architecture.model import VideoLlm
from strefer.videollm.building import read_student
from strefer.videollm.data.batches import collate
from strefer.videollm.data.conversation import spoken
from strefer.videollm.data.frame_source import FrameSource, KeptFeatures
from strefer.videollm.data.processor import Processor, ProcessorSettings
from strefer.videollm.data.samples import Sample, unanswered
from strefer.videollm.qwen_vl.processor import QwenSettings
from strefer.videollm.qwen_vl.student import QwenStudent, load_qwen


class Student:
    """Answers samples in batches, greedily. A film that several questions are about is decoded
    and encoded once (as long as `keep_features_mb` of `load_student` lasts), and read by the LLM
    once a batch."""

    def __init__(
        self,
        model: VideoLlm,
        tokenizer: PreTrainedTokenizerBase,
        settings: ProcessorSettings,
        batch_size: int,
        keep_features_mb: float,
        features: Path | None,
    ) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self.processor = Processor(tokenizer, settings)
        self.batch_size = batch_size
        end = model.llm.generation_config.eos_token_id
        self.stops = set(end) if isinstance(end, list) else {end}
        first = model.config.first_time_token_id
        times = range(first, first + model.config.n_time_tokens)
        self.silent = self.processor.conversations.special_ids - set(times)
        self.source: FrameSource = KeptFeatures(model.vision, keep_features_mb, features)

    def answer(self, samples: Sequence[Sample], max_new_tokens: int = 64) -> list[str]:
        """The answer to each sample's last question, in the order of the samples.

        Raises:
            ValueError: if a sample does not fit its film.
            DecodingError: if a film cannot be read.
        """
        encoded = [self.processor.encode(unanswered(sample), draw=None) for sample in samples]
        # Put samples with the same beginning together: a packed batch keeps the order and reads the
        # film once.
        order = sorted(range(len(encoded)), key=lambda i: (str(encoded[i].view), encoded[i].ids))
        answers = [""] * len(samples)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            batch = collate(
                [encoded[i] for i in rows], self.source, self.tokenizer.pad_token_id, pack=True
            )
            del batch["labels"]
            batch = {k: v.to(self.model.device) for k, v in batch.items()}
            ids = self.model.generate(max_new_tokens=max_new_tokens, **batch)
            for i, said in zip(rows, ids.tolist(), strict=True):
                answers[i] = spoken(self.tokenizer, said, self.stops, self.silent)
        return answers


def load_student(
    folder: str | Path,
    batch_size: int = 16,
    keep_features_mb: float = 500,
    device: str | None = None,
    features: Path | None = None,
) -> Student | QwenStudent:
    """A student from a checkpoint folder written by `train_checkpoint`.

    Args:
        device: None takes a GPU if there is one.
        features: folder of features that students share (see `KeptFeatures`).

    Raises:
        ValueError: if the folder is none.
    """
    device = device_of(device)
    if QwenSettings.belong_to(Path(folder)):
        return load_qwen(Path(folder), batch_size, device)
    settings = ProcessorSettings.load(Path(folder))
    model, tokenizer = read_student(folder)
    return Student(model.to(device), tokenizer, settings, batch_size, keep_features_mb, features)
