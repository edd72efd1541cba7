"""PyTorch through transformers: the definition, and its bf16."""

import torch
import transformers

from engines.batches import BatchEngine


class Engine(BatchEngine):
    def __init__(self, checkpoint, model, threads, dtype):
        super().__init__(checkpoint)
        torch.set_num_threads(threads)
        # Fused attention; weights cast once; autocast would repeat the cast for every batch.
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            model, dtype=getattr(torch, dtype), attn_implementation="sdpa"
        ).eval()

    def compute(self, ids, mask):
        with torch.inference_mode():
            answer = self.model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            return answer.logits.float().numpy()
