#include <fmt/format.h>

#include <utility>

#include "api/classifier_state.h"
#include "api/compare_predictions.h"
#include "api/predict_texts.h"
#include "api/sample_texts.h"

namespace fastintent {

OptimizationReport IntentClassifier::optimize_for_inference(
    Precision precision,
    std::span<const std::string> sample_texts,
    const std::function<bool()>& should_stop) {
  const std::span<const std::string> samples = samples_or_ours(sample_texts);
  const OneAtATime::Turn turn(state_->turns, "optimize_for_inference", should_stop);
  const std::shared_ptr<Predictor> before = state_->predictor();
  OptimizationReport report;
  report.device = before->device_name();
  report.previous_precision = before->precision();
  if (precision == Precision::automatic) {
    PrecisionChoice choice = before->automatic_precision(state_->options.label_agreement);
    precision = choice.precision;
    report.reason = std::move(choice.reason);
  } else {
    report.reason = fmt::format("{} was asked for", precision_name(precision));
  }
  report.precision = precision;
  const bool changes = precision != before->precision();
  const auto after = changes ? state_->prepare(before->trained(), precision) : before;
  const std::vector<std::string_view> texts(samples.begin(), samples.end());
  const auto old_predictions = predict_all(plain_context(before, should_stop), texts);
  const auto new_predictions = predict_all(plain_context(after, should_stop), texts);
  const PrecisionAgreement agreement = compare_predictions(old_predictions, new_predictions);
  report.sample_texts = agreement.texts;
  report.label_agreement = agreement.label_agreement;
  report.largest_confidence_change = agreement.largest_confidence_change;
  if (changes) {
    state_->use(after);
  }
  return report;
}

}  // namespace fastintent
