#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/tokenizer.h"
#include "folder.h"
#include "tokenizer_checks.h"

namespace {

using fastintent::Tokenizer;
using fastintent::fuzz::Folder;
using fastintent::fuzz::require;
using Ids = std::vector<int32_t>;

// No token strips or contains a space: the ids of a text are then those of its parts between
// spaces.
constexpr std::string_view kTokenizerJson = R"({
  "added_tokens": [{"content": "[MASK]", "normalized": false},
                   {"content": "caf\u00e9", "normalized": true, "single_word": true}],
  "normalizer": {"type": "BertNormalizer", "strip_accents": null, "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
  "model": {"unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##a": 4, "ab": 5, "\u0e01": 6}}})";

// Without config.json any length may be requested.
constexpr int kWhole = 1 << 24;

void encode_text(const Tokenizer& whole, const Tokenizer& cut, std::string_view text) {
  const Ids ids = whole.encode(text).ids;
  require(ids.size() >= 2 && ids.front() == 1 && ids.back() == 2);
  const auto short_encoding = cut.encode(text);
  const size_t kept = std::min<size_t>(ids.size(), cut.max_length()) - 1;
  require(short_encoding.ids.size() == kept + 1 && short_encoding.ids.back() == 2);
  require(std::equal(ids.begin(), ids.begin() + kept, short_encoding.ids.begin()));
  require(short_encoding.truncated == (ids.size() > static_cast<size_t>(cut.max_length())));
  const std::string twice = std::string(text) + " " + std::string(text);
  Ids expected(ids.begin(), ids.end() - 1);
  expected.insert(expected.end(), ids.begin() + 1, ids.end());
  require(whole.encode(twice).ids == expected);
}

}  // namespace

// Bytes that begin with '{' are a tokenizer.json, others a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  static const auto with_length = [](int max_length) {
    folder.write("tokenizer.json", kTokenizerJson);
    return Tokenizer(folder.path(), max_length);
  };
  static const Tokenizer whole = with_length(kWhole);
  static const Tokenizer cut = with_length(5);
  const std::string_view bytes = fastintent::fuzz::as_text(data, size);
  if (bytes.starts_with('{')) {
    folder.write("tokenizer.json", bytes);
    fastintent::fuzz::read_tokenizer(folder);
  } else {
    encode_text(whole, cut, bytes);
  }
  return 0;
}
