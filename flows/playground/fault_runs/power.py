"""A disk that forgets what was not synced when the power goes."""

import errno
import io
import os
import random
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_KEPT_OF_A_FILE = 0.3
_KEPT_OF_A_FOLDER = 0.5
_REFUSED_AT_OPEN = 0.3  # of the files that a full disk refuses; the others it refuses when they are synced


class Halt(BaseException):
    """The process ends here, whatever it was about to do."""


@dataclass(slots=True)
class _Unsynced:
    """What a power cut may take back: the newest bytes of files, the newest entries of folders."""

    files: dict[tuple[int, int], int] = field(default_factory=dict)  # (device, inode): a descriptor of it
    entries: list[tuple[Path, Callable[[], None]]] = field(default_factory=list)  # folder, how to undo


class ForgetfulDisk:
    """Within a `with` block, every change below `root` passes through here.

    Args:
        root: what lies on the disk.
        chance: decides what a power cut takes.
        syncs_files: False lets the disk ignore that files are synced.
        syncs_folders: False lets it ignore that folders are.
    """

    def __init__(
        self, root: Path, chance: random.Random, *, syncs_files: bool = True, syncs_folders: bool = True
    ) -> None:
        self.root = root
        self.chance = chance
        self.syncs_files = syncs_files
        self.syncs_folders = syncs_folders
        self.left: int | None = None
        self.halted = False
        self.is_full = False
        self._trash = root / ".trash"
        self._names = 0
        self._unsynced = _Unsynced()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._trash.mkdir(parents=True)
        for module, name, replacement in (
            (io, "open", self._open),
            (os, "fsync", self._fsync),
            (os, "link", self._link),
            (os, "rename", self._rename),
            (os, "replace", self._rename),
            (os, "unlink", self._unlink),
            (os, "remove", self._unlink),
        ):
            real = getattr(module, name)
            self._stack.callback(setattr, module, name, real)
            setattr(module, name, _before(replacement, real))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._forget_undoing()

    def halt_after(self, steps: int | None) -> None:
        """Let the process end before its n-th change from now; None lets it live."""
        self.left = steps

    def revive(self, *, power_was_cut: bool) -> None:
        """Start again after a halt; a power cut takes what was not synced, a kill takes nothing."""
        self.halted, self.left = False, None
        if power_was_cut:
            self._lose()

    def _lose(self) -> None:
        unsynced, self._unsynced = self._unsynced, _Unsynced()
        for _, undo in reversed(unsynced.entries):
            if self.chance.random() > _KEPT_OF_A_FOLDER:
                with suppress(FileNotFoundError, FileExistsError):
                    undo()
        for descriptor in unsynced.files.values():
            if self.chance.random() > _KEPT_OF_A_FILE:
                size = os.fstat(descriptor).st_size
                os.ftruncate(descriptor, self.chance.randrange(size + 1))
            os.close(descriptor)

    def _forget_undoing(self) -> None:
        for descriptor in self._unsynced.files.values():
            os.close(descriptor)
        self._unsynced = _Unsynced()

    def _step(self) -> None:
        if self.left is not None:
            self.left -= 1
            self.halted = self.halted or self.left < 0
        if self.halted:
            raise Halt

    def _is_here(self, *paths: Any) -> bool:  # noqa: ANN401 - whatever the operating system takes
        return all(isinstance(path, str | Path) and Path(path).is_relative_to(self.root) for path in paths)

    def _open(self, real: Callable[..., Any], path: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:  # noqa: ANN401
        if not self._is_here(path) or not set(mode) & set("wxa+"):
            return real(path, mode, *rest, **named)
        self._step()
        if self.is_full and "x" in mode and self.chance.random() < _REFUSED_AT_OPEN:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        file = real(path, mode, *rest, **named)
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) not in self._unsynced.files:
            self._unsynced.files[status.st_dev, status.st_ino] = os.open(path, os.O_RDWR)
        if "x" in mode:
            self._unsynced.entries.append((Path(path).parent, lambda: self._really("unlink", path)))
        return file

    def _fsync(self, _: Callable[..., Any], descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        if self._is_here(name):
            self._step()
            if name.is_dir():
                if self.syncs_folders:
                    self._unsynced.entries = [e for e in self._unsynced.entries if e[0] != name]
            elif self.is_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(name))
            elif self.syncs_files:
                status = os.fstat(descriptor)
                known = self._unsynced.files.pop((status.st_dev, status.st_ino), None)
                if known is not None:
                    os.close(known)

    def _link(self, real: Callable[..., Any], source: Any, target: Any, **named: Any) -> None:  # noqa: ANN401
        if self._is_here(source, target):
            self._step()
        real(source, target, **named)
        if self._is_here(source, target):
            self._unsynced.entries.append((Path(target).parent, lambda: self._really("unlink", target)))

    def _rename(self, real: Callable[..., Any], source: Any, target: Any, **named: Any) -> None:  # noqa: ANN401
        here = self._is_here(source, target)
        if here:
            self._step()
        replaced = self._keep_aside(target) if here and Path(target).exists() else None
        moved = self._keep_aside(source) if here else None
        real(source, target, **named)
        if here and moved is not None:

            def undo() -> None:
                self._take_back(target, replaced)
                self._take_back(source, moved)

            self._unsynced.entries.append((Path(target).parent, undo))

    def _unlink(self, real: Callable[..., Any], path: Any, **named: Any) -> None:  # noqa: ANN401
        here = self._is_here(path)
        if here:
            self._step()
        aside = self._keep_aside(path) if here and os.path.lexists(path) else None
        real(path, **named)
        if aside is not None:
            self._unsynced.entries.append((Path(path).parent, lambda: self._really("link", aside, path)))

    def _keep_aside(self, path: Any) -> Path:  # noqa: ANN401
        self._names += 1
        aside = self._trash / str(self._names)
        self._really("link", path, aside)
        return aside

    def _take_back(self, path: Any, before: Path | None) -> None:  # noqa: ANN401
        with suppress(FileNotFoundError):
            self._really("unlink", path)
        if before is not None:
            self._really("link", before, path)

    @staticmethod
    def _really(name: str, *arguments: Any) -> None:  # noqa: ANN401
        getattr(os, name).__wrapped__(*arguments)


def _before(replacement: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return replacement(real, *arguments, **named)

    call.__wrapped__ = real  # type: ignore[attr-defined]
    return call
