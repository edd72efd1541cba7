#include "predict/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "batch/token_budget.h"
#include "compute/create_backend.h"
#include "fastintent/error.h"
#include "model/load_weights.h"

namespace fastintent {

Predictor::Predictor(const std::filesystem::path& folder,
                     Device device,
                     int threads,
                     int max_length)
    : folder_(folder),
      tokenizer_(folder_.encoder_path(), max_length),
      pool_(threads > 0 ? threads : available_cores()) {
  if (!folder_.has_trained_head()) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "load classifier: expected a folder with a trained classifier, found a model without "
            "one ({}); train it first",
            folder.string()));
  }
  folder_.require_vocabulary(tokenizer_.vocabulary_size());
  load(device);
}

void Predictor::load(Device device) {
  std::vector<std::unique_ptr<Backend>> backends(static_cast<size_t>(pool_.size()));
  pool_.run([&](int worker) { backends[static_cast<size_t>(worker)] = create_backend(device); });
  device_name_ = backends.front()->name();
  // On a worker: a backend may set its thread up for single-threaded work, which the caller's is
  // not.
  pool_.run([&](int worker) {
    if (worker == 0) prepare(*backends.front());
  });

  replicas_.resize(backends.size());
  pool_.run([&](int worker) {
    const auto index = static_cast<size_t>(worker);
    replicas_[index] = std::make_unique<Replica>(std::move(backends[index]), model_);
  });
}

void Predictor::prepare(Backend& backend) {
  const ModelConfig& config = folder_.config();
  ConstTensor word = view_word_table(folder_);
  OwnedWeights weights =
      allocate_weights(backend, config, word.empty() ? config.encoder.vocabulary : 0);
  load_trained_weights(folder_, config, weights.weights);
  auto model = std::make_shared<PreparedModel>(
      prepare_model(backend, config, weights.weights, Precision::fp32, WeightUse::inference));
  if (word.empty()) {
    word_table_ = std::move(weights.word);
  } else {
    model->tables.word = word;
  }
  model_ = std::move(model);
}

void Predictor::tokenize(std::span<const std::string_view> texts, TextLogits& out) {
  if (ids_.size() < texts.size()) ids_.resize(texts.size());
  lengths_.resize(texts.size());
  // A few texts at a time, so that one long text does not hold up the others.
  constexpr size_t kTextsAtATime = 16;
  std::atomic<size_t> next{0};
  pool_.run([&](int) {
    for (size_t begin = next.fetch_add(kTextsAtATime); begin < texts.size();
         begin = next.fetch_add(kTextsAtATime)) {
      for (size_t i = begin; i < std::min(begin + kTextsAtATime, texts.size()); ++i) {
        ids_[i].clear();
        out.truncated[i] = static_cast<char>(tokenizer_.append_ids(texts[i], ids_[i]));
        lengths_[i] = static_cast<int32_t>(ids_[i].size());
        if (lengths_[i] > 0) continue;
        throw Error(
            ErrorCode::bad_checkpoint,
            fmt::format("tokenize: expected special tokens around every text, found none ({})",
                        folder_.encoder_path().string()));
      }
    }
  });
}

TextLogits Predictor::run(std::span<const std::string_view> texts) {
  const size_t C = model_->config.intents.size();
  TextLogits out;
  out.values.resize(texts.size() * C);
  out.truncated.resize(texts.size());
  tokenize(texts, out);

  const auto ranges = split_by_tokens(lengths_, kForwardTokenBudget, pool_.size());
  std::atomic<size_t> next{0};
  pool_.run([&](int worker) {
    PackedBatch batch;
    for (size_t index = next++; index < ranges.size(); index = next++) {
      const auto begin = static_cast<size_t>(ranges[index].begin);
      const auto end = static_cast<size_t>(ranges[index].end);
      batch.clear();
      for (size_t i = begin; i < end; ++i) batch.append(ids_[i]);
      replicas_[static_cast<size_t>(worker)]->run(
          batch, std::span(out.values).subspan(begin * C, (end - begin) * C));
    }
  });
  return out;
}

}  // namespace fastintent
