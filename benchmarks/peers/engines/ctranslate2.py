"""CTranslate2's Encoder, which ends at the pooler; the classifier behind it is one product in NumPy."""

from concurrent.futures import ThreadPoolExecutor

import ctranslate2
import numpy

from engines.batches import BatchEngine, split


class Engine(BatchEngine):
    """`replicas` batches are computed at once, each with its share of the threads."""

    def __init__(self, checkpoint, model, threads, compute_type, replicas):
        super().__init__(checkpoint)
        self.tokenizer.no_padding()  # its own business
        self.encoder = ctranslate2.Encoder(
            str(model), compute_type=compute_type, inter_threads=replicas, intra_threads=max(1, threads // replicas)
        )
        self.callers = ThreadPoolExecutor(replicas)
        classifier = numpy.load(model / "classifier.npz")
        self.weight, self.bias = classifier["weight"].T.copy(), classifier["bias"]

    def classify(self, batch):
        ids = [row.ids for row in self.tokenizer.encode_batch_fast(batch)]
        pooled = numpy.array(self.encoder.forward_batch(ids).pooler_output)
        return pooled @ self.weight + self.bias

    def logits(self, texts, batch_size):
        batches = split(texts, batch_size)
        answers = self.callers.map(self.classify, batches) if len(batches) > 1 else map(self.classify, batches)
        return numpy.concatenate(list(answers))
