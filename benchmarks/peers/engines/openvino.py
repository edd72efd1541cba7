"""OpenVINO. One stream answers a lone query soonest; several, each with its share of the threads, answer more."""

import numpy
import openvino

from engines.batches import BatchEngine, split


class Engine(BatchEngine):
    """Batches are asynchronous requests, so that the next is tokenized while the streams compute."""

    def __init__(self, checkpoint, model, threads, streams, inference_precision):
        super().__init__(checkpoint)
        settings = {
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": threads,
        }
        if inference_precision is not None:  # None: the default of OpenVINO
            settings["INFERENCE_PRECISION_HINT"] = inference_precision
        compiled = openvino.Core().compile_model(model / "model.xml", "CPU", settings)
        self.requests = openvino.AsyncInferQueue(compiled, streams)
        self.requests.set_callback(lambda request, keep: keep(request.get_output_tensor(0).data))

    def logits(self, texts, batch_size):
        batches = split(texts, batch_size)
        if len(batches) == 1:  # nothing to overlap with
            return self.compute(*self.tokenize(texts))
        rows = [None] * len(batches)
        for index, batch in enumerate(batches):
            inputs = self.tokenize(batch)
            self.requests.start_async(inputs, lambda found, index=index: rows.__setitem__(index, found.copy()))
        self.requests.wait_all()
        return numpy.concatenate(rows)

    def compute(self, ids, mask):
        return self.requests[0].infer((ids, mask))[0]
