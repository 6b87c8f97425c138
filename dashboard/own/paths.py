"""Which files on the server's machine a visitor may name: those in the folders of HOAM_DATA.

Several folders are separated like those of PATH. Without the variable a visitor can only upload:
whoever reaches a page must not reach the files of its machine.
"""

import os
from pathlib import Path

VARIABLE = "HOAM_DATA"
MOST_FILES = 64
LARGEST = 400 * 2**20


def allowed_folders() -> list[Path]:
    """The folders that may be read, without links."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return [Path(folder).expanduser().resolve() for folder in named if folder.strip()]


def found_files(pattern: str) -> list[Path]:
    """The files that a path, a folder or a pattern such as runs/*.nc names, in order.

    A relative one starts at each allowed folder. Raises ValueError for what is not allowed or
    not there.
    """
    folders = allowed_folders()
    if not folders:
        raise ValueError(
            f"Files of the server cannot be named here; set {VARIABLE} to the folder that may be "
            "read and start the page again, or upload the files."
        )
    wanted = Path(pattern.strip()).expanduser()
    found: set[Path] = set()
    for folder in folders:
        inside = _relative(wanted, folder)
        if inside is None:
            continue
        for hit in folder.glob(inside) if inside != "." else [folder]:
            found |= set(hit.iterdir()) if hit.is_dir() else {hit}
    kept = sorted(
        path for path in found
        if path.is_file() and path.suffix in (".nc", ".h5")
        # A link may lead out of the folder that was allowed.
        and any(path.resolve().is_relative_to(folder) for folder in folders)
    )  # fmt: skip
    if not kept:
        shown = ", ".join(str(folder) for folder in folders)
        raise ValueError(
            f"There are no .nc or .h5 files at {pattern!r}; give a path or a pattern such as "
            f"runs/*.nc inside {shown}."
        )
    return kept


def _relative(wanted: Path, folder: Path) -> str | None:
    """A pattern below the folder; None if it lies outside."""
    if not wanted.is_absolute():
        inside = wanted
    elif wanted.is_relative_to(folder):
        inside = wanted.relative_to(folder)
    else:
        return None
    return None if ".." in inside.parts else str(inside)


def check_upload(sizes: dict[str, int]) -> None:
    """Raises ValueError where files are too many or too large to be taken."""
    if len(sizes) > MOST_FILES:
        raise ValueError(f"{len(sizes)} files are too many; give at most {MOST_FILES}.")
    total = sum(sizes.values())
    if total > LARGEST:
        raise ValueError(
            f"The files hold {total / 2**20:.0f} MB, but at most {LARGEST // 2**20} MB can be "
            f"uploaded; save fewer particles, or let the server read them ({VARIABLE})."
        )
