"""A tiny Grounding DINO with random weights, of the class that the real ones have."""

import torch
import transformers

FRAME_PX = 64
WORDS = ("person", "dog", "ball", "brown", "red", "a", "the")
# These ids are written into the class's code.
FIXED = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, ".": 1012, "?": 1029}


def build_swin_detector(folder, seed=0, **options):
    """With a Swin transformer, as the published ones have."""
    return build_detector(folder, seed, _swin(), **options)


def build_mm_detector(folder, seed=0, **options):
    """Of the class of MM Grounding DINO."""
    kind = (transformers.MMGroundingDinoConfig, transformers.MMGroundingDinoForObjectDetection)
    return build_detector(folder, seed, _swin(), kind=kind, **options)


def _swin():
    return transformers.SwinConfig(
        image_size=FRAME_PX,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=2,
        out_indices=[2, 3, 4],
    )


def _resnet():
    return transformers.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 16, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_indices=[2, 3, 4],
    )


_KIND = (transformers.GroundingDinoConfig, transformers.GroundingDinoForObjectDetection)


def build_detector(folder, seed=0, backbone=None, kind=_KIND, image_processor=None):
    """Save a detector of random weights in a folder; gives the folder.

    Args:
        kind: the classes of its configuration and its model.
        image_processor: in place of one for frames of 64 pixels.
    """
    torch.manual_seed(seed)
    config = kind[0](
        backbone_config=backbone or _resnet(),
        text_config=transformers.BertConfig(
            vocab_size=1030,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
        ),
        num_queries=10,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_n_points=2,
        decoder_n_points=2,
        num_feature_levels=3,
        two_stage=True,
        embedding_init_target=True,
        max_text_len=32,
    )
    kind[1](config).eval().save_pretrained(folder)
    vocabulary = {f"[unused{i}]": i for i in range(1030)}
    by_id = {i: word for word, i in FIXED.items()} | {200 + i: w for i, w in enumerate(WORDS)}
    vocabulary = {by_id.get(i, word): i for word, i in vocabulary.items()}
    transformers.GroundingDinoProcessor(
        image_processor=image_processor
        or transformers.GroundingDinoImageProcessor(
            size={"height": FRAME_PX, "width": FRAME_PX}, do_pad=False
        ),
        tokenizer=transformers.BertTokenizerFast(vocab=vocabulary, do_lower_case=True),
    ).save_pretrained(folder)
    return folder
