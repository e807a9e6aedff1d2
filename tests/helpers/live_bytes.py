"""Counts the bytes of the tensors that a model makes and holds while it works."""

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """Within it, `most` is the highest sum of bytes of what operations made and somebody still
    holds. On the device "meta" nothing is computed, and the bytes are the same."""

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self._seen = weakref.WeakKeyDictionary()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        given = {
            one.untyped_storage()._cdata
            for one in tree_leaves((args, kwargs))
            if isinstance(one, torch.Tensor)
        }
        result = operation(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, torch.Tensor):
                self._take(one.untyped_storage(), given)
        return result

    def _take(self, storage, given):
        if storage._cdata in given or storage in self._seen:
            return
        size = storage.nbytes()
        self._seen[storage] = size
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._drop, size)

    def _drop(self, size):
        self.now -= size
