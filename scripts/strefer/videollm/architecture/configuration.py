"""The Video LLM's configuration. The defaults are the paper's sizes (BLIP-3-Strefer)."""

from __future__ import annotations

from typing import Any

from transformers import CONFIG_MAPPING, PretrainedConfig

TEMPORAL_ENCODERS = ("gttm", "frame_tokens")
ROUNDINGS = ("floor", "published")


class VideoLlmConfig(PretrainedConfig):
    """Sizes and options of `VideoLlm`.

    Args:
        vision: the frozen encoder: {"library": "open_clip", "embed_dim", "vision_cfg", "mean",
            "std"} or {"library": "siglip", "config": {…}, "mean", "std"}.
        text: configuration of the decoder LLM, with its `model_type`.
        n_frames: frames sampled from a film.
        n_time_tokens: N of the tokens `<0>` … `<N-1>`.
        time_rounding: "floor" is the paper's ⌊T/D·N⌋, "published" its code's round(T/D·(N−1)).
        latents: tokens that the resampler leaves of a frame.
        width: width of resampler and temporal encoder; other widths are projected to it.
        resampler_depth, resampler_heads, resampler_head_width: its layers and attention.
        temporal_encoder: "gttm" is the paper's grouped token turing machine; "frame_tokens" hands
            every frame's tokens to the LLM, many more of them: for models too small to learn the
            recurrence from little data (ours).
        memory_slots, temporal_depth, temporal_heads: of the grouped token turing machine.
        feed_forward: width of feed-forward layers as a multiple of `width`.
        region_tokens: most tokens of a region.
        region_path: whether a region's tokens also carry where it goes and when (ours).
        video_token_id, region_token_id, first_time_token_id: ids of `<image>`, `<region>`, `<0>`.
    """

    model_type = "strefer_video_llm"

    def __init__(
        self,
        vision: dict[str, Any] | None = None,
        text: dict[str, Any] | None = None,
        n_frames: int = 32,
        n_time_tokens: int = 32,
        time_rounding: str = "floor",
        latents: int = 128,
        width: int = 1152,
        resampler_depth: int = 6,
        resampler_heads: int = 16,
        resampler_head_width: int = 96,
        temporal_encoder: str = "gttm",
        memory_slots: int = 4,
        temporal_depth: int = 4,
        temporal_heads: int = 8,
        feed_forward: int = 4,
        region_tokens: int = 4,
        region_path: bool = False,
        video_token_id: int | None = None,
        region_token_id: int | None = None,
        first_time_token_id: int | None = None,
        **rest: Any,
    ) -> None:
        if temporal_encoder not in TEMPORAL_ENCODERS:
            raise ValueError(
                f"temporal_encoder is {temporal_encoder!r}, not one of {TEMPORAL_ENCODERS}"
            )
        if time_rounding not in ROUNDINGS:
            raise ValueError(f"time_rounding is {time_rounding!r}, not one of {ROUNDINGS}")
        self.vision = vision
        self.text = text
        self.n_frames = n_frames
        self.n_time_tokens = n_time_tokens
        self.time_rounding = time_rounding
        self.latents = latents
        self.width = width
        self.resampler_depth = resampler_depth
        self.resampler_heads = resampler_heads
        self.resampler_head_width = resampler_head_width
        self.temporal_encoder = temporal_encoder
        self.memory_slots = memory_slots
        self.temporal_depth = temporal_depth
        self.temporal_heads = temporal_heads
        self.feed_forward = feed_forward
        self.region_tokens = region_tokens
        self.region_path = region_path
        self.video_token_id = video_token_id
        self.region_token_id = region_token_id
        self.first_time_token_id = first_time_token_id
        super().__init__(**rest)

    @property
    def video_tokens(self) -> int:
        """Tokens of a film in the LLM's input."""
        if self.temporal_encoder != "frame_tokens":
            return self.latents
        together = (self.vision or {}).get("config", {}).get("temporal_patch_size", 1)
        return self.latents * (self.n_frames // together)

    def get_text_config(self, *args: Any, **kwargs: Any) -> PretrainedConfig:
        """The LLM's configuration, for transformers' `generate` and savers."""
        if not self.text:
            return self
        fields = dict(self.text)
        return CONFIG_MAPPING[fields.pop("model_type")](**fields)
