#include "predict/replica.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "fastintent/error.h"

namespace fastintent {
namespace {

bool is_one_text(const RangeToRun& range) {
  return range.range.end - range.range.begin == 1;
}

std::array<RangeToRun, 2> halves(const RangeToRun& whole) {
  const auto [begin, end] = whole.range;
  const int64_t middle = begin + (end - begin) / 2;
  return {{{whole.texts, {begin, middle}, whole.answers.of_texts(0, middle - begin)},
           {whole.texts, {middle, end}, whole.answers.of_texts(middle - begin, end - middle)}}};
}

// Copies to each range its part of the answers computed for all of them, which may hold more than a
// range requested.
void hand_out(const Answers& computed, std::span<const RangeToRun> ranges) {
  int64_t text = 0;
  for (const RangeToRun& range : ranges) {
    const auto& [best, logits] = range.answers;
    for (int64_t row = 0; row < best.rows; ++row, ++text) {
      std::copy_n(computed.best.row(text), best.columns, best.row(row));
      if (!logits.empty()) {
        std::copy_n(computed.logits.row(text), logits.columns, logits.row(row));
      }
    }
  }
}

}  // namespace

Replica::Replica(std::unique_ptr<Backend> backend,
                 std::shared_ptr<const PreparedModel> model,
                 double temperature)
    : backend_(std::move(backend)),
      model_(std::move(model)),
      temperature_(temperature),
      forward_(*backend_, *model_),
      batch_(model_->config.encoder.padding_id) {}

void Replica::run(const RangeToRun& range, Team* team) {
  if (fits(range, team)) {
    return;
  }
  for (const RangeToRun& half : halves(range)) {
    run(half, team);
  }
}

// Runs the range in one pass; false when it exceeds the memory and can be divided.
bool Replica::fits(const RangeToRun& range, Team* team) {
  try {
    run_together(std::span(&range, 1), team);
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::out_of_resources || is_one_text(range)) {
      throw;
    }
  } catch (const std::bad_alloc&) {
    if (is_one_text(range)) {
      throw;
    }
  }
  return false;
}

void Replica::run_together(std::span<const RangeToRun> ranges, Team* team) {
  batch_.clear();
  int64_t most = 0;
  bool with_logits = false;
  for (const RangeToRun& part : ranges) {
    for (int64_t i = part.range.begin; i < part.range.end; ++i) {
      batch_.append(part.texts.tokens(static_cast<size_t>(i)));
    }
    most = std::max(most, part.answers.best.columns);
    with_logits = with_logits || !part.answers.logits.empty();
  }
  hand_out(run_batch(most, with_logits, team), ranges);
}

// Returns the answers of batch_, valid until the next call.
Answers Replica::run_batch(int64_t best_of_each, bool with_logits, Team* team) {
  const int64_t S = batch_.sequences();
  const auto C = static_cast<int64_t>(model_->config.intents.size());
  best_.resize(static_cast<size_t>(S * best_of_each));
  Answers answers{{best_.data(), S, best_of_each}, {}};
  if (with_logits) {
    logits_.resize(static_cast<size_t>(S * C));
    answers.logits = {logits_.data(), S, C};
  }
  forward_.ranked(batch_, temperature_, answers, team);
  return answers;
}

void Replica::warm_up(int max_length, const StopFlag& stop) {
  const auto run_sequences = [&](int64_t sequences, int64_t length) {
    if (stop.is_set()) {
      return;
    }
    const std::vector<int32_t> tokens(static_cast<size_t>(length), 0);
    batch_.clear();
    for (int64_t i = 0; i < sequences; ++i) {
      batch_.append(tokens);
    }
    run_batch(1, false, nullptr);
  };
  run_sequences(1, max_length);
  // Sequences of one token: the layers over all tokens then have as many rows as the layers with
  // one row per text. The largest first, so that later recordings stay valid.
  const DeviceTraits& traits = backend_->traits();
  for (auto rows = traits.row_buckets.rbegin(); rows != traits.row_buckets.rend(); ++rows) {
    run_sequences(*rows, 1);
  }
  if (!traits.records_passes) {
    return;
  }
  // Single texts of every length, until they are recorded: their latency matters.
  const auto record = [&](int64_t length) {
    run_sequences(1, length);
    run_sequences(1, length);
  };
  record(max_length);
  for (auto length = traits.row_buckets.rbegin(); length != traits.row_buckets.rend(); ++length) {
    if (*length < max_length) {
      record(*length);
    }
  }
}

}  // namespace fastintent
