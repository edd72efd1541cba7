"""What the peers share: batches of texts, and Hugging Face's tokenizer in front of the model."""

import numpy
import tokenizers


class BatchEngine:
    """An engine that gets one padded batch after the other; a subclass has compute(ids, mask)."""

    def __init__(self, checkpoint):
        self.tokenizer = tokenizers.Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        # A folder may request a fixed length; a fast server pads to the longest text of the batch.
        padding = self.tokenizer.padding or {"pad_id": 0, "pad_token": "[PAD]"}
        self.tokenizer.enable_padding(pad_id=padding["pad_id"], pad_token=padding["pad_token"])

    def tokenize(self, texts):
        """Token ids and attention mask, each [texts, longest], int64."""
        rows = self.tokenizer.encode_batch_fast(texts)
        return (
            numpy.array([row.ids for row in rows], numpy.int64),
            numpy.array([row.attention_mask for row in rows], numpy.int64),
        )

    def compute(self, ids, mask):
        """Logits [texts, labels] in f32."""
        raise NotImplementedError

    def logits(self, texts, batch_size):
        return numpy.concatenate([self.compute(*self.tokenize(batch)) for batch in split(texts, batch_size)])

    def labels(self, texts, batch_size):
        return self.logits(texts, batch_size).argmax(axis=1).tolist()


def split(texts, batch_size):
    return [texts[start : start + batch_size] for start in range(0, len(texts), batch_size)]
