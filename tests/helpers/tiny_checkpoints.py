"""Tiny random checkpoints of the classes that configurations name, by the class in models.yaml.

A builder is given the folder of the model's files and the name that configurations have for it.
What libraries know of a model by its name alone is made smaller by `shrink`: the sizes in
open_clip's and sam2's own descriptions; their classes and names stay.
"""

import functools

import torch

from helpers import tiny_chat, tiny_detector
from helpers.hub_files import snapshot_of

FRAME_PX = 64
_SAM2 = {
    "image_size": FRAME_PX * 2,
    "fill_hole_area": 0,  # filling holes needs a part that is compiled for CUDA
    "image_encoder.trunk.embed_dim": 16,
    "image_encoder.trunk.num_heads": 1,
    "image_encoder.trunk.stages": [1, 1, 2, 1],
    "image_encoder.trunk.global_att_blocks": [3],
    "image_encoder.neck.backbone_channel_list": [128, 64, 32, 16],
}


def build_open_clip(folder, name, **values):
    """The weights of a model, and its tokenizer where open_clip looks for it.

    Args:
        values: of single weights, by name.
    """
    import open_clip
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model(name.split("/")[0], load_weights=False)
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    weights |= {key: torch.full_like(weights[key], value) for key, value in values.items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    tokenizer = open_clip.get_model_config(name.split("/")[0])["text_cfg"]["hf_tokenizer_name"]
    snapshot = snapshot_of(folder.parents[2], tokenizer)
    tiny_chat.byte_tokenizer().save_pretrained(snapshot)
    # The repository has no config.json, and a download leaves a mark of that.
    mark = snapshot.parents[1] / ".no_exist" / snapshot.name / "config.json"
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def build_sam2_package(folder, name):
    from sam2 import build_sam

    config, weights = build_sam.HF_MODEL_ID_TO_FILENAMES[name]
    torch.manual_seed(0)
    predictor = build_sam.build_sam2_video_predictor(config, device="cpu")
    torch.save({"model": predictor.state_dict()}, folder / weights)


def build_sam2_video(folder, name):
    from drawn_world.teachers.tracker.model import new_tracker, tracker_processor

    new_tracker(3, FRAME_PX * 2).save_pretrained(folder)
    tracker_processor(FRAME_PX * 2).save_pretrained(folder)


def _by_folder(build):
    return lambda folder, name: build(folder)


BUILDERS = {
    "LlavaForConditionalGeneration": _by_folder(tiny_chat.build_tarsier),
    "Qwen2ForCausalLM": _by_folder(tiny_chat.build_text_model),
    "Qwen3VLForConditionalGeneration": _by_folder(tiny_chat.build_qwen3_vl),
    "Qwen3_5MoeForConditionalGeneration": _by_folder(tiny_chat.build_qwen3_5_moe),
    "Phi3ForCausalLM": _by_folder(tiny_chat.build_phi3),
    "GroundingDinoForObjectDetection": _by_folder(tiny_detector.build_swin_detector),
    "MMGroundingDinoForObjectDetection": _by_folder(tiny_detector.build_mm_detector),
    "Sam2VideoModel": build_sam2_video,
    "CustomTextCLIP": build_open_clip,
}


def shrink(monkeypatch):
    """Give open_clip's and sam2's descriptions small sizes."""
    import open_clip.factory
    from sam2 import build_sam

    described = dict(open_clip.factory._MODEL_CONFIGS)
    for name in [name for name in described if "SigLIP" in name]:
        described[name] = small_siglip(described[name], image_px=224)
    monkeypatch.setattr(open_clip.factory, "_MODEL_CONFIGS", described)
    sizes = [f"++model.{key}={value}" for key, value in _SAM2.items()]
    small = functools.partial(build_sam.build_sam2_video_predictor, hydra_overrides_extra=sizes)
    monkeypatch.setattr(build_sam, "build_sam2_video_predictor", small)


def small_siglip(described, image_px):
    """An architecture of open_clip with small towers, for images of a size."""
    vision = {"timm_model_name": f"vit_tiny_patch16_{image_px}", "image_size": image_px}
    text = {"width": 32, "heads": 2, "layers": 1, "vocab_size": 512}
    return described | {
        "embed_dim": 192,
        "vision_cfg": described["vision_cfg"] | vision,
        "text_cfg": described["text_cfg"] | text,
    }
