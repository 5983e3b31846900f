"""Reading constants, at the commits of experiments, that a campaign tunes from now on."""

from __future__ import annotations

from arctl.daemon.actions import ReadParams
from arctl.daemon.facts import EditRefused, ParamsRead
from arctl.daemon.specs import read
from arctl.daemon.workspace.admission import params_at
from arctl.daemon.workspace.git import Bare
from arctl.experiments.check import check_files
from arctl.experiments.errors import Problem
from arctl.experiments.spec import Spec
from arctl.plugins import brain_kinds

SPEC = "arctl.toml"


def constants(action: ReadParams, bare: Bare) -> ParamsRead | EditRefused:
    """Return the values of constants; refuse an edit whose constants the champion's tree does not have."""
    campaign, spec = action.campaign, read(action.spec, action.campaign.id)
    if action.spec != campaign.spec and (problem := _lacking(action, bare, spec)) is not None:
        message = f"{problem.key}: {problem.message.rstrip('.')}, as of the champion {campaign.champion}"
        return EditRefused(campaign.id, SPEC, message, problem.remedy.rstrip("."))
    chosen = spec.model_copy(update={"params": {name: spec.params[name] for name in action.names}})
    values = {
        ident: params_at(bare, commit, campaign.prefix, chosen) for ident, commit in action.commits.items()
    }
    return ParamsRead(campaign.id, campaign.spec, action.spec, action.diff, values)


def _lacking(action: ReadParams, bare: Bare, spec: Spec) -> Problem | None:
    """Return what is wrong with one of the constants in the champion's tree."""
    campaign = action.campaign
    commit = action.commits[campaign.champion]

    def look(path: str) -> str | None:
        if path == SPEC:
            return action.spec
        try:
            return bare.file(commit, campaign.prefix + path)
        except UnicodeDecodeError:
            return None

    keys = tuple(f"params.{name}." for name in action.names)
    found = check_files(spec, look, SPEC, brain_kinds())
    return next((problem for problem in found if f"{problem.key}.".startswith(keys)), None)
