"""Weights of the sam2 package under the names of transformers' `Sam2VideoModel`."""

import re

import torch

# Tried from the top, one after the other; each may change what the one before it left.
RULES = [
    (r"^image_encoder\.trunk", "vision_encoder.backbone"),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv", r"vision_encoder.neck.convs.\1"),
    (r"^sam_prompt_encoder", "prompt_encoder"),
    (r"^sam_mask_decoder", "mask_decoder"),
    (r"^obj_ptr_proj", "object_pointer_proj"),
    (r"^obj_ptr_tpos_proj", "temporal_positional_encoding_projection_layer"),
    (r"^maskmem_tpos_enc", "memory_temporal_positional_encoding"),
    (r"^no_mem_embed", "no_memory_embedding"),
    (r"^no_mem_pos_enc", "no_memory_positional_encoding"),
    (r"^no_obj_ptr", "no_object_pointer"),
    (r"^no_obj_embed_spatial", "occlusion_spatial_embedding_parameter"),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"\.mlp\.layers\.0", ".mlp.proj_in"),
    (r"\.mlp\.layers\.1", ".mlp.proj_out"),
    (r"(mlps\.\d|_head|pointer_proj)\.layers\.0", r"\1.proj_in"),
    (r"(mlps\.\d|_head|pointer_proj)\.layers\.2", r"\1.proj_out"),
    (r"(mlps\.\d|_head|pointer_proj)\.layers\.1", r"\1.layers.0"),
    (r"mask_downscaling\.0", "mask_embed.conv1"),
    (r"mask_downscaling\.1", "mask_embed.layer_norm1"),
    (r"mask_downscaling\.3", "mask_embed.conv2"),
    (r"mask_downscaling\.4", "mask_embed.layer_norm2"),
    (r"mask_downscaling\.6", "mask_embed.conv3"),
    (r"output_upscaling\.0", "upscale_conv1"),
    (r"output_upscaling\.1", "upscale_layer_norm"),
    (r"output_upscaling\.3", "upscale_conv2"),
    (r"mask_downsampler\.encoder\.12", "mask_downsampler.final_conv"),
    (r"memory_encoder\.pix_feat_proj", "memory_encoder.feature_projection"),
    (r"memory_encoder\.out_proj", "memory_encoder.projection"),
    (r"fuser\.layers\.(\d)\.gamma", r"memory_fuser.layers.\1.scale"),
    (r"\.fuser\.", ".memory_fuser."),
    (r"dwconv", "depthwise_conv"),
    (r"pwconv", "pointwise_conv"),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.norm_final_attn", ".layer_norm_final_attn"),
    (r"\.norm(\d?)\.", r".layer_norm\1."),
]


def converted(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state of `SAM2VideoPredictor` as one of `Sam2VideoModel`."""
    renamed = {}
    for name, value in weights.items():
        for pattern, replacement in RULES:
            name = re.sub(pattern, replacement, name)
        name = re.sub(r"mask_downsampler\.encoder\.(\d+)", _downsampler, name)
        renamed[name] = value
    positions = renamed.pop("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix")
    renamed["prompt_encoder.shared_embedding.positional_embedding"] = positions
    renamed["shared_image_embedding.positional_embedding"] = positions
    points = [renamed.pop(f"prompt_encoder.point_embeddings.{i}.weight") for i in range(4)]
    renamed["prompt_encoder.point_embed.weight"] = torch.cat(points)
    return renamed


def _downsampler(found: re.Match) -> str:
    """Convolution, norm and activation follow one another."""
    layer, part = divmod(int(found.group(1)), 3)
    return f"mask_downsampler.layers.{layer}.{('conv', 'layer_norm')[part]}"
