"""One process at a time, on every platform: the lock is taken, told, kept and given back."""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import StoreInUse
from venuekit_paper import locking


class WindowsLocks(types.ModuleType):
    """What `msvcrt` does: a byte of a file is somebody's until its file is closed."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: dict[int, int] = {}

    def locking(self, descriptor: int, mode: int, length: int) -> None:
        assert (mode, length) == (self.LK_NBLCK, 1)
        file = os.fstat(descriptor).st_ino
        holder = self.held.get(file, descriptor)
        if holder != descriptor and self._is_open(holder, file):
            raise PermissionError(13, "Permission denied")
        self.held[file] = descriptor

    @staticmethod
    def _is_open(descriptor: int, file: int) -> bool:
        try:
            return os.fstat(descriptor).st_ino == file
        except OSError:
            return False


@pytest.fixture(params=["this platform", "windows"])
def lock_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "this platform":
        return locking.FileLock
    assert locking.__file__ is not None
    spec = importlib.util.spec_from_file_location("locking_on_windows", locking.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "msvcrt", WindowsLocks())
    monkeypatch.setattr(sys, "platform", "win32")
    spec.loader.exec_module(module)
    return module.FileLock


def test_a_lock_is_one_holders_until_it_is_given_back(lock_of: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = lock_of(path)
    assert path.read_text() == str(os.getpid())
    with pytest.raises(StoreInUse) as caught:
        lock_of(path)
    assert caught.value.details["pid"] == str(os.getpid())
    assert "another account" in caught.value.fix
    first.release()
    first.release()
    lock_of(path).release()


def test_a_lock_file_that_says_nothing_readable_still_locks(lock_of: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_bytes(b"\xff\xfe\x00" * 100)
    held = lock_of(path)
    assert path.read_text() == str(os.getpid())
    held.release()
