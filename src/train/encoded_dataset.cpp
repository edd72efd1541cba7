#include "train/encoded_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "base/stop_flag.h"
#include "fastintent/error.h"

namespace fastintent {

int32_t EncodedDataset::length(int64_t example) const {
  const auto index = static_cast<size_t>(example);
  return static_cast<int32_t>(starts[index + 1] - starts[index]);
}

std::span<const int32_t> EncodedDataset::tokens(int64_t example) const {
  const auto begin = static_cast<size_t>(starts[static_cast<size_t>(example)]);
  return std::span(ids).subspan(begin, static_cast<size_t>(length(example)));
}

EncodedDataset encode_dataset(const LabelledTexts& data,
                              const std::vector<std::string>& intents,
                              const Tokenizer& tokenizer,
                              ThreadPool& pool,
                              const std::function<bool()>& should_stop) {
  std::map<std::string_view, int32_t> class_of;
  for (size_t id = 0; id < intents.size(); ++id) {
    class_of[intents[id]] = static_cast<int32_t>(id);
  }

  const size_t examples = data.texts.size();
  std::vector<Tokenizer::Encoding> encodings(examples);
  StopFlag stop(should_stop);
  pool.run(
      [&](int worker) {
        for (auto i = static_cast<size_t>(worker); i < examples && !stop.is_set();
             i += static_cast<size_t>(pool.size())) {
          encodings[i] = tokenizer.encode(data.texts[i]);
        }
      },
      [&] { stop.poll(); });
  if (stop.is_set()) {
    throw Error(ErrorCode::interrupted, "train: stopped while reading the texts");
  }

  EncodedDataset encoded;
  for (size_t i = 0; i < examples; ++i) {
    const auto known = class_of.find(data.labels[i]);
    if (known == class_of.end()) {
      throw Error(
          ErrorCode::invalid_data,
          fmt::format(
              "train: expected a label of the {} training labels, found \"{}\" (text \"{}\")",
              intents.size(),
              data.labels[i],
              data.texts[i]));
    }
    encoded.classes.push_back(known->second);
    encoded.truncated += encodings[i].truncated ? 1 : 0;
    encoded.ids.insert(encoded.ids.end(), encodings[i].ids.begin(), encodings[i].ids.end());
    encoded.starts.push_back(static_cast<int64_t>(encoded.ids.size()));
  }
  return encoded;
}

std::vector<std::string> labels_of(const EncodedDataset& data,
                                   const std::vector<std::string>& intents) {
  std::vector<std::string> labels;
  labels.reserve(data.classes.size());
  for (const int32_t id : data.classes) {
    labels.push_back(intents[static_cast<size_t>(id)]);
  }
  return labels;
}

HoldOut hold_out_stratified(const std::vector<std::string>& labels, double share, uint64_t seed) {
  std::map<std::string_view, std::vector<int64_t>> rows_of;
  for (size_t row = 0; row < labels.size(); ++row) {
    rows_of[labels[row]].push_back(static_cast<int64_t>(row));
  }

  std::mt19937_64 generator(seed);
  HoldOut split;
  for (auto& [label, rows] : rows_of) {
    std::shuffle(rows.begin(), rows.end(), generator);
    const auto wanted = static_cast<size_t>(std::lround(share * static_cast<double>(rows.size())));
    const size_t held = std::min(std::max<size_t>(wanted, 1), rows.size() - 1);
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(held);
    split.validation.insert(split.validation.end(), rows.begin(), middle);
    split.training.insert(split.training.end(), middle, rows.end());
  }
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

LabelledTexts select_rows(const LabelledTexts& data, std::span<const int64_t> rows) {
  LabelledTexts selected;
  for (const int64_t row : rows) {
    selected.texts.push_back(data.texts[static_cast<size_t>(row)]);
    selected.labels.push_back(data.labels[static_cast<size_t>(row)]);
  }
  return selected;
}

}  // namespace fastintent
