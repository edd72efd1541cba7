"""The checkpoint in the form that exporters trace: ids and mask in, the bare logits out."""

import torch
import transformers


class Traced(torch.nn.Module):
    INPUTS = ("input_ids", "attention_mask")

    def __init__(self, checkpoint, attention):
        super().__init__()
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            checkpoint, dtype=torch.float32, attn_implementation=attention
        ).eval()
        self.config = self.model.config

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    @classmethod
    def example(cls):
        """Two texts of eight tokens: any will do, since both sizes are declared as unknown."""
        return {name: torch.ones(2, 8, dtype=torch.long) for name in cls.INPUTS}
