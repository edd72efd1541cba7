"""The floors and goals of the CUDA device, and whether a run reached them. Pure Python."""

from dataclasses import dataclass

from figures import highest, median, ratio


@dataclass(frozen=True)
class Goal:
    what: str
    unit: str
    floor: float
    goal: float | None
    at_most: bool = False  # a time or a loss: less is better


GOALS = {
    "tokens": Goal("BERT-base, fp16, tokens in, labels out, packed batches", "queries/s", 110_000, 225_000),
    "texts": Goal("text in, label out, as a share of that", "%", 60, 85),
    "arrival": Goal("against torch fp16, tokens in, arrival order, batch 32", "x", 8, 15),
    "sorted": Goal("against torch fp16, tokens in, sorted, batch 128", "x", 2, 3),
    "single": Goal("one query, p50", "ms", 0.6, 0.25, at_most=True),
    "training": Goal(
        "fine-tune BERT-base size on BANKING77, 5 epochs, batch 32, the whole command", "s", 20, 6, at_most=True
    ),
    "trainer": Goal("training steps against transformers' Trainer in fp16", "x", 6, 12),
    "labels": Goal("labels equal to the processor's f32, BANKING77 test, fp16", "%", 99.8, 99.9),
    "accuracy": Goal(
        "all-MiniLM-L6-v2 tuned in fp16 and bf16: accuracy lost to the processor's mean, the larger",
        "points",
        0.3,
        None,
        at_most=True,
    ),
}


def judge(results):
    """The goals with what was found: [{what, unit, floor, goal, found, floor_reached, goal_reached}]. found is None
    where it was not measured; so is what was reached, and all of it in a run without a GPU or with the tiny model."""
    found = find(results)
    counts = results["device"] == "cuda" and not results["tiny"]
    return [
        {
            "what": goal.what,
            "unit": goal.unit,
            "floor": goal.floor,
            "goal": goal.goal,
            "found": found[name],
            "floor_reached": reached(goal, found[name], goal.floor) if counts else None,
            "goal_reached": reached(goal, found[name], goal.goal) if counts else None,
        }
        for name, goal in GOALS.items()
    ]


def reached(goal, found, limit):
    if found is None or limit is None:
        return None
    return found <= limit if goal.at_most else found >= limit


def find(results):
    found = dict.fromkeys(GOALS)
    if results.get("prediction"):
        found |= of_prediction(results["prediction"])
    if results.get("training"):
        found |= of_training(results["training"])
    if results.get("labels"):
        found["labels"] = percent(results["labels"]["equal"].get(main_name(results)))
    if results.get("accuracy"):
        found["accuracy"] = points_lost(results["accuracy"])
    return found


def main_name(results):
    return "fastintent fp16" if results["device"] == "cuda" else "fastintent bf16, processor"


def of_prediction(prediction):
    ours = prediction["contenders"][prediction["main"]]
    peer = prediction["contenders"][prediction["peer"]]
    if ours["unavailable"]:
        return {}
    tokens = best_packed(ours)
    found = {
        "tokens": median(tokens),
        "texts": percent(ratio(ours["rates"].get("texts streaming"), tokens)),
        "single": median(ours["p50_ms"]),
    }
    if not peer["unavailable"]:
        found |= {
            "arrival": ratio(tokens, peer["rates"].get("tokens arrival 32")),
            "sorted": ratio(tokens, peer["rates"].get("tokens sorted 128")),
        }
    return found


def best_packed(contender):
    """The highest rate of tokens in, labels out, among the batch sizes."""
    return highest({case: rate for case, rate in contender["rates"].items() if case.startswith("tokens packed")})[1]


def of_training(training):
    sides = training["precisions"][training["main"]]
    ours, theirs = sides["fastintent"], sides["Trainer"]
    return {"training": median(ours["seconds"]), "trainer": ratio(theirs["steps_seconds"], ours["steps_seconds"])}


def points_lost(accuracy):
    """The larger of what fp16 and bf16 lose, in points; None unless both and the processor's were measured."""
    places = accuracy["places"]
    means = {name: mean(place["accuracy"]) for name, place in places.items()}
    cpu = means.get("fastintent auto, processor")
    gpu = [means.get(f"fastintent {precision}") for precision in ("fp16", "bf16")]
    return None if cpu is None or None in gpu else 100 * (cpu - min(gpu))


def mean(found):
    return None if found is None else sum(found["rounds"]) / len(found["rounds"])


def percent(share):
    return None if share is None else 100 * share
