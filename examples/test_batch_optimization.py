#!/usr/bin/env python3
"""Shows every feature of the classifier on a trained folder, each with its own timings.

test_batch_optimization.py MODEL [TEXTS_FILE]

TEXTS_FILE has one text a line; without it there are 256 made-up messages.
"""

import sys
import time

import fastintent

MESSAGES = [
    "where is order ",
    "please cancel order ",
    "I was charged twice for order ",
    "one thing is missing from my parcel ",
    "I would like to send back the shoes of order ",
    "the app closes when I open invoice ",
    "can you change the address of my delivery ",
    "my promo code does not work with article ",
]


def milliseconds(work):
    """Milliseconds that `work` takes."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def print_rate(how, count, took):
    print(f"{how:28} {count:5} texts  {took:9.1f} ms  {1000 * count / took:9.0f} texts/s")


def made_up_texts():
    return [MESSAGES[i % len(MESSAGES)] + str(1000 + i) for i in range(256)]


def read_texts(file):
    with open(file, encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in lines if line.strip()]
    if not texts:
        raise ValueError(f"{file}: expected texts, found none")
    return texts


def show_memory(classifier):
    print("\n== Device and memory")
    gpu = classifier.get_gpu_memory_stats()
    print(
        f"GPU available: {'yes' if gpu['gpu_available'] else 'no'}, device: {gpu['device_name']}\n"
        f"total {gpu['total_memory_gb']:.1f} GB, allocated {gpu['allocated_memory_gb']:.1f}, "
        f"cached {gpu['cached_memory_gb']:.1f}, free {gpu['free_memory_gb']:.1f}"
    )


def show_warm_up(classifier, texts):
    print("\n== Warm-up")

    def one():
        classifier.predict(texts[0], use_cache=False)

    print(f"first prediction             {milliseconds(one):9.2f} ms")
    print(f"warm_up()                    {milliseconds(classifier.warm_up):9.2f} ms")
    print(f"prediction after it          {milliseconds(one):9.2f} ms")


def show_batches(classifier, texts):
    print("\n== Batch processing")

    def one_by_one():
        for text in texts:
            classifier.predict(text, use_cache=False)

    print_rate("one by one", len(texts), milliseconds(one_by_one))
    for batch_size in (8, 32):
        took = milliseconds(lambda: classifier.predict_batch(texts, batch_size, use_cache=False))
        print_rate(f"batches of {batch_size}", len(texts), took)


def show_streaming(classifier, texts):
    print("\n== Streaming")
    sizes = []

    def stream():
        for _, predictions in classifier.predict_batch_streaming(texts, use_cache=False):
            sizes.append(len(predictions))  # here you would write them out

    took = milliseconds(stream)
    print_rate(f"{len(sizes)} batches, one at a time", sum(sizes), took)


def show_cache(classifier, texts):
    print("\n== Cache")

    def one():
        classifier.predict(texts[0])

    classifier.clear_cache()
    print(f"first time                   {milliseconds(one):9.4f} ms")
    print(f"second time                  {milliseconds(one):9.4f} ms")
    stats = classifier.get_cache_stats()
    print(
        f"{stats['cache_size']} of {stats['cache_limit']} predictions kept, {stats['hits']} hits, "
        f"{stats['misses']} misses, {stats['memory_bytes']} bytes"
    )
    classifier.clear_cache()
    print(f"after clear_cache(): {classifier.get_cache_stats()['cache_size']} kept")


def show_optimization(classifier, texts):
    print("\n== Inference optimisation")

    def everything():
        classifier.predict_batch(texts, use_cache=False)

    print_rate("before", len(texts), milliseconds(everything))
    report = classifier.optimize_for_inference()
    print(
        f"{report['precision']} instead of {report['previous_precision']}: {report['reason']}\n"
        f"{100 * report['label_agreement']:.1f} % of {report['sample_texts']} sample texts "
        "keep their label"
    )
    classifier.warm_up()
    print_rate("after", len(texts), milliseconds(everything))


def show_benchmark(classifier, texts):
    print("\n== Benchmark")
    report = classifier.benchmark_performance(texts, num_iterations=20)
    print(f"{report['device']}, {report['precision']}, {report['threads']} threads")
    for name, figures in report["benchmarks"].items():
        print(
            f"{name:20} {figures['throughput']:9.0f} texts/s  mean {figures['mean_ms']:9.4f} ms  "
            f"p50 {figures['p50_ms']:9.4f}  p95 {figures['p95_ms']:9.4f}  "
            f"p99 {figures['p99_ms']:9.4f}"
        )


def main(arguments):
    if len(arguments) not in (1, 2):
        print(f"usage: {sys.argv[0]} MODEL [TEXTS_FILE]", file=sys.stderr)
        return 64
    try:
        texts = read_texts(arguments[1]) if arguments[1:] else made_up_texts()
        classifier = fastintent.IntentClassifier(model_path=arguments[0])
        print(classifier.description)
        show_memory(classifier)
        show_warm_up(classifier, texts)
        show_batches(classifier, texts)
        show_streaming(classifier, texts)
        show_cache(classifier, texts)
        show_optimization(classifier, texts)
        show_benchmark(classifier, texts)
    except (fastintent.FastintentError, OSError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
