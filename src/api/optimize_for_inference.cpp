#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "api/classifier_state.h"
#include "api/sample_texts.h"

namespace fastintent {
namespace {

void compare(const std::shared_ptr<Predictor>& before,
             const std::shared_ptr<Predictor>& after,
             std::span<const std::string> samples,
             OptimizationReport& report) {
  const std::vector<std::string_view> texts(samples.begin(), samples.end());
  const auto old_answers = predict_all(plain_context(before), texts);
  const auto new_answers = predict_all(plain_context(after), texts);
  int64_t kept = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    kept += old_answers[i].intent == new_answers[i].intent ? 1 : 0;
    report.largest_confidence_change =
        std::max(report.largest_confidence_change,
                 std::abs(new_answers[i].confidence - old_answers[i].confidence));
  }
  report.sample_texts = static_cast<int64_t>(texts.size());
  report.label_agreement = static_cast<double>(kept) / static_cast<double>(texts.size());
}

}  // namespace

OptimizationReport IntentClassifier::optimize_for_inference(
    Precision precision, std::span<const std::string> sample_texts) {
  const std::span<const std::string> samples = samples_or_ours(sample_texts);
  const OneAtATime::Turn turn(state_->turns, "optimize_for_inference");
  const std::shared_ptr<Predictor> before = state_->predictor();
  OptimizationReport report;
  report.device = before->device_name();
  report.previous_precision = before->precision();
  if (precision == Precision::automatic) {
    precision = before->fastest_precision().precision;
    report.reason = before->fastest_precision().reason;
  } else {
    report.reason = fmt::format("{} was asked for", precision_name(precision));
  }
  report.precision = precision;
  const bool changes = precision != before->precision();
  const auto after = changes ? state_->prepare(before->trained(), precision) : before;
  compare(before, after, samples, report);
  if (changes) {
    state_->use(after);
  }
  return report;
}

}  // namespace fastintent
