"""A model that a visitor uploads again: the zip file that the page made, opened with caution.

Only the files of a model are taken, by their names, and never more bytes than the archive says and
the limits allow; nothing of them is executed. Names inside the file are replaced: a recorded system
or a model with the same name as somebody else's would be mistaken for it. The new names end in a
digest of the bytes and of the visitor.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from hoam_core.checks import DivergedError
from hoam_core.files.json_text import json_text
from hoam_core.models.files import RECORDED

JSON, ARRAYS = "model.json", "model.safetensors"
# Bytes that a file may unpack to, and how many entries an archive may have, folders too.
LIMITS = {JSON: 4 * 2**20, ARRAYS: 32 * 2**20, RECORDED: 80 * 2**20}
MOST_ENTRIES, MOST_BYTES = 16, sum(LIMITS.values())
# Errors that readers raise when a description is not that of a model.
WRONG = (ValueError, TypeError, KeyError, AttributeError, RecursionError, DivergedError)
PREFIX, LONGEST_STEM = "own-", 40
CURE = "upload the zip file that “Download the model” made."


def refusal(files: int, size: int) -> str:
    """Why an uploaded model is refused; empty for one that is accepted."""
    if files > 1:
        return "Several files were given, but a model is one zip file; upload one at a time."
    if size > MOST_BYTES:
        return f"The file holds more than {MOST_BYTES // 2**20} MB, too much for a model; {CURE}"
    return ""


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of the model in a zip file, by their names. Raises ValueError with the cure."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _files(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"This is not a readable zip file ({_kind(error)}); {CURE}") from error


def _kind(error: BaseException) -> str:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "it is encrypted"
    return "it is damaged, or of another kind"


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"The zip file has {len(entries)} entries, too many for a model; {CURE}")
    found: dict[str, bytes] = {}
    folders = set()
    for entry in entries:
        if entry.is_dir():
            continue
        path = PurePosixPath(entry.filename)
        if path.name not in LIMITS:
            raise ValueError(
                f"The zip file holds {path.name[:60]!r}, which is not part of a model; {CURE}"
            )
        if path.name in found:
            raise ValueError(f"The zip file holds {path.name!r} twice; upload one model at a time.")
        folders.add(path.parent)
        found[path.name] = _bytes(archive, entry, path.name)
    missing = [name for name in (JSON, ARRAYS) if name not in found]
    if missing or len(folders) > 1:
        what = f"lacks {missing[0]!r}" if missing else "holds files of several folders"
        raise ValueError(f"The zip file {what}; {CURE}")
    return found


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    """What an entry unpacks to, never more than the limit, whatever the archive declares."""
    with archive.open(entry) as file:
        data = file.read(LIMITS[name] + 1)
    if len(data) > LIMITS[name]:
        raise ValueError(
            f"{name!r} unpacks to more than {LIMITS[name] // 2**20} MB, too much for a model; "
            f"{CURE}"
        )
    return data


def renamed(files: Mapping[str, bytes], visitor: str) -> tuple[str, dict[str, bytes]]:
    """A unique name for the model, and its files with that name in them.

    Raises ValueError where its JSON does not describe a model.
    """
    try:
        record = json.loads(files[JSON])
        if not isinstance(record, dict):
            raise ValueError("it holds no fields")
        kind, name = str(record["experiment"]["method"]), str(record["name"])
        if "recorded" in record:
            if RECORDED not in files:
                raise ValueError(f"{RECORDED} is missing")
            stem = _stem(str(record["recorded"]["title"]))
            system = _unique(stem, visitor, files[RECORDED], _shown(record["recorded"], "name"))
            record["recorded"]["name"] = record["experiment"]["system"] = system
            stem = f"{system}-{_stem(kind)}".removeprefix(PREFIX)
        else:
            stem = _stem(name)
        record["name"] = _unique(stem, visitor, files[ARRAYS], _shown(record, "name", "recorded"))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        DivergedError,
    ) as error:
        raise ValueError(
            f"The model.json of this zip file does not describe a model ({type(error).__name__}: "
            f"{str(error)[:80]}); {CURE}"
        ) from error
    return record["name"], {**files, JSON: json_text(record, indent=1).encode()}


def _shown(record: Mapping[str, Any], *without: str) -> bytes:
    rest = {key: value for key, value in record.items() if key not in without}
    return json_text(rest, sort_keys=True).encode()


def _stem(name: str) -> str:
    """Lower-case letters, digits and hyphens of a name, without a digest that was added earlier."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix(PREFIX)
    return re.sub(r"-[0-9a-f]{12}$", "", plain)[:LONGEST_STEM].strip("-") or "model"


def _unique(stem: str, *parts: bytes | str) -> str:
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(hashlib.sha256(data).digest())
    return f"{PREFIX}{stem}-{found.hexdigest()[:12]}"
