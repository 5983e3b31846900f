"""What agents are told about their work: a file for each move and one for all; a campaign may replace them.

`load` returns the text of a move's prompt; `version` names it, so that the ledger can say what was asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from arctl.daemon.rows import Campaign, Move
from arctl.daemon.specs import spec_of
from arctl.daemon.thought import BrainFault

COMMON = "common"
NAMES = (COMMON, *(move.value for move in Move))
#: The longest prompt of a campaign's own, in bytes.
MAX_PROMPT = 100_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt; `file` is the campaign's own where it has one, empty for arctl's."""

    name: str
    text: str
    file: str = ""

    @property
    def version(self) -> str:
        """A short name of exactly this text."""
        return version(self.text)


def version(*texts: str) -> str:
    """Return a short name of exactly these texts: the beginning of their SHA-256."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()[:12]


@cache
def own(name: str) -> str:
    """Return arctl's own text of a prompt."""
    return (resources.files(__name__) / f"{name}.md").read_text(encoding="utf-8").strip()


def prompt(name: str, campaign: Campaign | None = None) -> Prompt:
    """Return a prompt, the campaign's where it has one; raises `BrainFault` where that cannot be read."""
    if campaign is not None:
        for key, file in spec_of(campaign).prompts.items():
            if key == name:
                return Prompt(name, _read(Path(campaign.root) / file, name), file)
    return Prompt(name, own(name))


def load(move: Move, campaign: Campaign | None = None) -> tuple[Prompt, ...]:
    """Return the prompts of a move: what everybody is told, then what this move asks."""
    return prompt(COMMON, campaign), prompt(move.value, campaign)


def _read(path: Path, name: str) -> str:
    remedy = f"write the file, or take {name} out of [prompts] in arctl.toml"
    try:
        raw = path.read_bytes()[: MAX_PROMPT + 1]
        text = raw.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)
        raise BrainFault(
            "prompt", f"the prompt {name}, {path}, cannot be read: {reason}", remedy, human=True
        ) from error
    if not text or len(raw) > MAX_PROMPT:
        reason = f"is longer than {MAX_PROMPT} bytes" if text else "is empty"
        raise BrainFault("prompt", f"the prompt {name}, {path}, {reason}", remedy, human=True)
    return text
