"""The tiny Llama of the text-LLM teacher, and a training pass for prompts that share a prefix.

The class is Llama's and not Qwen2's because AutoTokenizer puts Qwen2's own way of splitting words
in the place of any other that a Qwen2 folder holds.
"""

from __future__ import annotations

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from drawn_world.teachers.llm.tokenizer import END, END_OF_TEXT

HIDDEN_SIZE, LAYERS, HEADS, FEED_FORWARD = 192, 5, 4, 384
ROPE_THETA = 1e6
RESIDUAL_STRENGTH = 0.08
WRITE_STRENGTH, COMPARE_STRENGTH, CODE_BALANCE, COPY_STRENGTH = 0.1, 2.0, 3.0, 0.3
COPYING_PARTS = (
    "model.layers.0.self_attn.",
    "model.layers.1.self_attn.q_proj",
    "model.layers.1.self_attn.k_proj",
)


def build_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> LlamaForCausalLM:
    """A LlamaForCausalLM of about 2.5 M parameters with tied embeddings, freshly initialized."""
    config = LlamaConfig(
        vocab_size=(len(tokenizer) + 63) // 64 * 64,
        hidden_size=HIDDEN_SIZE,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        attention_bias=True,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(END_OF_TEXT),
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = config.eos_token_id
    model.generation_config.pad_token_id = config.pad_token_id
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                # Fan-in: the class default (0.02) leaves blocks near no-ops at this width.
                small = RESIDUAL_STRENGTH if ("o_proj" in name or "down_proj" in name) else 1.0
                weight.normal_(0.0, small / weight.shape[1] ** 0.5)
        _lay_out_copying(model)
    return model


def _lay_out_copying(model: LlamaForCausalLM) -> None:
    """Set the first two layers up to copy: attend to where the last three tokens stood before, and
    make the token that followed them there the likely next one.

    Random weights find this pair of layers only after millions of tokens. The embeddings begin in
    the first half of the width. Layer 0's heads look one, two and three tokens back and write a
    code of what is there, each into a part of its own of the second half; attention by
    distance alone is a matter of the biases under the rotary embedding (the query's is the key's,
    turned back by the distance). Layer 1's heads compare the codes of (this token, one before, two
    before) with those of (one before, two before, three before); the last of them reads what stood
    in front of the place found, the letter of an option, say, and how that is used is learned.
    """
    back, match = (model.model.layers[i].self_attn for i in (0, 1))
    size, half, words = back.head_dim, back.head_dim // 2, HIDDEN_SIZE // 2
    n_code = words // HEADS
    table = model.model.embed_tokens.weight
    table[:, :words] *= 2**0.5
    table[:, words:] *= 0.05
    frequencies = model.model.rotary_emb.inv_freq[:half].float()
    sharp = (frequencies > 0.03) * 6.0  # slow frequencies cannot tell neighbours apart
    slow = torch.cat([(frequencies < 0.01).nonzero()[:, 0] + shift for shift in (0, half)])
    code = torch.zeros(n_code, HIDDEN_SIZE)
    code[:, :words] = torch.nn.init.orthogonal_(torch.empty(n_code, words))
    held = [code]  # what reads the code of the token 0, 1, 2 and 3 places back
    for head in range(HEADS):
        rows = slice(head * size, (head + 1) * size)
        angle = -frequencies * (head + 1)
        back.k_proj.bias[rows] = torch.cat([sharp, torch.zeros(half)])
        back.q_proj.bias[rows] = torch.cat([sharp * angle.cos(), sharp * angle.sin()])
        back.q_proj.weight[rows] *= 0.1
        back.k_proj.weight[rows] *= 0.1
        back.v_proj.weight[rows.start : rows.start + n_code] = code
        part = words + head * n_code
        back.o_proj.weight[part : part + n_code] *= 0.1
        for index in range(n_code):
            back.o_proj.weight[part + index, rows.start + index] = WRITE_STRENGTH
        held.append(torch.eye(HIDDEN_SIZE)[part : part + n_code])
    strengths = [COMPARE_STRENGTH] + [COMPARE_STRENGTH * CODE_BALANCE] * HEADS
    for head in range(HEADS):
        rows = slice(head * size, (head + 1) * size)
        match.q_proj.weight[rows] *= 0.1
        match.k_proj.weight[rows] *= 0.1
        codes = torch.randperm(n_code)
        for place, target in enumerate(slow.tolist()):
            distance, index = place % HEADS, codes[place // HEADS]
            for projection, there in ((match.q_proj, distance), (match.k_proj, distance + 1)):
                projection.weight[rows.start + target] = held[there][index] * strengths[there]
        if head == HEADS - 1:
            match.v_proj.weight[rows] = torch.cat([held[2], held[3]])[:size]
            continue
        reading = torch.zeros(size, HIDDEN_SIZE)
        reading[:, :words] = torch.nn.init.orthogonal_(torch.empty(size, words))
        match.v_proj.weight[rows] = reading
        match.o_proj.weight[:, rows] = reading.T * COPY_STRENGTH


def shared_prefix_states(
    model: LlamaForCausalLM,
    prefix: torch.Tensor,
    branches: torch.Tensor,
) -> torch.Tensor:
    """Final hidden states of branches that continue one shared prefix, the prefix computed once.

    The same sums as the class's own forward pass; about a third of its cost for short branches.

    Args:
        prefix: token ids [P].
        branches: token ids [B, L], padded on the right (padding is seen by nothing before it).

    Returns:
        [B, L, hidden], after the final norm.
    """
    core = model.model
    n_prefix, (n_rows, n_branch) = len(prefix), branches.shape
    device = branches.device
    ids = torch.cat([prefix, branches.reshape(-1)])
    positions = torch.arange(n_prefix, n_prefix + n_branch, device=device)
    positions = torch.cat([torch.arange(n_prefix, device=device), positions.repeat(n_rows)])[None]
    hidden = core.embed_tokens(ids)[None]
    rotary = core.rotary_emb(hidden, positions)
    future = torch.ones(n_branch, n_branch, dtype=torch.bool, device=device).triu(1)
    prefix_future = torch.ones(n_prefix, n_prefix, dtype=torch.bool, device=device).triu(1)
    for layer in core.layers:
        normed = layer.input_layernorm(hidden)
        mixed = _attend(layer.self_attn, normed, rotary, n_prefix, n_rows, future, prefix_future)
        hidden = hidden + layer.self_attn.o_proj(mixed)
        hidden = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
    return core.norm(hidden)[0, n_prefix:].view(n_rows, n_branch, -1)


def _attend(attention, normed, rotary, n_prefix, n_rows, future, prefix_future) -> torch.Tensor:
    """Attention outputs [1, P + B·L, heads·head_dim]; plain matrix products, which on CPUs are
    several times faster in bfloat16 than the fused kernel's backward pass."""
    shape = (1, normed.shape[1], -1, attention.head_dim)
    query, key, value = (
        projection(normed).view(shape).transpose(1, 2)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    query, key = apply_rotary_pos_emb(query, key, *rotary)
    query, key = query.to(value.dtype) * attention.scaling, key.to(value.dtype)

    def rows(x: torch.Tensor) -> torch.Tensor:  # [1, H, P + B·L, d] -> [B, H, L, d]
        return x[0, :, n_prefix:].unflatten(1, (n_rows, -1)).transpose(0, 1)

    heads = query.shape[1]
    query_p, key_p, value_p = (x[0, :, :n_prefix] for x in (query, key, value))
    scores = (query_p @ key_p.transpose(-1, -2)).masked_fill(prefix_future, -1e4)
    out_prefix = torch.softmax(scores, -1) @ value_p  # [H, P, d]
    query_b, key_b, value_b = rows(query), rows(key), rows(value)
    own = (query_b @ key_b.transpose(-1, -2)).masked_fill(future, -1e4)
    # All branches look at one prefix: one product over the rows together.
    flat = query[0, :, n_prefix:] @ key_p.transpose(-1, -2)  # [H, B·L, P]
    seen = flat.unflatten(1, (n_rows, -1)).transpose(0, 1)
    weights = torch.softmax(torch.cat([seen, own], -1), -1)
    on_prefix = weights[..., :n_prefix].transpose(0, 1).flatten(1, 2) @ value_p
    out = on_prefix.unflatten(1, (n_rows, -1)).transpose(0, 1) + weights[..., n_prefix:] @ value_b
    out = out.transpose(0, 1).reshape(heads, -1, attention.head_dim)
    joined = torch.cat([out_prefix, out], 1)
    return joined.transpose(0, 1).reshape(1, -1, heads * attention.head_dim)
