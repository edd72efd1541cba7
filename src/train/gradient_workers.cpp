#include "train/gradient_workers.h"

#include <algorithm>
#include <cmath>

#include "batch/balance.h"
#include "model/classifier_head.h"
#include "model/encoder.h"
#include "model/forward.h"
#include "train/fill_batch.h"

namespace fastintent {
namespace {

// During a pass the number of rows of the word table's gradient is rounded up to a multiple of this
// number; the step uses the first rows. A step of 32 short texts has about 200 to 400 distinct
// words, and without rounding almost no shape would occur twice.
constexpr int64_t kWordRowStep = 512;

int64_t word_rows_of_pass(int64_t distinct_words) {
  return (distinct_words + kWordRowStep - 1) / kWordRowStep * kWordRowStep;
}

}  // namespace

struct GradientWorkers::Step {
  const PreparedModel& model;
  const EncodedDataset& data;
  CrossEntropy loss;
  DropoutPlan dropout;
};

GradientWorkers::GradientWorkers(ThreadPool& pool,
                                 const BackendFactory& create_backend,
                                 const ModelConfig& config,
                                 ProcessGroup* group)
    : pool_(pool),
      config_(config),
      group_(group != nullptr ? *group : alone_),
      shares_(static_cast<size_t>(pool.size())),
      slot_of_(static_cast<size_t>(config.encoder.vocabulary), -1) {
  pool_.run([&](int worker) {
    auto share = std::make_unique<Share>();
    share->batch = PackedBatch(config_.encoder.padding_id);
    share->backend = create_backend();
    share->activations = std::make_unique<Activations>(*share->backend, config_, Keep::everything);
    share->gradients = allocate_weights(*share->backend, config_, 0);
    shares_[static_cast<size_t>(worker)] = std::move(share);
  });
  // Buffers hold filler rows; the range of optimizer and sums ends with the last tensor.
  flat_size_ = flat_parameter_count(config_);
}

void GradientWorkers::collect_words(const EncodedDataset& data, std::span<const int64_t> examples) {
  for (const int32_t word : word_rows_) {
    slot_of_[static_cast<size_t>(word)] = -1;
  }
  word_rows_.clear();
  for (const int64_t example : examples) {
    for (const int32_t word : data.tokens(example)) {
      int32_t& slot = slot_of_[static_cast<size_t>(word)];
      if (slot < 0) {
        slot = static_cast<int32_t>(word_rows_.size());
        word_rows_.push_back(word);
      }
    }
  }
}

void GradientWorkers::deal_out(const EncodedDataset& data, std::span<const int64_t> examples) {
  std::vector<int32_t> lengths;
  lengths.reserve(examples.size());
  for (const int64_t example : examples) {
    lengths.push_back(data.length(example));
  }
  const auto dealt = balance_by_tokens(lengths, pool_.size());
  for (size_t worker = 0; worker < shares_.size(); ++worker) {
    std::vector<int64_t>& mine = shares_[worker]->examples;
    mine.clear();
    for (const int64_t index : dealt[worker]) {
      mine.push_back(examples[static_cast<size_t>(index)]);
    }
  }
}

// Packs the texts of a range, with fillers if the device records its passes.
void GradientWorkers::pack(Share& share, const SequenceRange& range, const Step& step) const {
  share.batch.clear();
  share.labels.clear();
  share.slots.clear();
  for (int64_t i = range.begin; i < range.end; ++i) {
    const int64_t example = share.examples[static_cast<size_t>(i)];
    share.batch.append(step.data.tokens(example));
    share.labels.push_back(step.data.classes[static_cast<size_t>(example)]);
  }
  const WorkSizes& sizes = share.backend->traits().work_sizes;
  share.filled = share.batch.tokens() <= sizes.recorded_tokens;
  if (share.filled) {
    fill_batch(share.batch, sizes.token_step, config_.encoder.max_tokens());
    share.labels.resize(static_cast<size_t>(share.batch.sequences()), kNoLabel);
  }
  for (const int32_t id : share.batch.ids) {
    share.slots.push_back(slot_of_[static_cast<size_t>(id)]);
  }
}

void GradientWorkers::run_pass(
    Share& share, const Step& step, uint64_t dropout_seed, Tensor word, Write write) {
  DropoutPlan dropout = step.dropout;
  dropout.seed = dropout_seed;
  Backend& backend = *share.backend;
  Activations& act = *share.activations;
  const PassShape shape{share.batch.tokens(), share.batch.sequences(), word.rows, write};
  EncoderWeights& encoder_gradients = share.gradients.weights.encoder;
  encoder_gradients.word = word;
  const Pass pass{backend, share.batch, dropout};
  const auto work = [&] {
    const Tensor logits = composed_logits(pass, step.model, act);
    const GradientScratch& scratch = act.gradients;
    backend.softmax_cross_entropy(
        logits, share.labels, step.loss, scratch.losses.flat(), scratch.logits);
    head_backward(pass, step.model, scratch.logits, act, share.gradients.weights.head, write);
    encoder_backward(pass, step.model, act, share.slots, encoder_gradients, write);
  };
  act.prepare(shape.tokens, shape.sequences);  // so that `work` does not allocate
  if (share.filled) {
    backend.run_recorded(shape, work);
  } else {
    work();
  }

  share.losses.resize(share.labels.size());
  backend.download(act.gradients.losses, {share.losses.data(), shape.sequences, 1});
  for (const float loss : share.losses) {
    share.loss += static_cast<double>(loss) / step.loss.normalizer;
  }
}

void GradientWorkers::run_share(Share& share, size_t worker, const Step& step) {
  const auto U = static_cast<int64_t>(word_rows_.size());
  const int64_t E = config_.encoder.embedding_width();
  const int64_t rows = word_rows_of_pass(U);
  if (share.word.size() < rows * E) {
    share.word = Buffer();
    share.word = share.backend->allocate(rows, E);
  }
  const Tensor word = share.word.tensor(U, E);
  share.backend->clear(word);
  share.loss = 0;
  if (share.examples.empty()) {
    // A process with an empty share of a small step adds zero.
    share.backend->clear(Tensor(share.gradients.flat.data(), 1, flat_size_));
  }

  std::vector<int32_t> lengths;
  lengths.reserve(share.examples.size());
  for (const int64_t example : share.examples) {
    lengths.push_back(step.data.length(example));
  }
  Write write = Write::overwrite;
  uint64_t pass_number = 0;
  for (const SequenceRange& range :
       split_by_tokens(lengths, share.backend->traits().work_sizes.training_tokens, 1)) {
    const uint64_t seed = DropoutPlan::split_seed(
        step.dropout.seed, (static_cast<uint64_t>(worker) << 32) + pass_number++);
    pack(share, range, step);
    run_pass(share, step, seed, share.word.tensor(rows, E), write);
    write = Write::accumulate;
  }
  share.gradients.weights.encoder.word = word;
  if (shares_.size() > 1) {
    share.backend->synchronize();  // other workers' backends read it to sum the gradients
  }
}

// Each worker sums one section of all shares' gradients into those of the first share.
void GradientWorkers::sum_shares(size_t busy, size_t worker) {
  const auto sum_stretch = [&](const auto& values_of) {
    const size_t size = values_of(*shares_.front()).size();
    const size_t begin = size * worker / shares_.size();
    const size_t end = size * (worker + 1) / shares_.size();
    std::vector<std::span<const float>> parts;
    parts.reserve(busy);
    for (size_t i = 0; i < busy; ++i) {
      parts.push_back(values_of(*shares_[i]).subspan(begin, end - begin));
    }
    const std::span<float> out = values_of(*shares_.front()).subspan(begin, end - begin);
    return shares_[worker]->backend->sum_gradients(parts, out);
  };
  shares_[worker]->squared_norm =
      sum_stretch([&](const Share& share) {
        return std::span(share.gradients.flat.data(), static_cast<size_t>(flat_size_));
      }) +
      sum_stretch([](const Share& share) { return share.gradients.weights.encoder.word.flat(); });
}

// Replaces the sums of this process by those over all processes and recomputes their norm.
void GradientWorkers::sum_over_group() {
  if (group_.size() == 1) {
    return;
  }
  Share& first = *shares_.front();
  group_.sum(*first.backend, {first.gradients.flat.data(), static_cast<size_t>(flat_size_)});
  group_.sum(*first.backend, first.gradients.weights.encoder.word.flat());
  first.backend->synchronize();
  pool_.run([&](int worker) { sum_shares(1, static_cast<size_t>(worker)); });
}

StepGradient GradientWorkers::run(const PreparedModel& model,
                                  const EncodedDataset& data,
                                  std::span<const int64_t> examples,
                                  const StepLoss& loss,
                                  const DropoutPlan& dropout) {
  // Every process lists the word pieces of all processes, so that the rows match.
  collect_words(data, examples);
  double normalizer = 0;
  for (const int64_t example : examples) {
    const auto label = static_cast<size_t>(data.classes[static_cast<size_t>(example)]);
    normalizer += loss.class_weights.empty() ? 1.0 : static_cast<double>(loss.class_weights[label]);
  }
  std::vector<int64_t> own;
  for (size_t i = static_cast<size_t>(group_.rank()); i < examples.size();
       i += static_cast<size_t>(group_.size())) {
    own.push_back(examples[i]);
  }
  deal_out(data, own);
  Step step{
      model, data, {loss.label_smoothing, loss.class_weights, normalizer / loss.scale}, dropout};
  if (group_.size() > 1) {
    step.dropout.seed = DropoutPlan::split_seed(dropout.seed, static_cast<uint64_t>(group_.rank()));
  }

  // The longest texts are assigned first, so workers without a text, if any, are the last ones. The
  // first always runs, because the sum is stored in its gradients.
  const size_t busy = std::clamp(own.size(), size_t{1}, shares_.size());
  pool_.run([&](int worker) {
    const auto index = static_cast<size_t>(worker);
    if (index < busy) {
      run_share(*shares_[index], index, step);
    }
  });
  pool_.run([&](int worker) { sum_shares(busy, static_cast<size_t>(worker)); });
  sum_over_group();

  StepGradient result;
  double squared_norm = 0;
  for (size_t worker = 0; worker < shares_.size(); ++worker) {
    if (worker < busy) {
      result.loss += shares_[worker]->loss / loss.scale;
    }
    squared_norm += shares_[worker]->squared_norm;
  }
  result.loss = group_.sum(result.loss);
  result.norm = std::sqrt(squared_norm) / loss.scale;
  return result;
}

}  // namespace fastintent
