#include "train/data_memory.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/available_memory.h"
#include "fastintent/tokenizer.h"

namespace fastintent {
namespace {

int64_t bytes_of(const LabelledTexts& data, int max_length) {
  constexpr int64_t kCopies = 2;         // of all rows, and of those being encoded
  constexpr int64_t kBytesPerToken = 3;  // of text, at least: a token of Chinese is one character
  // A token is in the encoding of its text, then in the list of all, which grows by doubling.
  constexpr int64_t kTokenCopies = 3;
  int64_t bytes = 0;
  for (size_t i = 0; i < data.texts.size(); ++i) {
    const auto text = static_cast<int64_t>(data.texts[i].size());
    const auto label = static_cast<int64_t>(data.labels[i].size());
    const int64_t tokens = std::min<int64_t>(max_length, 2 + text / kBytesPerToken);
    bytes += kCopies * (2 * static_cast<int64_t>(sizeof(std::string)) + text + label) +
             static_cast<int64_t>(sizeof(Tokenizer::Encoding)) +
             kTokenCopies * tokens * static_cast<int64_t>(sizeof(int32_t));
  }
  return bytes;
}

}  // namespace

void require_data_memory(const LabelledTexts& training,
                         const LabelledTexts* validation,
                         int max_length) {
  const int64_t needed = bytes_of(training, max_length) +
                         (validation != nullptr ? bytes_of(*validation, max_length) : 0);
  const size_t rows =
      training.texts.size() + (validation != nullptr ? validation->texts.size() : 0);
  require_memory("train", {std::to_string(rows), static_cast<double>(needed)});
}

}  // namespace fastintent
