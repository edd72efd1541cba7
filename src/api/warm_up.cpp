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
  // Ours are sorted by length: the short ones, which are most of the traffic, come last and leave
  // caches and branch predictors as the first of them will find them.
  for (auto text = texts.rbegin(); text != texts.rend(); ++text) {
    predict_one(context, *text);
  }
}

}  // namespace fastintent
