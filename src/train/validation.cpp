#include "train/validation.h"

#include <atomic>

#include "base/stop_flag.h"
#include "batch/token_budget.h"
#include "model/forward.h"

namespace fastintent {

Validation::Validation(ThreadPool& pool, GradientWorkers& workers, const ModelConfig& config)
    : pool_(pool), workers_(workers) {
  for (int worker = 0; worker < pool.size(); ++worker) {
    activations_.push_back(
        std::make_unique<Activations>(workers.backend(worker), config, Keep::scratch));
  }
}

std::optional<std::vector<std::vector<float>>> Validation::run(
    const PreparedModel& model,
    const EncodedDataset& data,
    const std::function<bool()>& should_stop) {
  StopFlag stop(should_stop);
  stop.poll();
  std::vector<int32_t> lengths;
  lengths.reserve(static_cast<size_t>(data.examples()));
  for (int64_t example = 0; example < data.examples(); ++example) {
    lengths.push_back(data.length(example));
  }
  std::vector<std::vector<float>> logits(lengths.size());
  const auto ranges = split_by_tokens(
      lengths, workers_.backend(0).traits().work_sizes.forward_tokens, pool_.size());
  std::atomic<size_t> next{0};
  const auto work = [&](int worker) {
    Activations& act = *activations_[static_cast<size_t>(worker)];
    PackedBatch batch(model.config.encoder.padding_id);
    for (size_t index = next++; index < ranges.size() && !stop.is_set(); index = next++) {
      batch.clear();
      for (int64_t i = ranges[index].begin; i < ranges[index].end; ++i) {
        batch.append(data.tokens(i));
      }
      const Pass pass{workers_.backend(worker), batch, {}};
      const Tensor out = composed_logits(pass, model, act);
      std::vector<float> values(static_cast<size_t>(out.size()));
      pass.backend.download(out, Tensor(values.data(), out.rows, out.columns));
      for (int64_t row = 0; row < out.rows; ++row) {
        const auto first = values.begin() + row * out.columns;
        logits[static_cast<size_t>(ranges[index].begin + row)].assign(first, first + out.columns);
      }
    }
  };
  pool_.run(work, [&] { stop.poll(); });
  if (stop.is_set()) {
    return std::nullopt;
  }
  return logits;
}

}  // namespace fastintent
