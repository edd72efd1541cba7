"""The texts that all answer: BANKING77 where it is, else made-up ones as long as BANKING77's. Pure Python."""

import os
import random
from dataclasses import dataclass
from pathlib import Path

from peers.queries import read_rows

ROOT = Path(__file__).resolve().parents[2]
# Words of BANKING77's test queries: every twentieth of them, sorted.
WORDS_OF_A_TEXT = (2, 5, 6, 6, 7, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 13, 15, 18, 24, 69)
WORDS = """a about account activate after am amount and any app arrive at balance bank be been before can cancel card cash
change charge check code contactless could currency delivery deposit did different do does exchange extra fee for from
funds get has have help how i identity in is it know limit long lost made make me money much my need new not of on one
passcode pay payment pending phone pin please purchase rate received refund reverted see seem send should still stolen
support take the there this time to top transaction transfer verify virtual was way what when where which why will with
withdrawal working would wrong yesterday you your""".split()
MADE_UP_INTENTS = 77  # as BANKING77
MADE_UP_TRAINING, MADE_UP_TEST = 10003, 3080


@dataclass(frozen=True)
class Texts:
    source: str
    train: Path | None  # the CSV files, where there are any
    test: Path | None
    training: list  # (text, label), each text once
    queries: list


def find_texts():
    folder = data_folder() / "banking77"
    files = folder / "train.csv", folder / "test.csv"
    if all(file.is_file() for file in files):
        return Texts("BANKING77", *files, *(read_rows(file) for file in files))
    return Texts(
        f"made-up texts as long as BANKING77's ({folder} is missing)",
        None,
        None,
        made_up(MADE_UP_TRAINING, seed=1),
        made_up(MADE_UP_TEST, seed=2),
    )


def data_folder():
    """FASTINTENT_DATA, ../shared/data, or what gpu_check.sh packed."""
    packed = ROOT / "data"
    given = os.environ.get("FASTINTENT_DATA")
    if given:
        return Path(given)
    return packed if (packed / "banking77").is_dir() else ROOT.parent / "shared" / "data"


def made_up(count, seed):
    draw = random.Random(seed)
    texts = {}
    while len(texts) < count:
        at = draw.random() * (len(WORDS_OF_A_TEXT) - 1)
        low, high = WORDS_OF_A_TEXT[int(at)], WORDS_OF_A_TEXT[int(at) + 1]
        words = round(low + (at - int(at)) * (high - low))
        texts[" ".join(draw.choices(WORDS, k=words))] = f"intent_{len(texts) % MADE_UP_INTENTS}"
    return list(texts.items())
