"""Turn a trained model and pages of bytes into log-probabilities. To be changed together with train.py.

For each byte of each page: 256 numbers, for the byte after it. They may come of this byte and of those before
it on its page, never of later ones or of other pages; evaluate.py finds out. It normalises, too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import train

# Pages at a time: bounds memory, changes no result.
BATCH = 64


@torch.inference_mode()
def main() -> None:
    """Run the model that train.py left, window by window."""
    torch.set_num_threads(1)
    artifacts = Path(os.environ.get("ARCTL_ARTIFACTS", "."))
    context = json.loads((artifacts / "model.json").read_text())["context"]
    device = train.pick_device()
    model = train.GPT().to(device).eval()
    with np.load(artifacts / "model.npz") as saved:
        model.load_state_dict({name: torch.from_numpy(saved[name]) for name in saved.files})

    pages = np.load(Path(os.environ.get("ARCTL_INPUTS", "inputs/1")) / "pages.npy")
    found = np.empty((*pages.shape, 256), np.float16)
    for left in range(0, pages.shape[1], context):
        for top in range(0, len(pages), BATCH):
            window = slice(top, top + BATCH), slice(left, left + context)
            logits = model(torch.from_numpy(pages[window]).long().to(device))
            found[window] = F.log_softmax(logits.float(), dim=-1).cpu().numpy()
    folder = Path(os.environ.get("ARCTL_PREDICTIONS", "predictions/1"))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "logprobs.npy", found)


if __name__ == "__main__":
    main()
