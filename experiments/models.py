"""The tables of ``arctl.toml`` as frozen models; reading the file is ``spec.py``'s business."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, model_validator

from arctl.experiments.company import Brain, Budget, Override, RoleName, Teams
from arctl.experiments.confinement import Sandbox, Score
from arctl.experiments.durations import Seconds
from arctl.experiments.rules import (
    Rule,
    check_metric,
    check_param,
    check_policy,
    check_seed,
    progress_pattern,
    slug,
)
from arctl.experiments.sizes import Size
from arctl.experiments.tables import Allowance, Flag, Glob, Integer, Number, Path, Table, Text, Value

Goal = Literal["minimize", "maximize"]
Source = Literal["block", "json", "jsonl", "regex"]
ParamType = Literal["float", "int", "bool", "choice"]
Mode = Literal["sequential", "greedy"]
PromptName = Literal["common", "discuss", "propose", "critique", "implement", "repair", "reflect"]


class Run(Table):
    """How one run is started and how long it may take."""

    command: Text = Field(description="Shell command that starts one run, in the campaign's folder.")
    setup: Text | None = Field(None, description="Shell command run once per campaign, before anything else.")
    prepare: Text | None = Field(
        None, description="Shell command run in each work tree before its slot is free: the environment."
    )
    timeout: Seconds = Field(
        600.0, description="Wall clock after which a run is ended, in seconds or as 10m."
    )
    setup_timeout: Seconds = Field(
        7200.0, description="Wall clock after which setup is ended: it may load data from far away."
    )
    stall: Seconds | None = Field(None, description="Time without any output after which a run is ended.")
    freezable: Flag = Field(
        False,
        description="Whether runs may be frozen: only where the script has no time budget of its own.",
    )
    time_budget: Flag | None = Field(
        None,
        description="Whether the script trains for a time, so that a busy machine bends the metric; guessed.",
    )
    gpus: Integer = Field(1, ge=1, description="Whole GPUs (or slots of the host) that one run has.")
    per_gpu: Integer = Field(1, ge=1, description="Runs of this campaign that share one GPU (or slot).")
    gpu_memory: Size | None = Field(
        None,
        ge=1,
        description="Memory that a run needs on a GPU, as 20GB; learned from earlier runs by default.",
    )
    stagger: Seconds | None = Field(
        None, description="Least time between two starts of runs of this campaign."
    )
    env: dict[str, Annotated[str, Strict()]] = Field(
        default_factory=dict, description="Environment variables set for every run."
    )
    env_pass: tuple[Text, ...] = Field(
        (), description="Environment variables passed on from the daemon's own."
    )
    log_cap_mb: Integer = Field(
        64, ge=1, description="Size of a run's log beyond which its middle is dropped, in MB."
    )
    link: tuple[Path, ...] = Field(
        (), description="Untracked paths of your tree, such as data folders, that each run sees by a symlink."
    )

    def rules(self) -> list[Rule]:
        """One run has several GPUs, or several runs share one."""
        if self.gpus > 1 and self.per_gpu > 1:
            said = f"gpus = {self.gpus} and per_gpu = {self.per_gpu} exclude each other."
            return [Rule("per_gpu", said, "Leave one of them out.")]
        return []


class Metric(Table):
    """The number that decides, and where a run leaves it."""

    name: Text = Field(description="Name of the deciding metric, as the run prints or writes it.")
    goal: Goal = Field("minimize", description="Whether lower (minimize) or higher (maximize) is better.")
    source: Source = Field(
        "block", description="Where it stands: block (`name: value` lines of the log), json, jsonl or regex."
    )
    file: Path | None = Field(None, description="File that the run writes, for json and jsonl.")
    pattern: Text | None = Field(
        None,
        description="For regex: pattern with one group or a group named value; its last match counts.",
    )
    min_improvement: Number = Field(0.0, ge=0, description="Gain below which a change is not worth keeping.")

    def rules(self) -> list[Rule]:
        """``file`` goes with json and jsonl, ``pattern`` with regex."""
        return check_metric(self.source, self.file, self.pattern)


class Progress(Table):
    """How the learning curve is read from the log."""

    pattern: Annotated[Text, BeforeValidator(progress_pattern)] | None = Field(
        None,
        description="Pattern with a group named step; its other named groups are metrics.",
    )


class Seed(Table):
    """How a run is told its seed: exactly one of env, arg, file."""

    env: Text | None = Field(None, description="Environment variable that carries the seed.")
    arg: Text | None = Field(None, description="Argument appended to the command, with {seed} in it.")
    file: Path | None = Field(None, description="File in which the seed is replaced, with pattern.")
    pattern: Text | None = Field(None, description="Pattern in file whose first group is the seed.")

    def rules(self) -> list[Rule]:
        """Exactly one way, complete."""
        return check_seed(self.env, self.arg, self.file, self.pattern)


class Files(Table):
    """What an experiment may change."""

    editable: tuple[Glob, ...] = Field(
        min_length=1, description="Globs of the files that an experiment may change."
    )
    protected: tuple[Glob, ...] = Field(
        (), description="Globs of files that must be the same before and after a run."
    )


class Param(Table):
    """One tunable constant: where it stands and which values it may take."""

    file: Path = Field(description="File in which the constant stands.")
    key: Annotated[str, Strict()] = Field(
        "",
        description="Name of the constant, a dotted path in YAML, TOML and JSON; the table's name.",
    )
    type: ParamType = Field(description="Kind of value: float, int, bool or choice.")
    low: Number | None = Field(None, description="Smallest value, for float and int.")
    high: Number | None = Field(None, description="Largest value, for float and int.")
    step: Number | None = Field(None, gt=0, description="Distance between values; not together with log.")
    log: Flag = Field(False, description="Search on a logarithmic scale.")
    choices: tuple[Value, ...] = Field((), description="The values of a choice.")
    when: dict[str, Value | tuple[Value, ...]] = Field(
        default_factory=dict,
        description="Other parameters and the value or values at which this one is active.",
    )

    def rules(self) -> list[Rule]:
        """A range for numbers, choices for a choice, nothing for a bool."""
        return check_param(self.type, self.low, self.high, self.step, self.log, self.choices)


class Policy(Table):
    """How results are judged."""

    mode: Mode = Field(
        "sequential", description="sequential (error-controlled) or greedy (better once is kept)."
    )
    alpha: Number = Field(0.05, gt=0, lt=0.5, description="Accepted rate of false accepts per candidate.")
    baseline_runs: Integer = Field(
        5, ge=1, description="Runs of the unchanged code at the start, one seed each."
    )
    champion_runs: Integer = Field(3, ge=1, description="Fresh runs of each new champion.")
    looks: tuple[Integer, ...] = Field(
        (1, 2, 3, 5), min_length=1, description="Numbers of runs of a candidate after which it is judged."
    )
    seeds: tuple[Integer, ...] | None = Field(
        None, description="Seeds to use, in this order; drawn when left out."
    )
    approve: Flag = Field(False, description="Nothing runs until a person agreed to it: `arctl approve`.")

    def rules(self) -> list[Rule]:
        """Looks that rise, seeds that differ and suffice."""
        return check_policy(self.mode, self.baseline_runs, self.champion_runs, self.looks, self.seeds)


class Guardrail(Table):
    """A second metric that must not get worse by more than this, against the champion and the baseline."""

    metric: Text = Field(description="Name of the guarded metric.")
    max_increase: Allowance | None = Field(None, description='Largest increase, as a number or as "10%".')
    max_decrease: Allowance | None = Field(None, description='Largest decrease, as a number or as "10%".')

    def rules(self) -> list[Rule]:
        """A guardrail without a limit guards nothing."""
        if self.max_increase is None and self.max_decrease is None:
            return [Rule("", "no limit is given.", "Set max_increase or max_decrease.")]
        return []


class Limits(Table):
    """When the campaign ends by itself."""

    experiments: Integer | None = Field(
        None, ge=1, description="Proposals after which it ends; a winner tried again does not count."
    )
    hours: Number | None = Field(None, gt=0, description="Hours after which it ends.")
    share: Number = Field(
        1.0, gt=0, description="Weight of this campaign where several want the same devices."
    )
    target: Number | None = Field(None, description="Value of the metric at which the campaign is finished.")


class Keep(Table):
    """What is kept of ended runs; 0 is without limit.

    The champion's, the baseline's and every accepted experiment's is kept for ever.
    """

    runs: Size = Field(
        20 * 10**9,
        description="Most room for the folders of ended runs; the oldest that brought nothing go first.",
    )
    files_days: Number = Field(
        14.0,
        ge=0,
        description="Days after which what a run that brought nothing left beside its log goes.",
    )
    logs_days: Number = Field(
        90.0, ge=0, description="Days after which the whole folder of such a run goes, its log with it."
    )
    curves_days: Number = Field(
        0.0, ge=0, description="Days after which the learning curve of such a run goes."
    )
    events_days: Number = Field(0.0, ge=0, description="Days after which what happened is forgotten.")


class Spec(Table):
    """A whole campaign: what runs, what is measured, what may change, how it is judged."""

    name: Annotated[str, BeforeValidator(slug)] = Field(
        description="Name of the campaign; the folder's name by default. It becomes a branch, arctl/<name>."
    )
    objective: Path | None = Field(None, description="File with the objective in words.")
    run: Run = Field(description="How one run is started.")
    metric: Metric = Field(description="The number that decides.")
    score: Score | None = Field(None, description="Who computes it, where that is not the run itself.")
    sandbox: Sandbox = Field(default_factory=lambda: Sandbox(), description="What runs may see and do.")
    progress: Progress = Field(default_factory=Progress, description="How the learning curve is read.")
    seed: Seed | None = Field(None, description="How a run is told its seed.")
    files: Files = Field(description="What an experiment may change.")
    params: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")], Param] = Field(
        default_factory=dict, description="Tunable constants, by name."
    )
    policy: Policy = Field(default_factory=Policy, description="How results are judged.")
    guardrails: tuple[Guardrail, ...] = Field((), description="Second metrics that must not get worse.")
    limits: Limits = Field(default_factory=Limits, description="When the campaign ends by itself.")
    keep: Keep = Field(default_factory=Keep, description="What is kept of ended runs, and for how long.")
    brain: Brain = Field(default_factory=lambda: Brain(), description="Who proposes the changes.")
    roles: dict[RoleName, Override] = Field(
        default_factory=dict,
        description="What differs from [brain] for one role: analyst, experimenter, critic.",
    )
    teams: Teams = Field(default_factory=lambda: Teams(), description="The company and its ways.")
    budget: Budget = Field(default_factory=lambda: Budget(), description="What language models may cost.")
    prompts: dict[PromptName, Path] = Field(
        default_factory=dict, description="Files of yours in place of arctl's own prompts, by their names."
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_default_to_names(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("params"), dict):
            return data
        named = {
            name: {**param, "key": param.get("key") or name} if isinstance(param, dict) else param
            for name, param in data["params"].items()
        }
        return {**data, "params": named}

    @property
    def trust(self) -> Literal["scored", "reported"]:
        """Whether the metric is computed out of the experiment's reach, or printed by the run itself."""
        return "reported" if self.score is None else "scored"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data from which ``Spec.model_validate`` makes an equal spec."""
        return self.model_dump(mode="json", exclude_none=True)

    def brain_for(self, role: str, team: int = 0) -> Brain:
        """Return the brain of a role (analyst, experimenter, solo, critic) in the team of this number."""
        brain = self.brain
        if self.teams.mix:
            brain = self.teams.mix[team % len(self.teams.mix)].over(brain)
        part = self.roles.get(role)  # type: ignore[call-overload]  # a solo agent has no override
        return part.over(brain) if part is not None else brain

    def seed_pattern(self) -> re.Pattern[str] | None:
        """The pattern that finds the seed in ``seed.file``; None where the seed goes another way."""
        return re.compile(self.seed.pattern) if self.seed is not None and self.seed.pattern else None
