"""The demo's tracker: SAM 2's architecture, made tiny."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional
from transformers import (
    Sam2ImageProcessor,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VideoProcessor,
    Sam2VideoVideoProcessor,
)

IMAGE_PX = 192  # films of 128 px enlarged: masks are drawn on a grid of a quarter of this
_WIDTH = 128  # of the features, twice the 64 of the memories that the class fixes
_MEMORY_WIDTH = 64
_STAGE_WIDTHS = [32, 64, 128]
_STRIDES = (4, 8, 16)
# Present until the training says otherwise: with 0, half of the masks are switched off at first.
_OBJECT_SCORE_BIAS = 2.0


def tracker_config(image_px: int = IMAGE_PX) -> Sam2VideoConfig:
    """`Sam2VideoModel` with 2.1 M parameters; none of their shapes depends on the image's size.

    Args:
        image_px: side of the input, a multiple of 64.
    """
    grid = image_px // _STRIDES[-1]
    return Sam2VideoConfig(
        image_size=image_px,
        vision_config=_vision_config(image_px),
        prompt_encoder_config={
            "hidden_size": _WIDTH,
            "image_size": image_px,
            "patch_size": _STRIDES[-1],
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": _WIDTH,
            "mlp_dim": 2 * _WIDTH,
            "num_attention_heads": 4,  # 8 heads of 8 do not learn at this width
            "num_multimask_outputs": 1,
            "iou_head_hidden_dim": 64,
            "dynamic_multimask_via_stability": False,
        },
        multimask_output_in_sam=False,
        multimask_output_for_tracking=False,
        memory_attention_hidden_size=_WIDTH,
        memory_attention_num_layers=2,
        memory_attention_feed_forward_hidden_size=2 * _WIDTH,
        memory_attention_dropout=0.0,
        memory_attention_rope_dropout=0.0,
        memory_attention_rope_feat_sizes=[grid, grid],
        memory_encoder_hidden_size=_WIDTH,
        memory_encoder_output_channels=_MEMORY_WIDTH,
        mask_downsampler_embed_dim=_WIDTH,
        memory_fuser_embed_dim=_WIDTH,
        memory_fuser_intermediate_dim=2 * _WIDTH,
        memory_fuser_layer_scale_init_value=0.1,
    )


def _vision_config(image_px: int) -> dict:
    return {
        "model_type": "sam2_vision_model",
        "backbone_channel_list": _STAGE_WIDTHS[::-1],
        "backbone_feature_sizes": [[image_px // stride] * 2 for stride in _STRIDES],
        "fpn_hidden_size": _WIDTH,
        "fpn_top_down_levels": [0, 1, 2],
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": _STAGE_WIDTHS[0],
            "image_size": [image_px, image_px],
            "window_positional_embedding_background_size": [8, 8],
            "num_query_pool_stages": 2,
            "blocks_per_stage": [1, 2, 3],
            "embed_dim_per_stage": _STAGE_WIDTHS,
            "num_attention_heads_per_stage": [1, 2, 4],
            "window_size_per_stage": [8, 4, 4],
            "global_attention_blocks": [5],
        },
    }


def tracker_processor(image_px: int = IMAGE_PX) -> Sam2VideoProcessor:
    """What turns frames and boxes into the model's input."""
    size = {"height": image_px, "width": image_px}
    mask_size = dict.fromkeys(size, image_px // _STRIDES[0])
    return Sam2VideoProcessor(
        image_processor=Sam2ImageProcessor(size=size, mask_size=mask_size),
        video_processor=Sam2VideoVideoProcessor(size=size),
        target_size=image_px,
    )


def normalised(frames: np.ndarray, image_px: int) -> torch.Tensor:
    """The model's input [F, 3, S, S] from uint8 [F, H, W, 3], as the processor makes it."""
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    if frames.shape[1:3] != (image_px, image_px):
        pixels = functional.interpolate(
            pixels, (image_px, image_px), mode="bilinear", align_corners=False
        )
    mean = torch.tensor(Sam2VideoVideoProcessor.image_mean).view(1, 3, 1, 1)
    std = torch.tensor(Sam2VideoVideoProcessor.image_std).view(1, 3, 1, 1)
    return (pixels / 255 - mean) / std


def _empty_tracker(image_px: int) -> Sam2VideoModel:
    config = tracker_config(image_px)
    # Plain products are 2-6 times faster in training on a CPU than its fused attention.
    config._attn_implementation = "eager"
    return Sam2VideoModel(config).train()


def resized_tracker(model: Sam2VideoModel, image_px: int) -> Sam2VideoModel:
    """A tracker for images of another size that shares its parameters with `model`."""
    resized = _empty_tracker(image_px).to(model.device)
    resized.load_state_dict(model.state_dict(keep_vars=True), assign=True)
    return resized


def new_tracker(seed: int, image_px: int = IMAGE_PX) -> Sam2VideoModel:
    """A tracker with fresh weights, float32, in training mode."""
    torch.manual_seed(seed)
    model = _empty_tracker(image_px)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # 0.02, the class's default, suits widths of 1000; at 128 it starves the gradient.
            if parameter.dim() == 2 and "embed" not in name:
                torch.nn.init.xavier_uniform_(parameter)
        model.memory_temporal_positional_encoding.normal_(std=0.02)
        model.no_object_pointer.normal_(std=0.02)
    _start_positions_matching(model)
    return model


@torch.no_grad()
def _start_positions_matching(model: Sam2VideoModel) -> None:
    """Let a corner of a box and the image cell under it look alike from the first step.

    Positions are random Fourier features: the prompt's and the image's must be the same ones, and
    a query meets its key only if their projections agree.
    """
    model.prompt_encoder.shared_embedding.positional_embedding.copy_(
        model.shared_image_embedding.positional_embedding
    )
    decoder = model.mask_decoder
    transformer = decoder.transformer
    attentions = [transformer.final_attn_token_to_image]
    for layer in transformer.layers:
        attentions += [layer.cross_attn_token_to_image, layer.cross_attn_image_to_token]
    for attention in attentions:
        attention.q_proj.load_state_dict(attention.k_proj.state_dict())
    decoder.pred_obj_score_head.proj_out.bias.fill_(_OBJECT_SCORE_BIAS)
