#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <system_error>

#include "api/compare_predictions.h"
#include "api/output_folder.h"
#include "base/available_memory.h"
#include "base/output_place.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/quantize.h"
#include "model/load_weights.h"
#include "model/packed_weights.h"
#include "model/prepared_model.h"
#include "text/read/prepared_tokenizer.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

void check(const QuantizationOptions& options) {
  if (options.precision != Precision::int8 && options.precision != Precision::bf16) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("quantize: expected the precision int8 or bf16, found {}",
                            precision_name(options.precision)));
  }
  if (!options.labels.empty() && options.labels.size() != options.texts.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("quantize: expected a label for each of {} texts, found {}",
                            options.texts.size(),
                            options.labels.size()));
  }
}

// Of the answers to the texts in both precisions, and of what finds repeated texts.
void require_memory_for_answers(const QuantizationOptions& options) {
  constexpr size_t kName = 32;   // of an intent, where its string does not hold it
  constexpr size_t kIndex = 64;  // an entry of a hash table of texts
  constexpr size_t kAnswers = 2;
  const size_t bytes = kAnswers * (sizeof(IntentPrediction) + kName) + kIndex;
  require_memory("quantize",
                 {std::to_string(options.texts.size()),
                  static_cast<double>(bytes) * static_cast<double>(options.texts.size())});
}

bool lies_in(const fs::path& inner, const fs::path& outer) {
  const auto [end, ignored] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end == outer.end();
}

// A folder inside the other would be copied into itself, or removed when the other is replaced.
void require_apart(const fs::path& model, const fs::path& output) {
  std::error_code failed;  // a missing folder is reported later
  const fs::path from = fs::weakly_canonical(normalized_output(model), failed);
  const fs::path to = failed ? fs::path() : fs::weakly_canonical(output, failed);
  if (failed == std::errc::not_enough_memory) {
    throw std::bad_alloc();
  }
  if (!lies_in(from, to) && !lies_in(to, from)) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("quantize: expected an output folder apart from the model's, found {}",
                          output.string()));
}

void pack_weights(const ModelFolder& folder, const fs::path& out, QuantizationReport& report) {
  const auto backend = create_backend(Device::cpu);
  const OwnedWeights weights = allocate_host_weights(folder.config(), 0);
  load_trained_weights(folder, folder.config(), weights.weights);
  const PreparedModel model = prepare_model(
      *backend, folder.config(), weights.weights, report.precision, WeightUse::inference);
  for (const auto& [name, weight] : model.packable) {
    report.fp32_bytes += weight->rows() * weight->columns() * static_cast<int64_t>(sizeof(float));
  }
  report.packed_bytes = write_packed_weights(out, model.packable, report.precision, folder);
  folder.require_unchanged_weights("quantize");
}

// The tables of the tokenizer, beside its tokenizer.json. Those of an earlier preparation may be there.
void prepare_tokenizer(const ModelFolder& folder, const fs::path& out) {
  const fs::path encoder = out / folder.encoder().path().lexically_relative(folder.folder().path());
  fs::remove(encoder / kPreparedTokenizerFile);
  const SnapshotPath json = folder.encoder() / "tokenizer.json";
  if (json.exists()) {
    write_prepared_tokenizer(json, encoder / kPreparedTokenizerFile);
  }
}

// Predicts on the CPU, which supports these precisions. `before`: number of texts already predicted
// in another precision, of twice as many in total.
std::vector<IntentPrediction> predict_texts(const fs::path& folder,
                                            Precision precision,
                                            const QuantizationOptions& options,
                                            int64_t before) {
  IntentClassifier classifier({.model_path = folder,
                               .device = Device::cpu,
                               .precision = precision,
                               .threads = options.threads});
  PredictOptions call;
  call.top_k = 0;
  call.use_cache = false;
  bool stopped = false;
  if (options.on_progress) {
    call.on_progress = [&](int64_t done, int64_t total) {
      stopped = !options.on_progress(before + done, 2 * total);
      return !stopped;
    };
  }
  std::vector<IntentPrediction> predictions = classifier.predict_batch(options.texts, call);
  if (stopped) {
    throw Error(ErrorCode::interrupted, "quantize: stopped by the caller");
  }
  return predictions;
}

double accuracy(std::span<const IntentPrediction> predictions,
                std::span<const std::string> labels) {
  int64_t right = 0;
  for (size_t i = 0; i < predictions.size(); ++i) {
    right += predictions[i].intent == labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(predictions.size());
}

// Runs both precisions from the prepared folder, so that the comparison covers what will run.
PrecisionAgreement compare(const fs::path& folder, const QuantizationOptions& options) {
  const auto count = static_cast<int64_t>(options.texts.size());
  const auto own = predict_texts(folder, Precision::fp32, options, 0);
  const auto packed = predict_texts(folder, options.precision, options, count);
  PrecisionAgreement agreement = compare_predictions(own, packed);
  if (!options.labels.empty()) {
    agreement.accuracy = accuracy(packed, options.labels);
    agreement.fp32_accuracy = accuracy(own, options.labels);
  }
  return agreement;
}

}  // namespace

QuantizationReport quantize_model(const fs::path& model,
                                  const fs::path& output,
                                  const QuantizationOptions& options) {
  check(options);
  require_memory_for_answers(options);
  const fs::path target = normalized_output(output);
  require_apart(model, target);
  const OutputFolder place("quantize", target, options.overwrite);
  const ModelFolder folder(model);
  folder.require_classifier();
  QuantizationReport report;
  report.precision = options.precision;
  place.replace([&](const fs::path& out) {
    // Without the packed weights of an earlier preparation, and without what a run keeps there.
    folder.folder().snapshot().copy_to(out, [](const std::string& name) {
      return name == kPackedWeightsFile || name.starts_with(kOurFilesInside);
    });
    pack_weights(folder, out, report);
    prepare_tokenizer(folder, out);
    if (!options.texts.empty()) {
      report.agreement = compare(out, options);
    }
  });
  return report;
}

}  // namespace fastintent
