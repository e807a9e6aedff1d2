"""Attention of packed questions: as with a mask that says who sees whom."""

from types import SimpleNamespace

import pytest
import torch

from strefer.videollm.architecture.packed_attention import (
    in_rows,
    packed_attention,
    places_of_questions,
)

# A film's tokens, two questions about it, and a question without a film.
BLOCKS = [(3, 0), (2, 0), (4, 0), (3, 3)]
OF_FIRST, OF_SECOND, ALONE = slice(3, 5), slice(5, 9), slice(9, 12)


def seen() -> torch.Tensor:
    mask = torch.zeros(12, 12, dtype=torch.bool)
    for place in (OF_FIRST, OF_SECOND):
        mask[place, :3] = True
    for place in (slice(0, 3), OF_FIRST, OF_SECOND, ALONE):
        mask[place, place] = True
    return mask.tril()


@pytest.mark.parametrize("key_heads", [4, 2])
def test_blocks_are_as_a_mask(key_heads):
    draw = torch.Generator().manual_seed(0)
    shapes = [(1, heads, 12, 8) for heads in (4, key_heads, key_heads)]
    vectors = [torch.randn(shape, generator=draw, requires_grad=True) for shape in shapes]
    module = SimpleNamespace(num_key_value_groups=4 // key_heads, is_causal=True)
    found, _ = packed_attention(module, *vectors, None, blocks=BLOCKS, scaling=0.5)
    masked, _ = packed_attention(module, *vectors, seen()[None, None], scaling=0.5)
    assert torch.allclose(found, masked, atol=1e-6)
    weights = torch.randn(found.shape, generator=draw)
    gradients = [torch.autograd.grad((out * weights).sum(), vectors) for out in (found, masked)]
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_places_of_questions_are_what_their_last_tokens_see():
    places, real = places_of_questions(BLOCKS)
    last = [place.stop - 1 for place in (OF_FIRST, OF_SECOND, ALONE)]
    for row, token in enumerate(last):
        assert places[row][real[row]].tolist() == seen()[token].nonzero().flatten().tolist()
    assert real.sum(1).tolist() == [5, 7, 3]
    assert real[:, -1].all()  # padded on the left


def test_what_is_computed_in_one_row_goes_back_to_its_rows():
    real = torch.tensor([[1, 1, 1], [1, 0, 0]], dtype=torch.bool)
    assert in_rows(torch.tensor([1, 2, 3, 4]), real).tolist() == [[1, 2, 3], [4, 0, 0]]
