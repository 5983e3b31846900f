"""`arctl demo`: a small campaign in a folder of its own, told as it goes, and what came of it at the end."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

import arctl
from arctl.cli import common
from arctl.errors import ArctlError, NotRunningError, RefusedError
from arctl.format import count, duration, interval, number
from arctl.paths import Home
from arctl.text import clean

#: What each example needs that arctl itself does not.
NEEDS = {
    "digits": (("sklearn",), "scikit-learn", "demo"),
    "tiny_gpt": (("torch", "numpy"), "PyTorch", "gpt"),
}
#: Seconds that the daemon has to end when the demo is over.
FAREWELL = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo takes place: its folder, its repository, its state folder."""

    folder: Path
    repo: Path
    home: Home


@click.command()
@click.option("-e", "--example", default="digits", show_default=True, metavar="NAME", help="Which example.")
@click.option("-n", "--experiments", type=click.IntRange(min=1), metavar="N", help="How many experiments.")
@click.option(
    "--folder", type=click.Path(path_type=Path), metavar="DIR", help="Where; a temporary one otherwise."
)
@click.option(
    "--home", "home_path", type=click.Path(path_type=Path), metavar="DIR", help="The state folder to use."
)
@click.pass_context
def demo(
    ctx: click.Context, example: str, experiments: int | None, folder: Path | None, home_path: Path | None
) -> None:
    """Run a small campaign here and now, and show what it finds.

    Copies an example into a folder of its own and starts a daemon for it alone; your own campaigns are not
    touched. Ctrl-C ends it. The folder stays, so that you can look around.

    Example: arctl demo --experiments 8
    """
    from arctl.cli.spawn import ensure
    from arctl.cli.start import begin, prepare

    source = find_example(example)
    stage = set_up(source, folder, home_path, experiments)
    environment = {**os.environ, "PATH": _path(), "ARCTL_HOME": str(stage.home.root)}
    began = time.monotonic()
    common.narrate(f"a copy of examples/{example} is in {stage.repo}")
    # Whoever tries arctl out may not have bubblewrap yet; what the runs get instead is told, in a note.
    plain = prepare(stage.repo, environment, allow_dirty=False)
    request = dataclasses.replace(plain, sandbox="best", allow_unsandboxed=True)
    daemon = ensure(stage.home, environment)
    interrupted = False
    try:
        answer = begin(stage.home, request)
        name = answer["campaign"]
        for note in answer["notes"]:
            common.narrate(f"note: {clean(note)}")
        common.narrate(f"campaign {clean(name)} runs; Ctrl-C ends it\n")
        _tell(stage.home, name, began)
        _conclude(stage.home, name, time.monotonic() - began)
    except KeyboardInterrupt:
        interrupted = True
        common.narrate("\ninterrupted: stopping the daemon")
    finally:
        if daemon.process is not None:
            _stop(stage.home, daemon.process)
        _farewell(stage)
    if interrupted:
        ctx.exit(130)


def find_example(name: str) -> Path:
    """Return the folder of an example, in a checkout or in a wheel; raises `ArctlError` with what to do."""
    package = Path(arctl.__file__).parent
    roots = (package.parent / "examples", package / "examples")
    found = next((root / name for root in roots if (root / name / "arctl.toml").is_file()), None)
    if found is None or Path(name).name != name:
        known = sorted({path.parent.name for root in roots for path in root.glob("*/arctl.toml")})
        msg = f"there is no example {clean(name)!r}"
        raise RefusedError(msg, f"examples: {', '.join(known) or 'none is installed'}")
    modules, title, extra = NEEDS.get(name, ((), "", ""))
    if any(importlib.util.find_spec(module) is None for module in modules):
        msg = f"the example {name} needs {title}, which {sys.executable} does not have"
        raise ArctlError(msg, f"pip install 'arctl[{extra}]'")
    return found


def set_up(source: Path, folder: Path | None, home_path: Path | None, experiments: int | None) -> Stage:
    """Copy an example into a folder and make it a repository with one commit."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="arctl-demo-"))
    folder = folder.absolute()
    repo = folder / source.name
    if repo.exists():
        msg = f"{repo} exists already"
        raise RefusedError(msg, f"name another folder, or go on with it: `arctl start {repo}`")
    if shutil.which("git") is None:
        raise ArctlError("git is not installed", "install it, for example `apt-get install git`")
    shutil.copytree(source, repo, ignore=shutil.ignore_patterns("__pycache__", ".venv", "*.pyc"))
    if experiments is not None:
        spec = repo / "arctl.toml"
        spec.write_text(limited(spec.read_text(encoding="utf-8"), experiments), encoding="utf-8")
    _git(repo, "init", "--quiet", "--template=")
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--no-verify", f"--message=the {source.name} example of arctl")
    home = Home(home_path.absolute() if home_path else folder / "arctl-home")
    return Stage(folder, repo, home)


def limited(text: str, experiments: int) -> str:
    """Return a spec's text with another number of experiments."""
    pattern = re.compile(r"(?m)^(\[limits\]\n(?:(?!\[).*\n)*?)experiments\s*=\s*\d+")
    new, hits = pattern.subn(rf"\g<1>experiments = {experiments}", text, count=1)
    if hits:
        return new
    if re.search(r"(?m)^\[limits\]\s*$", text):
        return re.sub(r"(?m)^\[limits\]\s*$", f"[limits]\nexperiments = {experiments}", text, count=1)
    return f"{text.rstrip()}\n\n[limits]\nexperiments = {experiments}\n"


def _git(repo: Path, *arguments: str) -> None:
    """Run git in the copy with an identity of its own; hooks and signing of the user stay out of it."""
    identity = ["-c", "user.name=arctl demo", "-c", "user.email=demo@localhost"]
    settings = [
        "-c",
        "commit.gpgSign=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.excludesFile=/dev/null",
    ]
    done = subprocess.run(
        ["git", *identity, *settings, *arguments], cwd=repo, capture_output=True, text=True, check=False
    )
    if done.returncode:
        msg = f"git {arguments[0]} failed: {done.stderr.strip()}"
        raise ArctlError(msg, f"look into {repo}")


def _path() -> str:
    """Return a PATH on which `python` is the one that runs this."""
    mine = str(Path(sys.executable).parent)
    return f"{mine}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _tell(home: Home, name: str, began: float) -> None:
    """Print a line for each event of interest until the campaign is finished or held."""
    from arctl.cli import follow, story

    teller = story.Teller()
    cursor = follow.Cursor(0, _epoch(home))
    for event in follow.events(home, cursor):
        if event is None or event["campaign"] != name:
            continue
        if said := teller.line(event):
            at = duration(time.monotonic() - began)
            click.echo(f"{at:>7}  {said}")
        if event["kind"] in ("campaign.finished", "campaign.held"):
            return


def _epoch(home: Home) -> str:
    from arctl.client import Client

    with Client(home) as client:
        return str(client.welcome["epoch"])


def _conclude(home: Home, name: str, wall: float) -> None:
    """Say what was found, how sure it is and what it cost, or that nothing was."""
    from arctl.cli.champion import against, cost, mean_of, whole
    from arctl.cli.look import show_diff
    from arctl.client import Client

    with Client(home) as client:
        found = whole(client, name)
        change = client.call("champion.diff", campaign=name)["diff"]
    best, first = found["champion"], found["lineage"][0]
    click.echo()
    if found["state"] == "held":
        msg = f"the campaign is held: {found['reason']}"
        raise ArctlError(msg, f"its log: {home.log}")
    metric = clean(found["metric"])
    if best["id"] == first["id"]:
        click.echo(f"nothing beat the baseline ({metric} {number(mean_of(first))})")
    else:
        runs = count(len(best["bank"] or best["values"]), "fresh run" if best["bank"] else "run")
        click.echo(click.style(clean(f"the champion is {best['id']} {best['title']}"), bold=True))
        click.echo(
            f"{metric} {number(mean_of(first))} -> {number(mean_of(best))} over {runs}: {against(found)}"
        )
        click.echo("\nwhat it changed since the baseline\n")
        show_diff(change)
        click.echo("\nhow sure")
        for row in found["lineage"][1:]:
            click.echo(f"  {_sure(row)}")
    tried = f"{count(found['experiments'], 'experiment')}, {found['accepted']} accepted"
    click.echo(f"\ncost: {tried}, {cost(found)}, {duration(wall)} on the clock")


def _sure(row: common.Reply) -> str:
    """Say how sure one accepted step is."""
    seen = row["evidence"]
    gain = f"{row['id']} better by {number(seen.get('effect'), 3)}"
    if seen.get("z") is None:
        return clean(f"{gain} in one run (policy {seen.get('policy')})")
    limits = interval(seen["effect_low"], seen["effect_high"])
    runs = f"{count(seen['n'], 'run')} against {seen['m']} of {seen.get('against')}"
    return clean(
        f"{gain}, interval {limits}, Z {number(seen['z'], 3)} >= {number(seen['threshold'], 3)}, {runs}"
    )


def _stop(home: Home, process: subprocess.Popen[bytes]) -> None:
    """End the daemon that was started for the demo, with its runs."""
    from arctl.client import Client

    try:
        with Client(home) as client:
            client.call("stop", mode="now")
        process.wait(FAREWELL)
    except (NotRunningError, subprocess.TimeoutExpired):
        process.terminate()


def _farewell(stage: Stage) -> None:
    """Say where everything lies and how to look around."""
    common.narrate(f"\neverything is in {stage.folder}; look around with")
    prefix = f"ARCTL_HOME={stage.home.root}"
    common.narrate(f"  export {prefix}")
    common.narrate(f"  arctl start {stage.repo}   # brings its daemon up again")
    common.narrate(f"  arctl tui   # with --replay {stage.repo.name} it goes through all of it again")
    common.narrate("  arctl tree; arctl teams --all; arctl forum; arctl show e2; arctl champion; arctl stop")
