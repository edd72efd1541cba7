#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "fastintent/dataset.h"
#include "fastintent/tokenizer.h"

namespace fastintent {

/// Labelled texts as input of the model: concatenated token ids of all texts, and class ids.
struct EncodedDataset {
  std::vector<int32_t> ids;
  std::vector<int64_t> starts{0};  // [examples + 1]
  std::vector<int32_t> classes;    // [examples]
  int64_t truncated = 0;           // texts longer than the model accepts

  int64_t examples() const { return static_cast<int64_t>(classes.size()); }
  int32_t length(int64_t example) const;
  std::span<const int32_t> tokens(int64_t example) const;
};

/// Tokenises on all workers. Throws invalid_data for a label that is not among `intents`, interrupted
/// when `should_stop`, which is called ten times per second, returns true.
EncodedDataset encode_dataset(const LabelledTexts& data,
                              const std::vector<std::string>& intents,
                              const Tokenizer& tokenizer,
                              ThreadPool& pool,
                              const std::function<bool()>& should_stop = {});

/// Returns the label of every example; `intents` as passed to encode_dataset().
std::vector<std::string> labels_of(const EncodedDataset& data,
                                   const std::vector<std::string>& intents);

/// Row indices of a data set: to train on, and held out.
struct HoldOut {
  std::vector<int64_t> training;
  std::vector<int64_t> validation;
};

/// Holds out `share` of every class's rows (rounded, at least one, but never a class's last row),
/// chosen by `seed`; both lists in file order.
HoldOut hold_out_stratified(const std::vector<std::string>& labels, double share, uint64_t seed);

/// Returns the rows of `data` at the indices `rows`.
LabelledTexts select_rows(const LabelledTexts& data, std::span<const int64_t> rows);

}  // namespace fastintent
