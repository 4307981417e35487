"""Where notelint keeps what it made for itself (never anything of a note) and what a user gave it to keep."""

import os
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path:
    """The folder for what can be made again: NOTELINT_CACHE_DIR, else the user's cache folder."""
    if folder := os.environ.get("NOTELINT_CACHE_DIR"):
        return Path(folder)
    from platformdirs import user_cache_path

    return user_cache_path("notelint")


def data_folder() -> Path:
    """The folder for releases that a user added: NOTELINT_DATA_DIR, else `codes` in the user's data folder."""
    if folder := os.environ.get("NOTELINT_DATA_DIR"):
        return Path(folder)
    from platformdirs import user_data_path

    return user_data_path("notelint") / "codes"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that others see either the old one or the whole new one; OSError when that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not from tempfile, whose files are for their owner alone: a cache may be prepared by one user for others.
    temporary = path.parent / f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
