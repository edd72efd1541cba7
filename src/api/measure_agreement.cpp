#include "api/measure_agreement.h"

#include <memory>
#include <vector>

#include "api/compare_predictions.h"
#include "api/predict_texts.h"
#include "devices/create_backend.h"
#include "predict/predictor.h"

namespace fastintent {

std::map<Precision, double> measure_agreement(const std::filesystem::path& folder,
                                              std::span<const std::string_view> texts,
                                              int threads,
                                              const std::function<bool()>& should_stop) {
  const auto trained = std::make_shared<const TrainedModel>(SnapshotPath(folder), 0);
  const auto predict = [&](Precision precision) {
    auto predictor = std::make_shared<Predictor>(
        trained,
        [](int) { return create_backend(Device::cpu); },
        precision,
        std::make_shared<WorkQueue>(threads));
    PredictionContext context = plain_context(std::move(predictor), should_stop);
    context.options.top_k = 0;  // the intents alone are compared
    return predict_all(context, texts);
  };
  const std::vector<IntentPrediction> before = predict(Precision::fp32);
  std::map<Precision, double> shares;
  // Every processor has both, so the folder may be moved to another one.
  for (const Precision precision : {Precision::bf16, Precision::int8}) {
    shares[precision] = compare_predictions(before, predict(precision)).label_agreement;
  }
  return shares;
}

}  // namespace fastintent
