"""The `anthropic` brain: a language model that speaks the Messages API, given tools and a bounded view.

It reaches the model, files and the ledger through `Services` only; `render` (what it is told), `tools` (what
it may call) and `given` (how its words are read) are pure. The SDK is not here: the gateway calls the model.
"""

from __future__ import annotations

from arctl.daemon.brains.anthropic.brain import AnthropicBrain

__all__ = ["AnthropicBrain"]
