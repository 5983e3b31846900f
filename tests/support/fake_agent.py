"""A scripted coding agent for the `command` brain: reads .arctl/task.json, answers each move, or misbehaves.

    [brain]
    kind = "command"
    command = ["python3", "/full/path/of/fake_agent.py"]

Options stand before the task's path, which the brain adds:
    --weak          the first proposal of each agent is the champion as it is, for a critic to object to
    --crash         what it implements crashes at first; asked to repair that, it does
    --mode NAME     misbehave in a way of `MODES`, whatever is asked
    --when MOVE     misbehave in that move only
    --arg TEXT      what the misbehaviour needs: a path, an address, a process id
It knows tunable constants that stand as `NAME = value` on a line of their own. Standard library only.

What it answers is computed by `respond`, from the task and the files of `asked`: a model server that is
behind a real coding agent says the same (see `agent_model`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
#: Texts of files by their paths in the campaign's folder.
Files = Mapping[str, str]
#: The line that `--crash` puts into a program, and `repair` takes out again.
BUG = 'raise RuntimeError("the bug that a repair must find")  # bug\n'


@dataclass(frozen=True)
class Manner:
    """How it behaves: `weak` and `crash` as the options say."""

    weak: bool = False
    crash: bool = False


@dataclass(frozen=True)
class Edit:
    """A text of one file, which stands there once, and what takes its place."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Done:
    """What it leaves: an answer, notes, edits of files, last words."""

    answer: Json | None = None
    notes: str = ""
    edits: tuple[Edit, ...] = ()
    words: str = "That is my answer."


# -- the moves -----------------------------------------------------------------------------------------------


def moves(task: Json) -> list[tuple[str, Any, str]]:
    """Return every single change of a constant and its form, in an order that depends on the task alone.

    Of those of one constant every second is words only, for an experimenter to write; the first one is.
    """
    params, champion = task["tunable"], task["champion"]["params"]
    found = []
    for name in sorted(set(params) & set(champion)):
        param, value = params[name], champion[name]
        values: list[Any] = []
        if param["type"] in ("float", "int"):
            for factor in (2.0, 0.5, 1.5, 0.7, 3.0):
                step = min(max(value * factor, param.get("low", value)), param.get("high", value))
                values.append(int(step) if param["type"] == "int" else float(f"{step:.6g}"))
        else:
            values += param.get("choices") or [True, False]
        found += [(name, to, "params" if at % 2 else "idea") for at, to in enumerate(values)]
    return [(name, to, form) for name, to, form in found if to != champion[name]]


def tried(task: Json) -> set[tuple[str, str]]:
    """Return the constants and values that any experiment or open proposal has, or is to have."""
    found = {(name, repr(value)) for past in task["history"] for name, value in past["params"].items()}
    found |= {(words[0], words[2]) for past in task["history"] if len(words := past["title"].split()) == 3}
    for proposal in task["open"]:
        for name, value in (proposal["change"].get("values") or {}).items():
            found.add((name, repr(value)))
        if wish := wished(proposal["hypothesis"]):
            found.add((wish[0], wish[1]))
    return found


def wished(text: str) -> tuple[str, str] | None:
    """Return the constant and value that a hypothesis of ours asks for."""
    found = re.search(r"\bset (\w+) to (\S+)", text)
    return (found[1], found[2]) if found else None


def discuss(task: Json, files: Files, manner: Manner) -> Done:
    dead = {row["axis"] for row in task["dead_ends"] if not row["revived"]}
    free = [name for name in sorted(task["tunable"]) if name not in task["taken"] and name not in dead]
    others = [row for row in task["directions"] if row["author"] != task["agent"]["name"]]
    directions = [
        {
            "title": f"Where {name} should be",
            "hypothesis": f"The champion is not at its best in {name}.",
            "axes": [name],
            "prediction": f"A change of {name} is accepted within three experiments.",
            "falsifier": f"Three changes of {name} are rejected.",
            "first": [f"double {name}"],
        }
        for name in free
    ]
    opinions = [
        {"subject": row["id"], "stance": "endorse", "reason": "its axis is cold, so it can teach something"}
        for row in others
        if row["state"] == "proposed"
    ]
    return Done(
        {
            "directions": directions if task["round"] <= 1 else [],
            "opinions": opinions,
            "acknowledgements": acknowledged(task),
        }
    )


def acknowledged(task: Json) -> list[Json]:
    found = []
    for row in task["directives"]:
        if row["state"] == "issued":
            found.append({"directive": row["id"], "plan": f"We take it up: {row['text'][:80]}"})
        elif row["state"] == "acknowledged" and task["move"] == "propose":
            report = {"directive": row["id"], "report": "The next proposals follow it.", "done": True}
            found.append(report)
    return found


def forbidden(task: Json, name: str) -> bool:
    """Tell whether a person said to leave a constant alone."""
    words = re.compile(rf"\b(leave|avoid|not)\b.*\b{name}\b", re.IGNORECASE)
    return any(words.search(row["text"]) for row in task["directives"])


def propose(task: Json, files: Files, manner: Manner) -> Done:
    if task["proposal"] is not None:
        return Done({"proposals": [], "posts": [{"text": f"I withdraw {task['proposal']['id']}."}]})
    axes = task["direction"]["axes"] if task["direction"] else list(task["tunable"])
    dead = {row["axis"] for row in task["dead_ends"] if not row["revived"]}
    known = tried(task)
    axes = [name for name in axes if not forbidden(task, name)]
    fresh = [
        (name, value, form)
        for name, value, form in moves(task)
        if name in axes and name not in dead and (name, repr(value)) not in known
    ]
    proposals = [proposal(task, *move) for move in fresh[: task["want"]]]
    if manner.weak and proposals and not task["agent"]["notes"]:
        # Nothing was tried yet that it could be near to: it is for an agent to see what it is.
        name = fresh[0][0]
        weak = proposal(task, name, task["champion"]["params"][name], "params")
        proposals = [{**weak, "title": f"Weak: {name} as it is"}]
    notes = f"Turn {task['turn']}: proposed {len(proposals)} of {len(fresh)} open values.\n"
    posts = [{"text": f"I propose {len(proposals)} experiments.", "kind": "note"}]
    return Done(
        {
            "proposals": proposals,
            "exhausted": not fresh,
            "acknowledgements": acknowledged(task),
            "posts": posts if proposals else [],
        },
        notes if proposals else "",
    )


def proposal(task: Json, name: str, value: Any, form: str) -> Json:
    """Return one proposal: values of parameters, or an idea."""
    change = {"kind": "params", "values": {name: value}} if form == "params" else {"kind": "idea"}
    up = isinstance(value, (int, float)) and value > task["champion"]["params"][name]
    return {
        "title": f"{name} at {value}",
        "hypothesis": f"The champion is beside the optimum; set {name} to {value!r} to see.",
        "axis": name,
        "move": "up" if up else "down",
        "expected": "0.01",
        "if_works": "go on the same way",
        "if_fails": "turn round",
        "cost": "one run",
        "change": change,
    }


def critique(task: Json, files: Files, manner: Manner) -> Done:
    row = task["proposal"]
    wish = wished(row["hypothesis"])
    champion = task["champion"]["params"]
    weak = wish is not None and repr(champion.get(wish[0])) == wish[1]
    stance, reason = (
        ("object", f"{wish[0]} is {wish[1]} already: it repeats the champion" if wish else "")
        if weak
        else ("endorse", "it moves one thing, and it may fail")
    )
    links = [task["champion"]["experiment"]]
    return Done({"opinions": [{"subject": row["id"], "stance": stance, "reason": reason, "links": links}]})


def implement(task: Json, files: Files, manner: Manner) -> Done:
    wish = wished(task["proposal"]["hypothesis"]) if task["proposal"] else None
    if wish is None:
        return Done({"declined": "the proposal does not say what to set"})
    name, value = wish
    (path,) = asked(task)
    found = re.search(rf"(\A|\n){name} = .*(\n|\Z)", files[path])
    if found is None:
        return Done({"declined": f"{path} has no line {name} = …"})
    new = f"{found[1]}{name} = {value}\n"
    edit = Edit(path, found[0], new + BUG if manner.crash else new)
    return Done(edits=(edit,), words=f"{name} is {value} now")


def repair(task: Json, files: Files, manner: Manner) -> Done:
    if "RuntimeError" not in task["log"]:
        return Done({"declined": "the log does not say what is wrong"})
    edits = tuple(Edit(path, BUG, "") for path, text in files.items() if BUG in text)
    return Done(edits=edits, words="took the bug out")


def reflect(task: Json, files: Files, manner: Manner) -> Done:
    row = task["experiment"]
    words = f"{row['id']} ended as {row['verdict']}: {row['reason'] or 'as expected'}."
    return Done({"posts": [{"text": words, "kind": "reflection", "links": [row["id"]]}]})


MOVES: dict[str, Callable[[Json, Files, Manner], Done]] = {
    "discuss": discuss,
    "propose": propose,
    "critique": critique,
    "implement": implement,
    "repair": repair,
    "reflect": reflect,
}


def asked(task: Json) -> list[str]:
    """Return the patterns of the files that have to be looked at before a task is answered."""
    if task["move"] == "repair":
        return list(task["editable"])
    if task["move"] == "implement" and task["proposal"] and (wish := wished(task["proposal"]["hypothesis"])):
        return [task["tunable"][wish[0]]["file"]]
    return []


def respond(task: Json, files: Files, manner: Manner) -> Done:
    """Answer a task; `files` are those of `asked`, by their paths in the campaign's folder."""
    return MOVES[task["move"]](task, files, manner)


def work(task: Json, desk: Path, manner: Manner) -> None:
    """Do a task where it lies: read the files, edit them, write the answer beside it."""
    tree = desk.parent
    found = sorted({path for pattern in asked(task) for path in tree.glob(pattern)})
    files = {path.relative_to(tree).as_posix(): path.read_text(encoding="utf-8") for path in found}
    done = respond(task, files, manner)
    for edit in done.edits:
        text = files[edit.path].replace(edit.old, edit.new, 1)
        (tree / edit.path).write_text(text, encoding="utf-8")
    if done.answer is not None:
        (desk / "answer.json").write_text(json.dumps(done.answer), encoding="utf-8")
    if done.notes:
        (desk / "notes.md").write_text(done.notes, encoding="utf-8")
    if done.edits:
        print(done.words)


# -- misbehaviour --------------------------------------------------------------------------------------------


def leave_daemon(arg: str) -> None:
    """Leave processes of all sorts behind; their ids as seen outside are found by the text in `arg`."""
    loop = f"import time  # {arg}\nwhile True: time.sleep(0.1)"
    subprocess.Popen([sys.executable, "-c", loop])
    subprocess.Popen([sys.executable, "-c", loop], start_new_session=True)
    twice = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    subprocess.run([sys.executable, "-c", twice, sys.executable, "-c", loop], check=True)


def leave_daemon_and_hang(arg: str) -> None:
    leave_daemon(arg)
    hang(arg)


def big_change(arg: str) -> None:
    del arg
    Path("train.py").write_text("x = 1\n" * 200_000)


def many_files(arg: str) -> None:
    for number in range(int(arg)):
        Path(f"f{number}").touch()


def attack(arg: str) -> None:
    """Try everything that a sandbox forbids; the notes say what worked. `arg` names the targets."""
    targets: Json = json.loads(arg)
    done: Json = {"env": dict(os.environ)}

    def attempt(name: str, act: Callable[[], Any]) -> None:
        try:
            done[name] = str(act() or "worked")
        except (OSError, subprocess.SubprocessError) as error:
            done[name] = f"stopped: {type(error).__name__}"

    def connect(family: int, address: Any) -> None:
        with socket.socket(family, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(address)

    def loop_back() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            connect(socket.AF_INET, server.getsockname())

    def shake() -> None:
        if not int(subprocess.run(["unshare", "--user", "true"], check=False).returncode):
            return
        raise PermissionError

    for path in targets.get("read", []):
        attempt(f"read {path}", lambda path=path: Path(path).read_text()[:100])
    for path in targets.get("list", []):
        attempt(
            f"list {path}",
            lambda path=path: ",".join(sorted(found.name for found in Path(path).iterdir())) or "empty",
        )
    for path in targets.get("write", []):
        attempt(f"write {path}", lambda path=path: Path(path).write_text("mine"))
    for pid in targets.get("signal", []):
        attempt(f"signal {pid}", lambda pid=pid: os.kill(pid, 0))
    for path in targets.get("socket", []):
        attempt(f"socket {path}", lambda path=path: connect(socket.AF_UNIX, path))
    for port in targets.get("tcp", []):
        attempt(f"tcp {port}", lambda port=port: connect(socket.AF_INET, ("127.0.0.1", port)))
    attempt("loopback", loop_back)
    attempt("namespaces", shake)
    attempt(
        "processes", lambda: str(len([found for found in Path("/proc").iterdir() if found.name.isdigit()]))
    )
    # What was seen comes out as notes.
    write("notes.md", json.dumps(done))
    write("answer.json", '{"posts": [{"text": "I looked around."}]}')


def nested_repository(arg: str) -> None:
    """Leave repositories whose configuration runs a program, for a careless git to obey."""
    for folder in (Path(), Path("sub")):
        folder.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        config = folder / ".git" / "config"
        trap = f'[core]\n\tfsmonitor = "touch {arg}; false"\n\tpager = touch {arg}\n'
        config.write_text(config.read_text() + trap)
    Path("sub/new.txt").write_text("new\n")
    commit = ["git", "-C", "sub", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "core.fsmonitor=false"]
    subprocess.run([*commit, "add", "."], check=True)
    subprocess.run([*commit, "commit", "-qm", "x"], check=True)
    Path("train.py").write_text(Path("train.py").read_text() + "# touched\n")


def hang(arg: str) -> None:
    del arg
    while True:
        time.sleep(1)


def flood(arg: str) -> None:
    del arg
    while True:
        os.write(1, b"y\n" * 32768)


def nothing(arg: str) -> None:
    del arg


def write(name: str, text: str | bytes) -> None:
    Path(".arctl", name).write_bytes(text.encode() if isinstance(text, str) else text)


def linked_answer(arg: str) -> None:
    Path(".arctl/answer.json").symlink_to(arg)


def linked_desk(arg: str) -> None:
    Path(".arctl").rename("elsewhere")
    Path(".arctl").symlink_to(arg)


def linked_file(arg: str) -> None:
    Path("train.py").unlink()
    Path("train.py").symlink_to(arg)


def odd_files(arg: str) -> None:
    del arg
    os.mkfifo("pipe")
    os.mkfifo(".arctl/answer.json")


def closed_folders(arg: str) -> None:
    del arg
    Path("a/b").mkdir(parents=True)
    Path("a/b/c.txt").write_text("x")
    Path("a/b").chmod(0)
    Path("a").chmod(0)


def crash(arg: str) -> None:
    print("words on the way", flush=True)
    print("Traceback: \x1b[31mit broke\x1b[0m", file=sys.stderr)
    sys.exit(int(arg or 3))


def claude_error(arg: str) -> None:
    """Speak as claude does when it failed: `is_error` beside success, and exit status 0."""
    result = {"type": "result", "subtype": "success", "is_error": True, "result": arg, "total_cost_usd": 0.5}
    print(json.dumps(result))


def tell(arg: str) -> None:
    print(arg)


def caches(arg: str) -> None:
    """Change a file, and leave a cache of Python beside it."""
    del arg
    Path("__pycache__").mkdir()
    Path("__pycache__/train.pyc").write_bytes(b"\0\1")
    Path("train.py").write_text(Path("train.py").read_text() + "# touched\n")
    write("notes.md", "# A comment at the end\n\nIt says that this was here.\n")


MODES: dict[str, Callable[[str], None]] = {
    "hang": hang,
    "flood": flood,
    "nothing": nothing,
    "nonsense": lambda arg: write("answer.json", "{nonsense"),
    "answer": lambda arg: write("answer.json", arg),
    "deep": lambda arg: write("answer.json", "[" * 100_000),
    "huge": lambda arg: write("answer.json", '{"declined": "' + "x" * 3_000_000 + '"}'),
    "big_change": big_change,
    "many_files": many_files,
    "linked_answer": linked_answer,
    "linked_desk": linked_desk,
    "linked_file": linked_file,
    "odd_files": odd_files,
    "closed_folders": closed_folders,
    "nested_repository": nested_repository,
    "daemon": leave_daemon,
    "daemon_and_hang": leave_daemon_and_hang,
    "attack": attack,
    "crash": crash,
    "claude_error": claude_error,
    "tell": tell,
    "caches": caches,
}


def main() -> None:
    """Be the agent once."""
    parser = argparse.ArgumentParser(description="A scripted coding agent, for tests.")
    parser.add_argument("--weak", action="store_true")
    parser.add_argument("--crash", action="store_true")
    parser.add_argument("--mode", choices=sorted(MODES))
    parser.add_argument("--when", choices=sorted(MOVES))
    parser.add_argument("--arg", default="")
    parser.add_argument("task", type=Path)
    given, _ = parser.parse_known_args()
    desk = given.task.parent
    task: Json = json.loads((desk / "task.json").read_text(encoding="utf-8"))
    if given.mode and given.when in (None, task["move"]):
        MODES[given.mode](given.arg)
    else:
        work(task, desk, Manner(given.weak, given.crash))


if __name__ == "__main__":
    main()
