"""SAM 3 of random weights: the class's own settings with small widths, in whatever image size."""

import torch
import transformers
from tokenizers import pre_tokenizers

WIDTH = 128  # the smallest that the class takes
PATCH_PX = 14
CONTEXT = 32  # tokens of a phrase


def configuration(image_px, **settings):
    """The class's configuration with its published settings, but for widths and depths.

    Args:
        settings: of the video model, in place of the published ones.
    """
    grid = image_px // PATCH_PX
    small = {"hidden_size": WIDTH, "num_attention_heads": 2, "intermediate_size": 2 * WIDTH}
    layer = small | {"num_layers": 1}
    encoders = {"geometry_encoder_config": layer, "detr_encoder_config": layer}
    text = small | {"projection_dim": WIDTH, "num_hidden_layers": 1, "vocab_size": 258}
    text |= {"max_position_embeddings": CONTEXT, "eos_token_id": 257}
    detector = encoders | {
        "model_type": "sam3",
        "vision_config": vision(grid, image_px),
        "text_config": text | {"model_type": "clip_text_model", "bos_token_id": 256},
        "detr_decoder_config": layer | {"num_queries": 20},
        "mask_decoder_config": {"hidden_size": WIDTH, "num_attention_heads": 2},
    }
    sizes = {"low_res_mask_size": 4 * grid}
    tracker = tracker_configuration(image_px)
    return transformers.Sam3VideoConfig(
        detector_config=detector, tracker_config=tracker, **(sizes | settings)
    )


def vision(grid, image_px):
    backbone = {"model_type": "sam3_vit_model", "hidden_size": 32, "intermediate_size": 64}
    backbone |= {"num_hidden_layers": 2, "num_attention_heads": 2, "global_attn_indexes": [1]}
    backbone |= {"image_size": image_px, "patch_size": PATCH_PX, "window_size": max(2, grid // 3)}
    return {
        "model_type": "sam3_vision_model",
        "fpn_hidden_size": WIDTH,
        "backbone_feature_sizes": [[4 * grid] * 2, [2 * grid] * 2, [grid] * 2],
        "backbone_config": backbone | {"pretrain_image_size": image_px},
    }


def tracker_configuration(image_px):
    """As `Sam3TrackerVideoConfig` takes it."""
    grid = image_px // PATCH_PX
    prompts = {"hidden_size": WIDTH, "image_size": image_px, "patch_size": PATCH_PX}
    masks = {"hidden_size": WIDTH, "mlp_dim": 2 * WIDTH, "num_attention_heads": 2}
    return {
        "model_type": "sam3_tracker_video",
        "vision_config": vision(grid, image_px),
        "image_size": image_px,
        "prompt_encoder_config": prompts,
        "mask_decoder_config": masks | {"iou_head_hidden_dim": WIDTH},
        "memory_attention_hidden_size": WIDTH,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 2 * WIDTH,
        "memory_attention_rope_feat_sizes": [grid, grid],
        "memory_encoder_hidden_size": WIDTH,
        "mask_downsampler_embed_dim": WIDTH,
        "memory_fuser_embed_dim": WIDTH,
        "memory_fuser_intermediate_dim": 2 * WIDTH,
        "memory_fuser_num_layers": 1,
    }


def processors(image_px, low_res):
    square = {"height": image_px, "width": image_px}
    mask = {"height": low_res, "width": low_res}
    return {
        "image_processor": transformers.Sam3ImageProcessor(size=square, mask_size=mask),
        "video_processor": transformers.Sam2VideoVideoProcessor(size=square),
        "target_size": image_px,
    }


def tokenizer():
    """CLIP's class over single bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {
        c: i for i, c in enumerate([*alphabet[:128], *(c + "</w>" for c in alphabet[:128])])
    }
    ends = {"<|startoftext|>": 256, "<|endoftext|>": 257}
    return transformers.CLIPTokenizer(vocab=vocabulary | ends, merges=[])


def new_concept_tracker(image_px, **settings):
    """The model and its processor."""
    torch.manual_seed(0)
    model = transformers.Sam3VideoModel(configuration(image_px, **settings)).eval()
    with torch.no_grad():  # else it takes every object for gone
        model.tracker_model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(0.35)
    low_res = model.config.low_res_mask_size
    return model, transformers.Sam3VideoProcessor(
        tokenizer=tokenizer(), **processors(image_px, low_res)
    )


def build_sam3(folder, image_px=112):
    model, processor = new_concept_tracker(image_px)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def new_box_tracker(image_px):
    """SAM 3's tracker alone, and its processor."""
    torch.manual_seed(0)
    config = transformers.Sam3TrackerVideoConfig(**tracker_configuration(image_px))
    low_res = 4 * image_px // PATCH_PX
    return transformers.Sam3TrackerVideoModel(config).eval(), (
        transformers.Sam3TrackerVideoProcessor(**processors(image_px, low_res))
    )
