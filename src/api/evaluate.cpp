#include "fastintent/evaluation.h"
#include "fastintent/intent_classifier.h"

namespace fastintent {

Evaluation evaluate(IntentClassifier& classifier, const LabelledTexts& data) {
  PredictOptions options;
  options.top_k = 0;
  options.with_logits = true;
  std::vector<std::vector<float>> logits;
  for (IntentPrediction& prediction : classifier.predict_batch(data.texts, options)) {
    logits.push_back(std::move(prediction.logits));
  }
  return evaluate_logits(logits, data.labels, classifier.intents(), classifier.temperature());
}

}  // namespace fastintent
