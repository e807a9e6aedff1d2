"""The demo's detector: a tiny Grounding DINO of transformers' own class, and its folder."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import nn
from transformers import (
    BertConfig,
    BertTokenizerFast,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    ResNetConfig,
)
from transformers.models.grounding_dino.modeling_grounding_dino import (
    GroundingDinoFrozenBatchNorm2d,
)

from drawn_world.teachers.detector.data import FRAME_PX
from drawn_world.vocabulary import GENERALIZED_NOUNS, all_expressions

END_OF_PHRASE = 1012
# The class's code holds the ids of these tokens as numbers.
_FIXED = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1029: "?"}
_FIRST_WORD, _VOCABULARY = 200, 1030
_WIDTH = 64
_QUERIES = 12
_PRIOR = 0.02  # probability of every token before training: most queries see nothing
_FUSION_GATE = 0.1  # 1e-4 in the class; too shut for a short training
_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def detector_processor() -> GroundingDinoProcessor:
    """Frames at their own size, and a tokenizer whose tokens are the demo's words."""
    phrases = [*GENERALIZED_NOUNS, *all_expressions(), "the and"]
    words = dict.fromkeys(word for phrase in phrases for word in phrase.split())
    by_id = _FIXED | {END_OF_PHRASE: "."} | dict(enumerate(words, _FIRST_WORD))
    vocabulary = {by_id.get(i, f"[unused{i}]"): i for i in range(_VOCABULARY)}
    return GroundingDinoProcessor(
        image_processor=GroundingDinoImageProcessor(
            size={"height": FRAME_PX, "width": FRAME_PX}, do_pad=False
        ),
        tokenizer=BertTokenizerFast(vocab=vocabulary, do_lower_case=True),
    )


def _config() -> GroundingDinoConfig:
    return GroundingDinoConfig(
        backbone_config=ResNetConfig(
            embedding_size=24,
            hidden_sizes=[24, 48, 96, 128],
            depths=[1, 2, 2, 1],
            layer_type="basic",
            out_indices=[2, 3, 4],  # strides 8, 16, 32
        ),
        text_config=BertConfig(
            vocab_size=_VOCABULARY,
            hidden_size=_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=2 * _WIDTH,
            max_position_embeddings=64,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        ),
        num_queries=_QUERIES,
        d_model=_WIDTH,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=2 * _WIDTH,
        decoder_ffn_dim=2 * _WIDTH,
        encoder_n_points=2,
        decoder_n_points=2,
        num_feature_levels=3,
        two_stage=True,
        embedding_init_target=True,
        max_text_len=64,
        dropout=0.0,
        fusion_droppath=0.0,
    )


def new_detector(seed: int) -> GroundingDinoForObjectDetection:
    """The model with fresh weights, everything that must learn set free to learn."""
    torch.manual_seed(seed)
    model = GroundingDinoForObjectDetection(_config())
    model.requires_grad_(True)  # the class freezes a ResNet's weights
    _exchange_norms(model.model.backbone, nn.BatchNorm2d)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("vision_param", "text_param")):
                parameter.fill_(_FUSION_GATE)
        _start_rare(model)
    # The boxes between decoder layers come from states before this norm, the last ones from
    # states behind it, through one head: it must stay what it is.
    model.model.decoder.layer_norm.requires_grad_(False)
    return model


def _start_rare(model: GroundingDinoForObjectDetection) -> None:
    """Let every token begin at probability `_PRIOR`.

    Logits are bare products of box and token states, without scale or bias. Both come from layer
    norms, whose outputs have mean zero: a constant in each makes a bias, and the token side is
    scaled by 1 / sqrt(width).
    """
    bias = math.log((1 - _PRIOR) / _PRIOR) / _WIDTH
    model.model.enc_output_norm.bias.fill_(-bias)
    model.model.decoder.layer_norm.bias.fill_(-bias)
    last = model.model.encoder.layers[-1].text_enhancer_layer.layer_norm_after
    last.weight.mul_(_WIDTH**-0.5)
    last.bias.fill_(1.0)


def _exchange_norms(module: nn.Module, kind: type[nn.Module]) -> None:
    """Replace batch norms, frozen (for use) or not (for training), keeping their values."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d | GroundingDinoFrozenBatchNorm2d):
            norm = kind(child.weight.numel())
            with torch.no_grad():
                for value in _STATISTICS:
                    getattr(norm, value).copy_(getattr(child, value))
            setattr(module, name, norm)
        else:
            _exchange_norms(child, kind)


def for_use(model: GroundingDinoForObjectDetection) -> GroundingDinoForObjectDetection:
    """A copy as the class has it: batch norms frozen, evaluation mode."""
    copy = GroundingDinoForObjectDetection(_config())
    _exchange_norms(copy.model.backbone, nn.BatchNorm2d)
    copy.load_state_dict(model.state_dict())
    _exchange_norms(copy.model.backbone, GroundingDinoFrozenBatchNorm2d)
    return copy.eval()


def save_detector(folder: Path, model: GroundingDinoForObjectDetection) -> None:
    """Write the folder: configuration, weights in half precision, processor."""
    for_use(model).half().save_pretrained(folder)
    detector_processor().save_pretrained(folder)
