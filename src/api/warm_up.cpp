#include "api/classifier_state.h"
#include "api/sample_texts.h"

namespace fastintent {

void IntentClassifier::warm_up(std::span<const std::string> sample_texts) {
  const std::span<const std::string> samples = samples_or_ours(sample_texts);
  const std::shared_ptr<Predictor> predictor = state_->predictor();
  predictor->warm_up();
  const std::vector<std::string_view> texts(samples.begin(), samples.end());
  const PredictionContext context = plain_context(predictor);
  predict_all(context, texts);
  for (const std::string_view text : texts) predict_one(context, text);
}

}  // namespace fastintent
