"""Where each key of a TOML text stands: the standard library's reader keeps no positions."""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_BARE_END = set(",]}\n#")


def key_lines(text: str) -> dict[Path, int]:
    """Map each key path of a *valid* TOML text to its 1-based line.

    Elements of arrays have their index as the last part, and so have arrays of tables. A table that is only
    implied (``[a.b]`` implies ``a``) gets the line of the first header that implies it.
    """
    return _Scanner(text).scan()


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a path, or of its nearest ancestor that stands in the text."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


class _Scanner:
    """One pass over the text; every method leaves ``at`` behind what it read."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.found: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # arrays of tables -> number of their tables so far

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank(newlines=True):
            if self._peek() != "[":
                self._pair(table)
                continue
            double = self.text.startswith("[[", self.at)
            self.at += 2 if double else 1
            line = self._line()
            table = self._header(self._key(), double, line)
            self._skip_to_line_end()
        return self.found

    def _header(self, parts: list[str], double: bool, line: int) -> Path:
        """Record a table's header; a name of an array of tables means its latest table."""
        path: Path = ()
        for depth, part in enumerate(parts):
            path += (part,)
            self.found.setdefault(path, line)
            if double and depth == len(parts) - 1:
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path += (self.counts[path] - 1,)
                self.found.setdefault(path, line)
        if not double:
            self.found[path] = line  # the table's own header is a better place than one that implied it
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        line = self._line()
        path = table
        for part in self._key():
            path += (part,)
            self.found.setdefault(path, line)
        self._skip_blank()
        if self._peek() == "=":
            self.at += 1
            self._value(path)
        if self.at == start:  # cannot happen in valid TOML, and must not hang in other text
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip_blank()
        char = self._peek()
        if char in ('"', "'"):
            self._string()
        elif char == "[":
            self._items(path, "]")
        elif char == "{":
            self._items(path, "}")
        else:
            while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                self.at += 1

    def _items(self, path: Path, close: str) -> None:
        """Read an array or an inline table, at its opening bracket."""
        self.at += 1
        index = 0
        while self._skip_blank(newlines=True) and self._peek() != close:
            start = self.at
            if self._peek() == ",":
                self.at += 1
            elif close == "}":
                self._pair(path)
            else:
                element = (*path, index)
                self.found[element] = self._line()
                self._value(element)
                index += 1
            if self.at == start:
                self.at += 1
        self.at += 1

    def _key(self) -> list[str]:
        """Read a dotted key up to ``=`` or ``]``."""
        parts: list[str] = []
        while True:
            self._skip_blank()
            if self._peek() in ('"', "'"):
                parts.append(self._string())
            else:
                start = self.at
                while self._peek() and (self._peek().isalnum() or self._peek() in "-_"):
                    self.at += 1
                parts.append(self.text[start : self.at])
            self._skip_blank()
            if self._peek() != ".":
                return parts
            self.at += 1

    def _string(self) -> str:
        """Read a string of any of the four kinds; escapes are decoded as far as keys need it."""
        quote = self._peek()
        triple = quote * 3
        if self.text.startswith(triple, self.at):
            self.at += 3
            end = self._closing(triple, escapes=quote == '"')
            while self.text.startswith(quote, end + 3):  # up to two quotes may stand before the closing three
                end += 1
            value, self.at = self.text[self.at : end], end + 3
            return value
        self.at += 1
        end = self._closing(quote, escapes=quote == '"')
        value, self.at = self.text[self.at : end], end + 1
        return _unescaped(value) if quote == '"' else value

    def _closing(self, quote: str, *, escapes: bool) -> int:
        at = self.at
        while at < len(self.text) and not self.text.startswith(quote, at):
            at += 2 if escapes and self.text[at] == "\\" else 1
        return at

    def _skip_blank(self, *, newlines: bool = False) -> bool:
        """Pass spaces, and comments and line ends where they may stand; False at the end of the text."""
        blank = " \t\n" if newlines else " \t"
        while self.at < len(self.text):
            if self.text[self.at] in blank:
                self.at += 1
            elif newlines and self.text[self.at] == "#":
                self._skip_to_line_end()
            else:
                return True
        return False

    def _skip_to_line_end(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    import tomllib

    try:
        return str(tomllib.loads(f'k = "{value}"')["k"])
    except tomllib.TOMLDecodeError:
        return value
