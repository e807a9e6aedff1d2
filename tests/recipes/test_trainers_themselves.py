"""What is written for other people's trainers, loaded by them. They are not in the project's own
environment: `pip install --no-deps trl==1.16.0 webdataset==1.0.2 braceexpand` beside it."""

from dataclasses import replace

import datasets
import pytest
import torch

from helpers.films import write_film
from helpers.own_data import VIDEO, with_region_prompts, write_own_data
from helpers.tiny_chat import build_qwen2_5_vl
from strefer.recipes.published_format import own_samples
from strefer.recipes.trainer_formats import write_for_trainer


@pytest.fixture
def film(tmp_path):
    return write_film(tmp_path / "a.mp4", n_frames=128, fps=8, size=(64, 64))


@pytest.fixture
def samples(tmp_path, film, monkeypatch):
    monkeypatch.setattr("helpers.own_data.VIDEO", replace(VIDEO, path=str(film)))
    masklets, _ = with_region_prompts()
    return list(own_samples(**write_own_data(tmp_path, masklets=masklets)))


def test_webdataset_reads_films_with_their_samples(samples, film, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    write_for_trainer(samples, "webdataset", tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("*.tar")
    (found,) = webdataset.WebDataset(str(shard), shardshuffle=False).decode()
    assert found["mp4"] == film.read_bytes()
    assert [one["id"] for one in found["json"]["samples"]] == [one["id"] for one in samples]


def test_trl_takes_a_step(samples, tmp_path):
    trl = pytest.importorskip("trl")
    write_for_trainer(samples, "trl", tmp_path / "out")
    table = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "train.parquet"), cache_dir=str(tmp_path / "c")
    )["train"]
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = build_qwen2_5_vl(tmp_path / "model")
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(folder)
    arguments = trl.SFTConfig(
        output_dir=str(tmp_path / "o"),
        max_steps=1,
        per_device_train_batch_size=2,
        use_cpu=True,
        bf16=False,
        report_to=[],
        max_length=None,
        gradient_checkpointing=False,
        save_strategy="no",
    )
    trainer = trl.SFTTrainer(
        model=model, args=arguments, train_dataset=table, processing_class=processor
    )
    batch = next(iter(trainer.get_train_dataloader()))
    assert len(batch["image_grid_thw"]) in (16, 17, 18)  # eight pictures a film, or nine
    assert trainer.train().metrics["train_loss"] > 0
