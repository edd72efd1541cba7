"""fastintent through its Python module, as its users call it: each label comes with probabilities and alternatives."""

import fastintent


class Engine:
    """Batches of `batch_size` texts, in their order; the next is tokenized while the workers compute."""

    def __init__(self, checkpoint, model, threads, precision):
        del checkpoint  # the model's folder has the tokenizer, too
        self.classifier = fastintent.IntentClassifier(
            model_path=model, precision=precision, threads=threads, enable_cache=False
        )
        self.index = {intent: i for i, intent in enumerate(self.classifier.intents)}

    def logits(self, texts, batch_size):
        answers = self.classifier.predict_batch(texts, batch_size=batch_size, with_logits=True)
        return [answer.logits for answer in answers]

    def labels(self, texts, batch_size):
        if len(texts) == 1:
            answers = [self.classifier.predict(texts[0])]
        else:
            answers = self.classifier.predict_batch(texts, batch_size=batch_size)
        return [self.index[answer.intent] for answer in answers]
