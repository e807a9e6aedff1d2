"""EdgeTAM of random weights, with small widths."""

import torch
import transformers

WIDTH = 128


def configuration(image_px):
    grid = image_px // 16
    backbone = {"model_type": "timm_wrapper", "num_classes": 1000, "architecture": "repvit_m1"}
    blocks = {"embed_dim": [16, 32, 48, 64], "depth": [1, 1, 2, 1], "in_chans": 3}
    blocks |= {"features_only": True, "out_indices": [0, 1, 2, 3]}
    vision = {
        "model_type": "edgetam_vision_model",
        "backbone_config": backbone | {"model_args": blocks},
        "backbone_channel_list": [64, 48, 32, 16],
        "backbone_feature_sizes": [[image_px // 4] * 2, [image_px // 8] * 2, [grid] * 2],
        "fpn_hidden_size": WIDTH,
    }
    masks = {"hidden_size": WIDTH, "mlp_dim": 2 * WIDTH, "num_attention_heads": 2}
    return transformers.EdgeTamVideoConfig(
        vision_config=vision,
        image_size=image_px,
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": image_px, "patch_size": 16},
        mask_decoder_config=masks | {"iou_head_hidden_dim": WIDTH},
        memory_attention_hidden_size=WIDTH,
        memory_attention_num_layers=1,
        memory_attention_mlp_hidden_size=2 * WIDTH,
        memory_attention_rope_feat_sizes=[grid, grid],
        memory_attention_rope_k_sizes=[4, 4],
        perceiver_resampler_num_latents=16,
        perceiver_resampler_num_latents_2d=16,
        perceiver_resampler_num_layers=1,
        memory_encoder_hidden_size=WIDTH,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=WIDTH,
        memory_fuser_embed_dim=WIDTH,
        memory_fuser_intermediate_dim=2 * WIDTH,
        memory_fuser_num_layers=1,
    )


def new_edgetam(image_px):
    """The model and its processor."""
    torch.manual_seed(0)
    square = {"height": image_px, "width": image_px}
    mask = {"height": image_px // 4, "width": image_px // 4}
    return transformers.EdgeTamVideoModel(configuration(image_px)).eval(), (
        transformers.Sam2VideoProcessor(
            image_processor=transformers.Sam2ImageProcessor(size=square, mask_size=mask),
            video_processor=transformers.Sam2VideoVideoProcessor(size=square),
            target_size=image_px,
        )
    )
