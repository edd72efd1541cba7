#include "predict/replica.h"

#include <algorithm>
#include <utility>

#include "fastintent/error.h"
#include "model/model_forward.h"

namespace fastintent {

Replica::Replica(std::unique_ptr<Backend> backend, std::shared_ptr<const PreparedModel> model)
    : backend_(std::move(backend)),
      model_(std::move(model)),
      activations_(
          *backend_, model_->config, backend_->encodes_whole() ? Keep::result : Keep::scratch) {}

void Replica::append(const TokenizedTexts& texts, SequenceRange range) {
  for (int64_t i = range.begin; i < range.end; ++i) {
    batch_.append(texts.tokens(static_cast<size_t>(i)));
  }
}

void Replica::run(const TokenizedTexts& texts,
                  SequenceRange range,
                  std::span<float> logits,
                  Team* team) {
  batch_.clear();
  append(texts, range);
  try {
    run_batch(logits, team);
    return;
  } catch (const Error& error) {
    const bool one_text = range.end - range.begin == 1;
    if (error.code() != ErrorCode::out_of_resources || one_text) throw;
  }
  const int64_t middle = range.begin + (range.end - range.begin) / 2;
  const size_t C = model_->config.intents.size();
  const size_t first_half = static_cast<size_t>(middle - range.begin) * C;
  run(texts, {range.begin, middle}, logits.first(first_half), team);
  run(texts, {middle, range.end}, logits.subspan(first_half), team);
}

void Replica::run_together(std::span<const RangeToRun> ranges) {
  batch_.clear();
  size_t values = 0;
  for (const RangeToRun& part : ranges) {
    append(part.texts, part.range);
    values += part.logits.size();
  }
  together_.resize(values);
  try {
    run_batch(together_, nullptr);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::out_of_resources) throw;
    for (const RangeToRun& part : ranges) run(part.texts, part.range, part.logits);
    return;
  }
  auto next = together_.cbegin();
  for (const RangeToRun& part : ranges) {
    std::copy_n(next, part.logits.size(), part.logits.begin());
    next += static_cast<std::ptrdiff_t>(part.logits.size());
  }
}

void Replica::run_batch(std::span<float> logits, Team* team) {
  const Pass pass{*backend_, batch_, {}, team};
  const Tensor out = model_forward(pass, *model_, activations_);
  backend_->download(out, Tensor(logits.data(), out.rows, out.columns));
  backend_->synchronize();
}

void Replica::warm_up(int max_length) {
  std::vector<float> logits;
  const auto run_sequences = [&](int64_t sequences, int64_t length) {
    const std::vector<int32_t> tokens(static_cast<size_t>(length), 0);
    batch_.clear();
    for (int64_t i = 0; i < sequences; ++i) batch_.append(tokens);
    logits.resize(static_cast<size_t>(sequences) * model_->config.intents.size());
    run_batch(logits, nullptr);
  };
  run_sequences(1, max_length);
  // Lone texts of every length, whose latency counts, until they are recorded.
  for (int64_t length = max_length; backend_->records_passes() && length > 0;
       length = backend_->fewer_rows(length)) {
    run_sequences(1, length);
    run_sequences(1, length);
  }
  // Sequences of one token: as many rows in the layers that see every token as in those that see
  // one row a text.
  const int64_t most = backend_->work_sizes().forward_tokens;
  for (int64_t rows = most; rows > 0; rows = backend_->fewer_rows(rows)) run_sequences(rows, 1);
}

}  // namespace fastintent
