"""Deleting folders that foreign code wrote into: whatever it did to their permissions."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from pathlib import Path

#: How often a folder is deleted again that was not empty by the time.
PATIENCE = 40


def delete(path: Path) -> None:
    """Delete a file, a link itself, or a folder with all that is in it; nothing where there is nothing."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        path.unlink()
        return
    pending = [path]
    while pending:
        # On the way down, for a closed folder hides what is in it.
        folder = pending.pop()
        folder.chmod(0o700)
        with os.scandir(folder) as entries:
            pending += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    for left in range(PATIENCE, -1, -1):
        try:
            shutil.rmtree(path)
            return
        except OSError as error:
            # A process that is ending may still have written something.
            if error.errno != errno.ENOTEMPTY or not left:
                raise
            time.sleep(0.05)
