"""The weights that answer: the bare base, and beside it a tree of modules that also holds adapters.

Both trees, and the tree of a training run, are copies of the module structure around the *same*
weight tensors: one copy of the weights in memory, and nothing that training does to its tree (mode,
dropout, active adapter, patched forward) exists in the trees that answer.

Changing the loaded adapters, and running a tree, needs the engine's lease; looking names up does not.

An adapter whose folder lasts can be asked all the time and is in memory only where it was asked lately: a workspace
of a hundred runs would hold gigabytes otherwise. What is read again is checked again, and answers as before.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import torch

from cai_ui.engine.adapters.files import AdapterFolder
from cai_ui.engine.kernels.same_rows import use_same_rows
from cai_ui.errors import AdapterError, EngineError, NotFoundError
from cai_ui.records import BASE, AdapterInfo
from cai_ui.text import named, there_are

BASE_KEY = "__base__"
"""PEFT's name for "no adapter" in a row of a mixed batch."""


@dataclass
class Slot:
    """An adapter that can be asked. `key` is its name inside PEFT, "" while its weights are not in memory, where they
    take `size` bytes; `folder` is what it was made of, None where that lasts and can be read again; `users` counts the
    batches that are using it, `asked` says which was asked last; `scaled` are the keys of the same weights at other
    strengths."""

    key: str = ""
    info: AdapterInfo | None = None
    folder: AdapterFolder | None = None
    size: int = 0
    users: int = 0
    asked: int = 0
    scaled: dict[float, str] = field(default_factory=dict)


@dataclass
class LoadedAdapters:
    """The base and the adapters beside it. `read` gives a lasting one's folder, checked; of those, weights of `room`
    bytes stay in memory, and more only while they are in use; `freed` is told each key that is no more."""

    base: Any
    read: Callable[[AdapterInfo], AdapterFolder]
    room: float = math.inf
    freed: Callable[[str], None] = lambda key: None
    _slots: dict[str, Slot] = field(default_factory=lambda: {BASE: Slot(BASE_KEY)})
    _leaving: list[Slot] = field(default_factory=list)
    _tree: Any = None
    _keys: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def infos(self) -> list[AdapterInfo]:
        """Adapters that can be asked, in the order they came."""
        with self._lock:
            return [slot.info for slot in self._slots.values() if slot.info is not None]

    @property
    def bytes(self) -> int:
        """What adapters take of memory now."""
        with self._lock:
            return sum(slot.size for slot in (*self._slots.values(), *self._leaving) if slot.key)

    def look_up(self, name: str) -> Slot:
        """The slot of a variant; NotFoundError if there is none."""
        with self._lock:
            return self._find(name)

    def folder(self, name: str) -> AdapterFolder | None:
        """What an adapter was made of, None for the base. NotFoundError if there is none of that name, AdapterError
        where it is not as it was."""
        slot = self.look_up(name)
        return self.read(slot.info) if slot.info and slot.folder is None else slot.folder

    @contextmanager
    def using(self, names: Sequence[str]) -> Iterator[list[Slot]]:
        """The slots of several variants: what is in memory, or comes there, stays for the block, even if they are
        unloaded meanwhile."""
        with self._lock:  # found and counted in one go, or an adapter could be freed in between
            slots = [self._find(name) for name in names]
            for slot in slots:
                slot.users, slot.asked = slot.users + 1, next(self._keys)
        try:
            yield slots
        finally:
            with self._lock:
                for slot in slots:
                    slot.users -= 1

    @contextmanager
    def rows(self, keys: Sequence[str]) -> Iterator[Any]:
        """The model for a batch whose row i uses the adapter `keys[i]`. Needs the lease."""
        if self.base is None:
            raise exchanged()
        self._sweep()
        if all(key == BASE_KEY for key in keys):
            yield self.base
            return
        with self._tree._enable_peft_forward_hooks(adapter_names=list(keys)):
            yield self._tree.get_base_model()

    def put(self, info: AdapterInfo, folder: AdapterFolder, lasting: bool = False) -> None:
        """Have a checked adapter under `info.name`, in the place of one of that name. Needs the lease.

        One that is `lasting` is loaded when it is asked, from a folder that stays; any other at once, until it is
        removed.
        """
        slot = Slot(info=info, folder=None if lasting else folder)
        if not lasting:
            self.bring(slot, folder)
        with self._lock:
            old = self._slots.pop(info.name, None)
            self._slots[info.name] = slot
            self._leaving += [old] if old else []
        self._sweep()

    def bring(self, slot: Slot, folder: AdapterFolder) -> None:
        """Load a slot's weights, where somebody else did not meanwhile. Needs the lease."""
        if self.base is None:
            raise exchanged()
        if slot.key:
            return
        key = f"a{next(self._keys)}"
        with torch.random.fork_rng():  # PEFT draws weights first, and a run in training must not notice
            if self._tree is None:
                self._tree = wrap(self.base, folder, key)
            else:
                self._tree.add_adapter(key, lora_config(folder.config))
                fill(self._tree, folder, key)
        _round_like(self.base, self._tree, key)
        self._tree.eval().requires_grad_(False)
        slot.key, slot.size = key, sum(tensor.nbytes for tensor in folder.state.values())

    def at_strength(self, slot: Slot, strength: float) -> str:
        """The key of an adapter's weights with its effect multiplied. Needs the lease.

        The layers of the new key are those of the old: no second copy of the weights.
        """
        if strength not in slot.scaled:
            key = f"{slot.key}x{round(strength * 100)}"
            for layer in self._tree.modules():
                for name in (*getattr(layer, "adapter_layer_names", ()), *getattr(layer, "other_param_names", ())):
                    parts = getattr(layer, name)
                    if slot.key in parts:
                        parts[key] = parts[slot.key] * strength if name == "scaling" else parts[slot.key]
            self._tree.peft_config[key] = self._tree.peft_config[slot.key]
            slot.scaled[strength] = key
        return slot.scaled[strength]

    def remove(self, name: str) -> None:
        """Forget an adapter; batches that use it end undisturbed. Needs the lease."""
        if self.look_up(name).info is None:
            raise NotFoundError("The base is not an adapter and stays loaded.")
        with self._lock:
            self._leaving.append(self._slots.pop(name))
        self._sweep()

    def close(self) -> None:
        """Let go of all weights. Needs the lease."""
        self.base = self._tree = None

    def _find(self, name: str) -> Slot:
        if name not in self._slots:
            known = there_are(self._slots) or "There are none beside the base."
            raise NotFoundError(f"There is no adapter {named(name)} loaded.", next_step=known)
        return self._slots[name]

    def _sweep(self) -> None:
        """Free the adapters that were removed and are no longer in use, and of those that last in their folders the
        longest unasked, until the rest fits."""
        with self._lock:
            gone = [slot for slot in self._leaving if slot.users == 0 and slot.key]
            self._leaving = [slot for slot in self._leaving if slot.users > 0]
            there = [slot for slot in self._slots.values() if slot.key and slot.info and slot.folder is None]
            over = sum(slot.size for slot in there) - self.room
            for slot in sorted(there, key=lambda slot: slot.asked) if over > 0 else ():
                if over > 0 and slot.users == 0:
                    over -= slot.size
                    gone.append(slot)
            keys = [key for slot in gone for key in (*slot.scaled.values(), slot.key)]
            for slot in gone:
                slot.key, slot.scaled = "", {}
        if keys:
            self._free(keys)

    def _free(self, keys: Sequence[str]) -> None:
        """Drop weights that nothing points to any more."""
        there = (*self._slots.values(), *self._leaving)
        empty = not any(slot.key for slot in there if slot.info is not None)
        for key in keys:
            if not empty:
                self._make_inactive(key)
                self._tree.delete_adapter(key)
            self.freed(key)
        if empty:
            self._tree = None

    def _make_inactive(self, key: str) -> None:
        """PEFT calls one adapter the active one, which rows with names of their own ignore; it must not be deleted."""
        if self._tree.active_adapter == key:
            self._tree.set_adapter(next(other for other in self._tree.peft_config if other != key), inference_mode=True)


def exchanged() -> EngineError:
    """What ends the calls of a model that goes."""
    return EngineError("The model was exchanged for another.", next_step="Ask again.")


def _round_like(base: Any, tree: Any, key: str) -> None:
    """Give an adapter beside bfloat16 weights on a processor their precision: see `kernels.same_rows`."""
    if base.dtype != torch.bfloat16 or base.device.type != "cpu":
        return
    for layer in tree.modules():
        for name in getattr(layer, "adapter_layer_names", ()):
            parts = getattr(layer, name)
            if key in parts and isinstance(parts[key], torch.nn.Module):
                use_same_rows(parts[key].to(torch.bfloat16))


def share_tree(model: Any) -> Any:
    """A copy of the modules around the same parameter and buffer tensors."""
    shared = chain(model.parameters(), model.buffers())
    memo: dict[int, Any] = {id(tensor): tensor for tensor in shared}
    states = (getattr(module, "quant_state", None) for module in model.modules())
    memo |= {id(state): state for state in states if state is not None}
    return copy.deepcopy(model, memo)


def lora_config(config: dict[str, Any]) -> Any:
    """PEFT's configuration from checked keys only."""
    from peft import LoraConfig

    names = ("r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora")
    return LoraConfig(task_type="CAUSAL_LM", bias="none", **{n: config[n] for n in names if n in config})


def wrap(base: Any, folder: AdapterFolder, key: str) -> Any:
    """A tree of its own around the base's weights, with the adapter loaded as `key`."""
    from peft import get_peft_model

    try:
        tree = get_peft_model(share_tree(base), lora_config(folder.config), adapter_name=key)
    except ValueError as error:
        raise AdapterError("The adapter names layers that this model does not have.") from error
    fill(tree, folder, key)
    return tree


def fill(tree: Any, folder: AdapterFolder, key: str) -> None:
    """Copy the folder's tensors into adapter `key`; AdapterError unless every one finds its place."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    wanted = get_peft_model_state_dict(tree, adapter_name=key, save_embedding_layers=False)
    shapes = {name: tuple(t.shape) for name, t in wanted.items()}
    if shapes != {name: tuple(t.shape) for name, t in folder.state.items()}:
        raise AdapterError("The adapter's tensors do not fit this model.", next_step="Train it again.")
    set_peft_model_state_dict(tree, folder.state, adapter_name=key)
