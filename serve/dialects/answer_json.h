#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "../dialect.h"
#include "base/json_writer.h"

namespace fastintent::serve {

/// PredictionCall::top_k for all intents, more than a model has; their number bounds it.
constexpr int kAllIntents = 1'000'000;

/// A writer of one line; bytes of names that are not UTF-8 become U+FFFD.
JsonWriter answer_writer();

/// An answer of JSON.
HttpResponse json_response(const JsonWriter& out, int status = 200);

/// Calls `write(intent, confidence)` for the winner and the alternatives, best first.
template <class Write>
void for_each_intent(const IntentPrediction& prediction, const Write& write) {
  write(std::string_view(prediction.intent), prediction.confidence);
  for (const ScoredIntent& alternative : prediction.alternatives) {
    write(std::string_view(alternative.intent), alternative.confidence);
  }
}

/// Writes the winner and the alternatives, best first: [{`name`: intent, `score`: confidence}, ...].
void write_ranking(JsonWriter& out,
                   const IntentPrediction& prediction,
                   std::string_view name,
                   std::string_view score);

/// Numbers of a model's intents by name. The table is built when it is first asked for one, as the
/// commonest answers need none. The model must outlive it.
class IntentNumbers {
 public:
  explicit IntentNumbers(const ModelInfo& model) : model_(model) {}
  size_t of(std::string_view intent);
  size_t size() const { return model_.intents.size(); }
  /// Probabilities in id2label order, of a prediction with all intents.
  std::vector<float> probabilities(const IntentPrediction& prediction);

 private:
  const ModelInfo& model_;
  std::unordered_map<std::string_view, size_t> numbers_;
};

/// Numbers of the highest values, highest first, at most `count`; equal ones in order.
std::vector<size_t> ranked(const std::vector<float>& values, size_t count);

/// {"error": message}, which several protocols share.
HttpResponse plain_failure(int status, std::string_view message);

}  // namespace fastintent::serve
