"""ONNX Runtime on the graph that its own transformer fusions made."""

import onnxruntime

from engines.batches import BatchEngine


class Engine(BatchEngine):
    def __init__(self, checkpoint, model, threads):
        super().__init__(checkpoint)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1  # a chain of layers has nothing to run in parallel
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(model / "model.onnx", options, providers=["CPUExecutionProvider"])

    def compute(self, ids, mask):
        return self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
