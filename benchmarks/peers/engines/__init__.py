"""One file for each program: a class Engine that loads a converted model and labels texts with it.

Engine(checkpoint, model, threads, **settings): `checkpoint` has the tokenizer, `model` is what the converter made of
it. logits(texts, batch_size): [texts, labels]; labels(texts, batch_size): what is timed, one index a text. Both take
the texts in batches of `batch_size` consecutive ones.
"""
