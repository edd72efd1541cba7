"""What precision costs: accuracy of all-MiniLM-L6-v2 tuned on the GPU, and labels beside the processor's in f32."""

import json

from contenders import Place
from figures import figure
from peers.answers import best, share_equal
from prediction import progress
from program import ProgramError

SEEDS = (42, 1, 2)  # those of docs/performance.md


def measure_accuracy(programs, base, files, device, effort, scratch):
    """Test accuracy of models tuned in each precision, by seed; and the folder of the first, for labels()."""
    seeds = SEEDS[: effort.seeds]
    places = [Place("cpu", "auto")]
    if device == "cuda":
        places += [Place("cuda", "fp16"), Place("cuda", "bf16")]
    accuracies = {place: [] for place in places}
    result = {"seeds": list(seeds), "places": {}}
    trained = None
    for place in places:
        reason = None
        for seed in seeds:
            progress(f"accuracy, {place.name}, seed {seed}")
            output = scratch / f"tuned-{place.device}-{place.precision}-{seed}"
            try:
                programs.train(base, *files, output, place, "--seed", seed)
                accuracies[place].append(programs.accuracy(output, files[1], Place(place.device, "fp32")))
                trained = output
            except ProgramError as error:
                reason = str(error)
                progress(reason)
                break
        result["places"][place.name] = {"unavailable": reason, "accuracy": figure(accuracies[place])}
    return result, trained


def measure_labels(programs, trained, texts, device, scratch):
    """Share of labels equal to the processor's in fp32, of one trained folder."""
    file = scratch / "label_texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    precisions = ("fp16", "bf16", "tf32", "fp32") if device == "cuda" else ("bf16", "int8")
    places = [Place("cpu", "fp32"), *(Place(device, precision) for precision in precisions)]
    expected, equal = None, {}
    for place in places:
        progress(f"labels of {place.name}")
        try:
            labels = [best(row) for row in programs.logits(trained, file, place)]
        except ProgramError as error:
            progress(str(error))
            if expected is None:
                return {"texts": len(texts), "unavailable": str(error), "equal": {}}
            equal[place.name] = None
            continue
        expected = expected or labels
        equal[place.name] = share_equal(expected, labels)
    return {"texts": len(texts), "unavailable": None, "equal": equal}
