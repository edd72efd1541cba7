"""The folder of somebody who reads the documentation: the models and files that its code names."""

import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
TRAINED = GOLDEN / "bert_pooler" / "model"  # tiny, with random weights and a trained head
BASE = GOLDEN / "bert_base" / "model"  # the same without a head
HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"

QUESTIONS = {"card": "where is my card", "refund": "give my money back", "weather": "will it rain"}


def make_folder(folder: pathlib.Path) -> dict[str, str]:
    """Fills `folder`; gives the environment in which to run there."""
    shutil.copytree(TRAINED, folder / "models" / "support")
    rows = [f"{text} number {i},{label}" for i in range(12) for label, text in QUESTIONS.items()]
    for name in ("messages.csv", "held_out.csv"):
        (folder / name).write_text("text,label\n" + "\n".join(rows) + "\n")
    (folder / "messages.txt").write_text("where is my card\n\nplease close my account\n" * 40)
    hub = folder / "huggingface" / "hub" / ("models--" + HUB_ID.replace("/", "--"))
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text("0" * 40)
    shutil.copytree(BASE, hub / "snapshots" / ("0" * 40))
    return {"HF_HOME": str(folder / "huggingface"), "HF_HUB_OFFLINE": "1"}
