"""What a command left as its answer: validated, cut to size, made into a reply; see docs/command.md."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from arctl.daemon.rows import Json, Stance
from arctl.daemon.thought import BrainFault
from arctl.daemon.turns import Acknowledgement, DirectionDraft, Draft, Opinion, Reply, Words
from arctl.text import clean, clean_block

#: The most that is taken of each list.
MANY = 32
#: The most characters of a patch or of all edits.
MAX_CHANGE = 600_000

Line = Annotated[str, AfterValidator(lambda text: clean(text, 300))]
Name = Annotated[str, AfterValidator(lambda text: clean(text, 120))]
Text = Annotated[str, AfterValidator(lambda text: clean_block(text)[:8_000].strip())]
Long = Annotated[str, AfterValidator(lambda text: clean_block(text)[:16_000].strip())]
T = TypeVar("T")


def _encodable(text: str) -> str:
    """Insist that a text can be written to a file; a lone half of a character cannot."""
    text.encode("utf-8")
    return text


Code = Annotated[str, Field(max_length=MAX_CHANGE), AfterValidator(_encodable)]
Some = Annotated[list[T], Field(max_length=MANY)]


class _Part(BaseModel):
    """A piece of an answer; a key that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Params(_Part):
    kind: Literal["params"]
    values: Annotated[dict[Name, int | float | bool | Line], Field(min_length=1, max_length=100)]


class _Patch(_Part):
    kind: Literal["patch"]
    patch: Code


class _Edit(_Part):
    path: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_encodable)]
    old: Code = ""
    new: Code = ""
    whole: bool = False
    delete: bool = False


class _Edits(_Part):
    kind: Literal["edits"]
    edits: Annotated[list[_Edit], Field(min_length=1, max_length=100)]


class _Idea(_Part):
    kind: Literal["idea"]


_Change = Annotated[_Params | _Patch | _Edits | _Idea, Field(discriminator="kind")]


class _Proposal(_Part):
    title: Line
    hypothesis: Text = ""
    axis: Name = ""
    move: Name = ""
    expected: Text = ""
    if_works: Text = ""
    if_fails: Text = ""
    cost: Line = ""
    difference: Text = ""
    change: _Change | None = None


class _Direction(_Part):
    title: Line
    hypothesis: Text
    axes: Annotated[list[Name], Field(min_length=1, max_length=MANY)]
    prediction: Text = ""
    falsifier: Text = ""
    first: Some[Text] = Field(default_factory=list)


class _Opinion(_Part):
    subject: Name = ""
    stance: Literal["endorse", "object", "revise"]
    reason: Text
    links: Some[Name] = Field(default_factory=list)


class _Post(_Part):
    text: Text
    kind: Literal["note", "question", "answer", "reflection", "report"] = "note"
    parent: Name = ""
    links: Some[Name] = Field(default_factory=list)


class _Acknowledgement(_Part):
    directive: Name
    plan: Text = ""
    report: Text = ""
    done: bool = False
    keep: Some[Name] = Field(default_factory=list)


class _Answer(_Part):
    proposals: Some[_Proposal] = Field(default_factory=list)
    directions: Some[_Direction] = Field(default_factory=list)
    opinions: Some[_Opinion] = Field(default_factory=list)
    posts: Some[_Post] = Field(default_factory=list)
    acknowledgements: Some[_Acknowledgement] = Field(default_factory=list)
    notes: Long | None = None
    exhausted: bool = False
    declined: Text = ""
    note: Text = ""


def parse(data: bytes, subject: str) -> Reply:
    """Read an answer; opinions that name nothing are of `subject`. Raises `BrainFault` where it is none.

    A proposal that says nothing of its change has an empty one, for the difference of the folder to fill.
    """
    try:
        read = json.loads(data, parse_constant=_refuse)
        answer = _Answer.model_validate(read)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _malformed(where, first["msg"]) from error
    except (ValueError, RecursionError) as error:
        raise _malformed("it is no JSON", str(error)) from error
    return Reply(
        drafts=tuple(_draft(proposal) for proposal in answer.proposals),
        directions=tuple(
            DirectionDraft(
                row.title, row.hypothesis, tuple(row.axes), row.prediction, row.falsifier, tuple(row.first)
            )
            for row in answer.directions
        ),
        opinions=tuple(
            Opinion(row.subject or subject, Stance(row.stance), row.reason, tuple(row.links))
            for row in answer.opinions
        ),
        posts=tuple(Words(row.text, row.kind, row.parent, tuple(row.links)) for row in answer.posts),
        acknowledged=tuple(
            Acknowledgement(row.directive, row.plan, row.report, row.done, tuple(row.keep))
            for row in answer.acknowledgements
        ),
        notes=answer.notes,
        exhausted=answer.exhausted,
        declined=answer.declined,
        note=answer.note,
    )


def _draft(proposal: _Proposal) -> Draft:
    fields: dict[str, Any] = proposal.model_dump(exclude={"change"})
    change: Json = proposal.change.model_dump() if proposal.change else {}
    return Draft(change=change, **fields)


def _refuse(name: str) -> Any:
    msg = f"{name} is no number"
    raise ValueError(msg)


def _malformed(where: str, why: str) -> BrainFault:
    msg = f".arctl/answer.json is not as agreed: {clean(where, 100)}: {clean(why, 300)}"
    return BrainFault("malformed", msg, "docs/command.md says how it must look")
