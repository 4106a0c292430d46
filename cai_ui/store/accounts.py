"""Who may sign in to this workspace: names, roles and salted hashes of passwords (scrypt, RFC 7914).

They are in a file of their own beside the database, so that somebody can be let in while the page runs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cai_ui.errors import ConflictError, InputError, NotFoundError, StoreError
from cai_ui.records.people import Account, Role
from cai_ui.store.encoding import now
from cai_ui.store.lock import wait_for_lock
from cai_ui.text import clean_name, named

LEAST_CHARACTERS, MOST_CHARACTERS = 10, 1024
COST, BLOCK, LANES = 2**15, 8, 1
"""scrypt's N, r and p: 32 MiB and about a tenth of a second for each try."""
MEMORY = 2 * 128 * COST * BLOCK
FRESH_S = 1.0
"""How long what was read is good for: somebody whose account is removed is out after that."""
FILE_LIMIT = 4 * 2**20


class Accounts:
    """The accounts of one workspace, in the file `path`. Several processes may use them at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def all(self) -> list[Account]:
        """All who may sign in, by name."""
        return [_account(name, kept) for name, kept in sorted(self._now().items())]

    def get(self, name: str) -> Account | None:
        """The account of that name, if there is one."""
        kept = self._now().get(name)
        return _account(name, kept) if kept else None

    def made(self, name: str) -> str:
        """What is another one once the account of that name was made anew or has another password; "" without one."""
        kept = self._now().get(name, {})
        return "".join(str(kept.get(part, "")) for part in ("made_at", "hash"))

    def add(self, name: str, role: Role, password: str) -> Account:
        """Let somebody sign in. InputError for an unfit name or password, ConflictError if the name is taken."""
        name, kept = checked_name(name), {"role": role.value, "hash": hashed(password), "made_at": now()}
        with self._changing() as accounts:
            _check_free(accounts, name)
            accounts[name] = kept
        return _account(name, kept)

    def change(self, name: str, *, role: Role | None = None, password: str | None = None) -> Account:
        """Give somebody another role or password. NotFoundError if nobody is called so, InputError for somebody who
        signs in with the Hub: what they are is said where the server is started."""
        changed = ({"role": role.value} if role else {}) | ({} if password is None else {"hash": hashed(password)})
        with self._changing() as accounts:
            accounts[name] = _changeable(accounts, name) | changed
            return _account(name, accounts[name])

    def check_new(self, name: str) -> None:
        """The errors of `add` for this name, before anybody is asked for a password."""
        _check_free(self._load(), checked_name(name))

    def check_known(self, name: str) -> None:
        """The errors of `change` for this name, before anybody is asked for a password."""
        _changeable(self._load(), name)

    def remove(self, name: str) -> None:
        """Let somebody in no more. What they decided and made stays, under their name."""
        with self._changing() as accounts:
            _there(accounts, name)
            del accounts[name]

    def from_hub(self, name: str, person: str, role: Role) -> Account:
        """The account of somebody whom the Hub calls `name`, made when they come for the first time; `person` is what
        stays the same there when names change hands. ConflictError if the name is somebody else's here."""
        name = checked_name(name)
        with self._changing() as accounts:
            there = next((known for known in accounts if known.casefold() == name.casefold()), name)
            if there in accounts and accounts[there].get("hub") != person:
                raise ConflictError(
                    f"The name {name!r} is another person's here.",
                    kept="It was left as it is.",
                    next_step="If it is yours now, ask an owner: python -m cai_ui users remove NAME.",
                )
            kept = {"made_at": now()} | accounts.get(there, {}) | {"role": role.value, "hash": "", "hub": person}
            accounts[there] = kept
            return _account(there, kept)

    def password_fits(self, name: str, password: str) -> bool:
        """Whether somebody may come in. Takes as long for a name that nobody has, or that has no password."""
        kept = self._now().get(name, {}).get("hash")
        return fits(password, kept or _NOBODY) and bool(kept)

    def _now(self) -> dict[str, Any]:
        read_at, accounts = self._read
        if time.monotonic() - read_at > FRESH_S:
            accounts = self._load()
            self._read = time.monotonic(), accounts
        return accounts

    def _load(self) -> dict[str, Any]:
        """StoreError for a file that cannot be read: nobody comes in by way of a damaged one."""
        try:
            with self._path.open(encoding="utf-8") as file:
                found = json.loads(file.read(FILE_LIMIT))
            return {
                name: dict(kept) for name, kept in found.items() if Role(kept["role"]) and (kept["hash"] or kept["hub"])
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
            raise StoreError(
                f"The file of accounts, {self._path.name}, cannot be read ({type(error).__name__}).",
                kept="Nobody can sign in until it can.",
                next_step="Bring it back from a backup, or remove it and add everybody anew.",
            ) from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """All accounts, to be changed: two processes that add somebody at once both succeed."""
        with wait_for_lock(self._path.with_suffix(".lock")):
            accounts = self._load()
            yield accounts
            text = json.dumps(accounts, indent=1)
            if len(text) > FILE_LIMIT:  # more is not read
                raise StoreError("There are more accounts than can be kept.", kept="The others are as they were.")
            partial = self._path.with_suffix(".part")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        self._read = (float("-inf"), {})


def checked_name(name: str) -> str:
    """The name, if it is one line of text that does not begin like a flag."""
    kept = clean_name(name, "The name")
    if kept != name.strip() or kept.startswith("-"):
        raise InputError("A name is one line and does not begin with a dash.", next_step="Choose another name.")
    return kept


def hashed(password: str) -> str:
    """A salted scrypt hash with its costs, as text. InputError for a password that is too short or too long."""
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise InputError(
            f"A password has from {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters.", next_step="Choose another one."
        )
    salt = os.urandom(16)
    return "$".join(["scrypt", f"{COST},{BLOCK},{LANES}", salt.hex(), _scrypt(password, salt, COST, BLOCK, LANES)])


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one whose hash was kept; compared in constant time."""
    _, costs, salt, made = kept.split("$")
    return hmac.compare_digest(
        _scrypt(password[:MOST_CHARACTERS], bytes.fromhex(salt), *map(int, costs.split(","))), made
    )


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> str:
    given = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=cost, r=block, p=lanes, maxmem=MEMORY, dklen=32).hex()


_NOBODY = f"scrypt${COST},{BLOCK},{LANES}${'0' * 32}${'0' * 64}"


def _there(accounts: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in accounts:
        raise NotFoundError(f"Nobody is called {named(name)} here.", next_step="python -m cai_ui users list shows all.")
    kept: dict[str, Any] = accounts[name]
    return kept


def _changeable(accounts: dict[str, Any], name: str) -> dict[str, Any]:
    kept = _there(accounts, name)
    if kept.get("hub"):
        raise InputError(
            f"{name} signs in with the Hugging Face Hub.",
            kept="Nothing was changed.",
            next_step="Say what they are where the server is started: CAI_HUB_PEOPLE.",
        )
    return kept


def _check_free(accounts: dict[str, Any], name: str) -> None:
    if any(there.casefold() == name.casefold() for there in accounts):
        raise ConflictError(
            f"There is an account {name!r} already.", kept="It was left as it is.", next_step="Choose another name."
        )


def _account(name: str, kept: dict[str, Any]) -> Account:
    return Account(name, Role(kept["role"]), kept["made_at"], kept.get("hub", ""))
