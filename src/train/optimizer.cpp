#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fastintent {
namespace {

// torch's defaults; 0.999 and 1e-8 are also those of the BERT paper's successors.
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

// The rows of `tensor` that are rows of `source`, too; both are in one range of memory.
Tensor shared_rows(const Tensor& tensor, const Tensor& source) {
  const float* begin = std::max(tensor.data, source.data);
  const float* end = std::min(tensor.data + tensor.size(), source.data + source.size());
  if (std::less<>()(begin, end)) {
    return tensor.row_slice((begin - tensor.data) / tensor.columns, (end - begin) / tensor.columns);
  }
  return {};
}

}  // namespace

Optimizer::Optimizer(ThreadPool& pool,
                     GradientWorkers& workers,
                     const FitSettings& settings,
                     const OwnedWeights& weights,
                     const PreparedModel& model)
    : pool_(pool),
      workers_(workers),
      settings_(settings),
      weights_(weights),
      layers_(static_cast<int>(model.config.encoder.layers)) {
  Backend& backend = workers_.backend(0);
  const EncoderConfig& encoder = model.config.encoder;
  const int64_t flat = flat_parameter_count(model.config);
  state_.first_moment = allocate_flat(backend, flat);
  state_.second_moment = allocate_flat(backend, flat);
  state_.word_first_moment = backend.allocate(encoder.vocabulary, encoder.embedding_width());
  state_.word_second_moment = backend.allocate(encoder.vocabulary, encoder.embedding_width());
  state_.word_steps.assign(static_cast<size_t>(encoder.vocabulary), 0);
  deal_out(model);
}

// `depth` counts from the embeddings (0) through the layers to the head (layers + 1).
double Optimizer::peak_learning_rate(int depth) const {
  if (depth > layers_) {
    return settings_.head_learning_rate;
  }
  return settings_.learning_rate * std::pow(settings_.layer_decay, layers_ - depth);
}

// A tensor whose rows are those of several prepared weights (the fused projection of a last layer
// that multiplies queries apart) is updated weight by weight.
void Optimizer::deal_out(const PreparedModel& model) {
  const std::vector<WeightToRefresh> refreshed = weights_to_refresh(model, weights_.weights);
  std::vector<NamedTensor> tensors =
      name_encoder_tensors(weights_.weights.encoder, model.config.encoder);
  const auto head = name_head_tensors(weights_.weights.head, model.config);
  tensors.insert(tensors.end(), head.begin(), head.end());
  parts_.resize(static_cast<size_t>(pool_.size()));
  for (const NamedTensor& named : tensors) {
    const Tensor& tensor = named.tensor;
    if (tensor.data == weights_.weights.encoder.word.data) {
      continue;  // updated by rows
    }
    bool is_prepared = false;
    for (const WeightToRefresh& candidate : refreshed) {
      const Tensor rows = shared_rows(tensor, candidate.source);
      if (rows.rows > 0) {
        is_prepared = true;
        deal_out(named, rows, &candidate);
      }
    }
    if (!is_prepared) {
      deal_out(named, tensor, nullptr);
    }
  }
}

// Assigns the same number of rows to each worker, and vectors to the first.
void Optimizer::deal_out(const NamedTensor& named,
                         const Tensor& rows,
                         const WeightToRefresh* prepared) {
  for (int64_t worker = 0; worker < pool_.size(); ++worker) {
    const int64_t begin = rows.rows * worker / pool_.size();
    const int64_t end = rows.rows * (worker + 1) / pool_.size();
    if (begin == end) {
      continue;
    }
    Part part;
    part.rows = end - begin;
    part.offset = static_cast<size_t>(rows.row(begin) - weights_.flat.data());
    part.size = static_cast<size_t>(part.rows * rows.columns);
    part.learning_rate = peak_learning_rate(named.depth);
    part.decays = named.decays;
    if (prepared != nullptr) {
      part.prepared = prepared->prepared;
      part.first_row = (rows.row(begin) - prepared->source.data) / rows.columns;
    }
    parts_[static_cast<size_t>(worker)].push_back(part);
  }
}

AdamwRates Optimizer::rates(const StepScale& step, double peak, bool decays) const {
  const double learning_rate = peak * step.share;
  const double clip = settings_.gradient_clip;
  AdamwRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  rates.beta1 = static_cast<float>(kBeta1);
  rates.beta2 = static_cast<float>(kBeta2);
  rates.epsilon = static_cast<float>(kEpsilon);
  rates.weight_decay = decays ? static_cast<float>(settings_.weight_decay) : 0.0F;
  // As torch.nn.utils.clip_grad_norm_, with its 1e-6.
  const double clipped = clip > 0 ? std::min(1.0, clip / (step.norm + 1e-6)) : 1.0;
  rates.gradient_scale = static_cast<float>(clipped / step.loss_scale);
  rates.step_size = static_cast<float>(learning_rate / (1 - std::pow(kBeta1, step.step)));
  rates.root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, step.step)));
  return rates;
}

void Optimizer::update_parts(size_t worker, const StepScale& step) {
  std::vector<AdamwUpdate> updates;
  for (const Part& part : parts_[worker]) {
    const auto of = [&](const Buffer& buffer) {
      return std::span(buffer.data() + part.offset, part.size);
    };
    updates.push_back({{of(weights_.flat), of(state_.first_moment), of(state_.second_moment)},
                       workers_.flat().subspan(part.offset, part.size),
                       rates(step, part.learning_rate, part.decays),
                       part.prepared,
                       part.first_row});
  }
  workers_.backend(static_cast<int>(worker)).adamw_step(updates);
}

// Updates the worker's section of `rows` of the word table. `gradient` has a row for each of `rows`,
// or is empty: all zero.
void Optimizer::update_rows(size_t worker,
                            std::span<const int32_t> rows,
                            const ConstTensor& gradient) {
  const auto workers = static_cast<size_t>(pool_.size());
  const size_t begin = rows.size() * worker / workers;
  const size_t count = rows.size() * (worker + 1) / workers - begin;
  const ConstTensor part = gradient.empty() ? gradient
                                            : gradient.row_slice(static_cast<int64_t>(begin),
                                                                 static_cast<int64_t>(count));
  const Tensor& word = weights_.weights.encoder.word;
  const auto size = static_cast<size_t>(word.size());
  workers_.backend(static_cast<int>(worker))
      .adamw_step_rows({word.flat(),
                        {state_.word_first_moment.data(), size},
                        {state_.word_second_moment.data(), size}},
                       rows.subspan(begin, count),
                       part,
                       state_.word_steps,
                       state_.word_rates);
}

void Optimizer::step(int64_t step, double share, double gradient_norm, double loss_scale) {
  const StepScale scale{step, share, gradient_norm, loss_scale};
  state_.word_rates.push_back(rates(scale, peak_learning_rate(0), true));
  pool_.run([&](int worker) {
    update_parts(static_cast<size_t>(worker), scale);
    update_rows(static_cast<size_t>(worker), workers_.word_rows(), workers_.word_gradient());
    // The other workers' backends read the weights that this worker updated.
    if (pool_.size() > 1) {
      workers_.backend(worker).synchronize();
    }
  });
}

void Optimizer::restore_rates(int64_t steps, const std::function<double(int64_t)>& share_of) {
  state_.word_rates.clear();
  for (int64_t step = 1; step <= steps; ++step) {
    // Gradient clipping does not matter for past steps: they are replayed with gradient zero.
    state_.word_rates.push_back(rates({step, share_of(step)}, peak_learning_rate(0), true));
  }
}

void Optimizer::refresh_weights() {
  for (size_t worker = 0; worker < parts_.size(); ++worker) {
    for (const Part& part : parts_[worker]) {
      if (part.prepared == nullptr) {
        continue;
      }
      workers_.backend(static_cast<int>(worker))
          .refresh_weight(*part.prepared, part.first_row, part.rows);
    }
  }
}

void Optimizer::catch_up() {
  if (state_.word_rates.empty()) {
    return;
  }
  std::vector<int32_t> rows(static_cast<size_t>(weights_.weights.encoder.word.rows));
  std::iota(rows.begin(), rows.end(), 0);
  pool_.run([&](int worker) {
    update_rows(static_cast<size_t>(worker), rows, {});
    if (pool_.size() > 1) {
      workers_.backend(worker).synchronize();
    }
  });
}

}  // namespace fastintent
