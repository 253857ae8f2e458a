"""Check of the store: reachable, willing, and with room, without leaving anything behind."""

import shutil
import ssl
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from raspi_agent import durable
from raspi_agent.finding import Finding, fault, ok, warning
from raspi_agent.folder_store import FolderStore
from raspi_agent.mounted import lies_on_root
from raspi_agent.open_store import open_store
from raspi_agent.store import Revision, Space, Store, StoreError, StoreRefused

STORE_REMEDY = "pictures wait in the outbox meanwhile; look at the network"

_MOUNT_POINTS = ("/mnt", "/media", "/run/media")
_GIGABYTE = 1_000_000_000
_FULL_SHARE = 0.95
_NO_NAME = ("gaierror", "NameResolutionError")


def examine_store(url: str, home: Path) -> Finding:
    """Whether pictures could be added to the store now."""
    try:
        store = open_store(url, home)
        if isinstance(store, FolderStore):
            return _judge_folder(url, store.root, _probe_folder(store))
        _probe_permission(store)
        return _judge_space(url, store.space())
    except ValueError as error:
        return fault("store", str(error), "correct store_url in agent.toml")
    except ImportError as error:
        return fault("store", f"the library for {url} is missing: {error}", "pip install 'smartmeter[agent]'")
    except StoreError as error:
        return explain(error)
    except OSError as error:
        return fault(
            "store", f"{url} takes no files: {error.strerror or error}", "may this user write there?"
        )


def explain(error: StoreError) -> Finding:
    """What a store's error means for a person; names, certificates and refused links are told apart."""
    causes = list(_causes(error))
    if any(type(each).__name__ in _NO_NAME for each in causes):
        return fault(
            "store",
            "the name of the store's server cannot be found (DNS)",
            "is the network up? resolvectl status shows its name servers; " + STORE_REMEDY,
        )
    if any(isinstance(each, ssl.SSLError) or type(each).__name__ == "SSLError" for each in causes):
        return fault(
            "store",
            "somebody answers for the store without a certificate that can be trusted (TLS)",
            f"is it {datetime.now(UTC):%Y-%m-%d %H:%M} UTC? If not, set the clock; "
            "else look for a login page or a proxy",
        )
    if isinstance(error, StoreRefused):
        return fault("store", str(error), "until then pictures wait in the outbox")
    return fault("store", str(error), STORE_REMEDY)


def _probe_folder(store: FolderStore) -> Space:
    """Write and delete a file under a hidden name, which no listing shows; return how full the disk is."""
    store.check_root()
    probe = store.root / f".smartmeter-doctor-{uuid.uuid4().hex}"
    durable.write_new(probe, b"probe")
    probe.unlink()
    disk = shutil.disk_usage(store.root)
    return Space(disk.total - disk.free, disk.total)


def _judge_folder(url: str, folder: Path, space: Space) -> Finding:
    if any(folder.is_relative_to(each) for each in _MOUNT_POINTS) and lies_on_root(folder):
        return warning(
            "store",
            f"{url} takes pictures, but lies on this machine's own disk: nothing is mounted there",
            "mount the share, make a folder on it, and let store_url name that, like "
            "file:/mnt/smartmeter/pictures: while the share is away it is missing, and pictures wait",
        )
    return _judge_space(url, space)


def _probe_permission(store: Store) -> None:
    """Delete what is not there: nobody may who may not add either, and nothing is left behind."""
    nothing = Revision(key=f"doctor-{uuid.uuid4().hex}", revision="0123456789abcdef", size=0, content_hash="")
    store.delete(nothing)


def _judge_space(url: str, space: Space) -> Finding:
    if space.total_bytes is None:
        return ok("store", f"{url} takes pictures")
    free = max(space.total_bytes - space.used_bytes, 0) / _GIGABYTE
    sentence = f"{url} takes pictures and has room for {free:.1f} GB"
    if space.used_bytes > _FULL_SHARE * space.total_bytes:
        return warning("store", sentence, "run `smartmeter backup` on the server, or free some space there")
    return ok("store", sentence)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, as far as the libraries tell."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        reason = getattr(each, "reason", None)
        inner = [each.__cause__, each.__context__, reason, *getattr(each, "args", ())]
        left += [found for found in inner if isinstance(found, BaseException)]
