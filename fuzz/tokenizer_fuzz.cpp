#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "fastintent/error.h"
#include "fastintent/tokenizer.h"

namespace {

using fastintent::Tokenizer;
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

// A folder with tokenizer.json alone, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "tokenizer_fuzz_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& with(std::string_view json) const {
    std::ofstream(path_ / "tokenizer.json", std::ios::binary) << json;
    return path_;
  }

 private:
  std::filesystem::path path_;
};

void require(bool holds) {
  if (!holds) {
    __builtin_trap();
  }
}

// Any bytes as tokenizer.json lead to an Error or to a tokenizer that returns only ids it has.
void read_tokenizer(const Folder& folder, std::string_view json) {
  try {
    const Tokenizer tokenizer(folder.with(json), 64);
    for (const char* text : {"", "a [MASK] ab", "\u00C9\u4F60 \u302E\u1B44\xFF"}) {
      const Ids ids = tokenizer.encode(text).ids;
      require(ids.size() <= 64);
      require(std::all_of(ids.begin(), ids.end(), [&](int32_t id) {
        return id >= 0 && id < tokenizer.vocabulary_size();
      }));
    }
  } catch (const fastintent::Error&) {
    // expected for bad input; anything else is a finding
  }
}

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
  static const Tokenizer whole(folder.with(kTokenizerJson), kWhole);
  static const Tokenizer cut(folder.with(kTokenizerJson), 5);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.starts_with('{')) {
    read_tokenizer(folder, bytes);
  } else {
    encode_text(whole, cut, bytes);
  }
  return 0;
}
