"""The Video LLM of the paper (BLIP-3-Strefer), in sizes given by its configuration.

    frames ─ vision encoder (frozen) ─┬─ resampler ─ temporal encoder ─ norm, linear ─┐
                                      └─ region encoder (masks) ──────────────────────┴─ LLM

The vectors of the film and of the regions take the places of `<image>` and `<region>` among the
LLM's input vectors. Structure: method facts of arXiv 2509.03501 and arXiv 2410.16267.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import CausalLMOutputWithPast

from strefer.videollm.architecture.configuration import VideoLlmConfig
from strefer.videollm.architecture.packed_attention import PACKED, in_rows, places_of_questions
from strefer.videollm.architecture.regions import RegionEncoder
from strefer.videollm.architecture.resampler import PerceiverResampler
from strefer.videollm.architecture.temporal import GroupedTokenTuringMachine
from strefer.videollm.architecture.vision import VisionEncoder

IGNORED = -100


class VideoLlm(PreTrainedModel):
    """A decoder LLM that sees films and regions.

    A batch (made by `processor.collate`) has V different films for B rows, so that questions
    about one film share its encoding:
        frames: uint8 [V, T, H, W, 3], or `features` [V, T, S, S, D] already encoded.
        other_frames / other_features: frames outside the samples that a mask lies on, [E, …].
        films: index of each row's film, −1 for none [B].
        region_masks: [F, S, S]; region_frames: index among the V·T + E frames [F];
        regions: region of each mask, ascending, in the order of the `<region>`s [F];
        region_times: the frame's time as a share of the film [F].
        input_ids, attention_mask, labels: [B, L].
    Packed rows hold several questions about their film behind one copy of its tokens; then
    position_ids [B, L] and blocks [blocks, 2] (see packed_attention.py) are given.
    """

    config_class = VideoLlmConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _keys_to_ignore_on_load_missing = (r"^vision\.",)  # see building.read_student
    _no_split_modules = ("ResamplerLayer", "ProcessingLayer")

    def __init__(self, config: VideoLlmConfig) -> None:
        super().__init__(config)
        if config.vision is None or config.text is None:
            raise ValueError("VideoLlmConfig needs `vision` and `text`")
        self.vision = VisionEncoder(config.vision)
        self.llm = AutoModelForCausalLM.from_config(config.get_text_config())
        llm_width = self.llm.config.hidden_size
        self.resampler = PerceiverResampler(
            self.vision.width,
            config.latents,
            config.width,
            config.resampler_depth,
            config.resampler_heads,
            config.resampler_head_width,
            config.feed_forward,
        )
        self.temporal = None
        if config.temporal_encoder == "gttm":
            self.temporal = GroupedTokenTuringMachine(
                config.latents,
                config.width,
                config.memory_slots,
                config.temporal_depth,
                config.temporal_heads,
                config.feed_forward,
            )
        self.to_llm = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, llm_width))
        self.region_encoder = RegionEncoder(
            self.vision.width, llm_width, config.region_tokens, config.region_path
        )
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Linear layers by fan-in: transformers' fixed 0.02 leaves narrow blocks near no-ops."""
        super()._init_weights(module)
        if isinstance(module, nn.Linear):
            init.normal_(module.weight, std=module.in_features**-0.5)

    def get_input_embeddings(self) -> nn.Module:
        return self.llm.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.llm.set_input_embeddings(value)

    def encode_films(self, features: torch.Tensor) -> torch.Tensor:
        """[V, T, S, S, D] → [V, video tokens, llm width]."""
        features = features[:, :: self.vision.together]  # the others are equal to these
        n_films, n_frames = features.shape[:2]
        tokens = self.resampler(features.flatten(0, 1).flatten(1, 2))
        tokens = tokens.unflatten(0, (n_films, n_frames))
        if self.temporal is not None:
            return self.to_llm(self.temporal(tokens))
        # A frame says its time with the vector by which texts say it.
        vectors = self.to_llm(tokens) + self._time_vectors(n_frames)[:, None]
        return vectors.flatten(1, 2)

    def _time_vectors(self, n_frames: int) -> torch.Tensor:
        """Input vectors of the time tokens of evenly spaced frames, [T, llm width]."""
        n_tokens = self.config.n_time_tokens
        frames = torch.arange(n_frames, device=self.device)
        tokens = (frames * n_tokens // max(n_frames - 1, 1)).clamp(max=n_tokens - 1)
        return self.get_input_embeddings()(tokens + self.config.first_time_token_id)

    def input_vectors(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The LLM's input vectors [B, L, llm width] with films and regions in place."""
        ids = batch["input_ids"]
        vectors = self.get_input_embeddings()(ids)
        features = self._features(batch)
        if features is None:
            return vectors + self._idle_parts() if self.training else vectors
        n_films, n_frames = int(batch["films"].max()) + 1, self.config.n_frames
        of_films = features[: n_films * n_frames].unflatten(0, (n_films, n_frames))
        films = self.encode_films(of_films)[batch["films"][batch["films"] >= 0]]
        vectors = _put(vectors, ids == self.config.video_token_id, films.flatten(0, 1))
        if batch.get("region_masks") is None:
            return vectors + self._idle_regions(features) if self.training else vectors
        tokens = self.region_encoder(
            features[batch["region_frames"]],
            batch["region_masks"],
            batch["regions"],
            batch["region_times"],
        )
        return _put(vectors, ids == self.config.region_token_id, tokens)

    def _features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """Features of all frames, the films' first [frames, S, S, D]; None without films."""
        ready = [batch[k] for k in ("features", "other_features") if batch.get(k) is not None]
        raw = [batch[k] for k in ("frames", "other_frames") if batch.get(k) is not None]
        if not ready and not raw:
            return None
        kind = self.to_llm[1].weight.dtype
        parts = [part.flatten(0, 1) if part.ndim == 5 else part for part in ready or raw]
        if ready:  # before they are joined: autocast on a CPU cannot join half-precision parts
            return torch.cat([part.to(kind) for part in parts])
        return self.vision(torch.cat(parts)).to(kind)

    # Processes that train together have to compute the same parts at every step, so parts that a
    # batch does not need compute a zero.

    def _idle_parts(self) -> torch.Tensor:
        size = self.vision.image_size
        black = torch.zeros(1, size, size, 3, dtype=torch.uint8, device=self.device)
        features = self.vision(black).to(self.to_llm[1].weight.dtype)
        film = features.expand(self.config.n_frames, -1, -1, -1)
        return self.encode_films(film[None]).sum() * 0 + self._idle_regions(features)

    def _idle_regions(self, features: torch.Tensor) -> torch.Tensor:
        one = features[:1]
        mask, zero = one.new_ones(one.shape[:3]), torch.zeros(1, device=self.device)
        return self.region_encoder(one, mask, zero.long(), zero).sum() * 0

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        blocks: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **batch: Any,
    ) -> CausalLMOutputWithPast:
        """Loss over the labelled positions if there are labels, else logits [B, L, vocabulary].

        Args:
            num_items_in_batch: labelled tokens over which the sum is divided (all processes and
                accumulation steps); those of this batch if None.
        """
        vectors = self.input_vectors({"input_ids": input_ids, **batch})
        if blocks is None:
            states = self._states(vectors, attention_mask, position_ids)
        else:
            real = attention_mask.bool()
            states = in_rows(self._packed_states(vectors, real, position_ids, blocks)[0], real)
        head = self.llm.get_output_embeddings()
        if labels is None:
            return CausalLMOutputWithPast(logits=head(states))
        targets = labels[:, 1:]
        kept = targets != IGNORED
        # Logits of the answers alone: with a large vocabulary they are most of the memory.
        logits = head(states[:, :-1][kept]).float()
        total = nn.functional.cross_entropy(logits, targets[kept], reduction="sum")
        count = kept.sum() if num_items_in_batch is None else num_items_in_batch
        return CausalLMOutputWithPast(loss=total / count)

    def _states(
        self,
        vectors: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor | None,
        **options: Any,
    ) -> torch.Tensor:
        """The LLM's last states [B, L, llm width]."""
        outputs = self.llm.get_decoder()(
            inputs_embeds=vectors,
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=False,
            **options,
        )
        return outputs.last_hidden_state

    def _packed_states(
        self,
        vectors: torch.Tensor,
        real: torch.Tensor,
        position_ids: torch.Tensor,
        blocks: torch.Tensor,
        **options: Any,
    ) -> torch.Tensor:
        """The same of what is `real` [B, L] of all rows, computed as one row [1, real, width]."""
        if self.llm.config._attn_implementation != PACKED:
            self.llm.set_attn_implementation(PACKED)
        # With no mask at all, transformers would make one from the positions, of all by all.
        return self._states(
            vectors[real][None],
            real[real][None],
            position_ids[real][None],
            blocks=blocks.tolist(),
            **options,
        )

    @torch.no_grad()
    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        blocks: torch.Tensor,
        max_new_tokens: int = 64,
        **batch: Any,
    ) -> torch.Tensor:
        """New token ids [questions, ≤ max_new_tokens] of a packed batch, in its order; greedy.

        A film's tokens are computed once for all of its questions.
        """
        vectors = self.input_vectors({"input_ids": input_ids, **batch})
        real = attention_mask.bool()
        packed = DynamicCache()
        self._packed_states(vectors, real, position_ids, blocks, past_key_values=packed)
        places, filled = (x.to(self.device) for x in places_of_questions(blocks.tolist()))
        # All but the last token, whose logits `generate` asks for.
        known = DynamicCache(
            tuple(x[0][:, places[:, :-1]].transpose(0, 1) for x in layer[:2]) for layer in packed
        )
        ids = self.llm.generate(
            input_ids=input_ids[real][places],
            attention_mask=filled.long(),
            past_key_values=known,
            max_new_tokens=max_new_tokens,
            do_sample=False,
        )
        return ids[:, places.shape[1] :]


def _put(vectors: torch.Tensor, places: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Vectors with `values` (in order) where `places` [B, L] is true."""
    if int(places.sum()) != len(values):
        raise ValueError(f"{int(places.sum())} places in the text for {len(values)} visual tokens")
    return vectors.masked_scatter(places[..., None], values.to(vectors.dtype))
