"""The lives of rows: how ideas, experiments, runs, turns and posts begin, wait, change hands and end. Pure.

Used by `reduce/` and `decide/` alike, which know when; here stands what is written then.
"""

from __future__ import annotations
