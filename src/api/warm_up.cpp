#include "api/classifier_state.h"
#include "api/predict_texts.h"
#include "api/sample_texts.h"

namespace fastintent {

void IntentClassifier::warm_up(std::span<const std::string> sample_texts,
                               const std::function<bool()>& should_stop) {
  const std::span<const std::string> samples = samples_or_ours(sample_texts);
  const std::shared_ptr<Predictor> predictor = state_->predictor();
  predictor->warm_up(should_stop);
  const std::vector<std::string_view> texts(samples.begin(), samples.end());
  const PredictionContext context = plain_context(predictor, should_stop);
  predict_all(context, texts);
  // The built-in samples are sorted by length. Short texts are most of the traffic, so they run
  // last: caches and branch predictors are then ready for them.
  for (auto text = texts.rbegin(); text != texts.rend(); ++text) {
    predict_one(context, *text);
  }
}

}  // namespace fastintent
