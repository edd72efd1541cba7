#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "fastintent/tokenizer.h"
#include "folder.h"
#include "text/normalize/bert_normalizer.h"
#include "text/normalize/character_tables.h"

// The tokenizer against a slow one, written as the definition reads: a list of code points for each
// step, and a search for every piece. They share the character tables alone.

namespace {

using namespace fastintent;
using Ids = std::vector<int32_t>;
using CodePoints = std::vector<char32_t>;

constexpr size_t kMaxCharacters = 12;
constexpr int kMaxLength = 1 << 24;  // nothing is cut

std::string utf8(const CodePoints& code_points) {
  std::string text;
  for (const char32_t c : code_points) {
    std::array<char, kMaxUtf8Bytes> bytes{};
    text.append(bytes.data(), encode_utf8(c, bytes.data()));
  }
  return text;
}

CodePoints code_points_of(const std::string& text) {
  CodePoints code_points;
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter character = decode_utf8(text.data() + i);
    code_points.push_back(character.code_point);
    i += character.bytes;
  }
  return code_points;
}

CodePoints cleaned(const CodePoints& text, const BertNormalizerOptions& options) {
  CodePoints result;
  for (const char32_t c : text) {
    const CharacterClass& kind = character_class(c);
    if (options.clean_text && kind.is_control) {
      continue;
    }
    if (options.clean_text && kind.is_clean_space) {
      result.push_back(' ');
    } else if (options.space_cjk && kind.is_cjk) {
      result.insert(result.end(), {' ', c, ' '});
    } else {
      result.push_back(c);
    }
  }
  return result;
}

// NFD; the tables leave out the accents of what they decompose.
CodePoints decomposed(const CodePoints& text) {
  constexpr char32_t kSyllables = 0xAC00;
  CodePoints result;
  for (const char32_t c : text) {
    if (c >= kSyllables && c < kSyllables + 11172) {
      const char32_t index = c - kSyllables;
      result.push_back(0x1100 + index / 588);
      result.push_back(0x1161 + index % 588 / 28);
      if (index % 28 != 0) {
        result.push_back(0x11A7 + index % 28);
      }
    } else if (character_class(c).decomposes) {
      for (const char32_t part : decomposition(c).to) {
        if (part != 0) {
          result.push_back(part);
        }
      }
    } else {
      result.push_back(c);
    }
  }
  const auto combining_class = [](char32_t c) { return character_class(c).combining_class; };
  for (auto begin = result.begin(); begin != result.end();) {
    begin = std::find_if(begin, result.end(), [&](char32_t c) { return combining_class(c) != 0; });
    const auto end =
        std::find_if(begin, result.end(), [&](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(begin, end, [&](char32_t a, char32_t b) {
      return combining_class(a) < combining_class(b);
    });
    begin = end;
  }
  return result;
}

CodePoints normalized(const std::string& text, const BertNormalizerOptions& options) {
  CodePoints result = cleaned(code_points_of(text), options);
  if (options.strip_accents) {
    result = decomposed(result);
    std::erase_if(result, [](char32_t c) { return character_class(c).is_accent; });
  }
  if (!options.lower_case) {
    return result;
  }
  CodePoints lower;
  for (const char32_t c : result) {
    if (c == kCapitalIWithDot) {
      lower.insert(lower.end(), {'i', kCombiningDotAbove});
    } else {
      lower.push_back(c + character_class(c).lower_case_offset);
    }
  }
  return lower;
}

std::vector<CodePoints> words_of(const CodePoints& text) {
  std::vector<CodePoints> words;
  bool in_word = false;
  for (const char32_t c : text) {
    const CharacterClass& kind = character_class(c);
    if (kind.is_space || kind.is_punctuation) {
      in_word = false;
    }
    if (kind.is_space) {
      continue;
    }
    if (!in_word) {
      words.emplace_back();
    }
    words.back().push_back(c);
    in_word = !kind.is_punctuation;
  }
  return words;
}

// Some words and pieces of most kinds of characters, ids in this order after [UNK], [CLS], [SEP].
const std::vector<std::string>& pieces() {
  static const std::vector<std::string> list = [] {
    std::vector<std::string> all = {"[UNK]", "[CLS]", "[SEP]"};
    const std::vector<std::string> units = {
        "a",      "b",      "c",      "ab",     "abc",    "bca",         "A",          "1",
        ".",      "##",     "#",      "abcabc", "aaaa",   "abababababa", "\u00E9",     "\u00C9",
        "\u4F60", "\u0E01", "\u1100", "\u1161", "\u11A8", "\uAC01",      "\U0001F600", "\u0301"};
    for (const std::string& unit : units) {
      all.push_back(unit);
      all.push_back("##" + unit);
    }
    return all;
  }();
  return list;
}

Ids slow_ids(const std::string& text, const BertNormalizerOptions& options) {
  static const std::map<std::string, int32_t> id_of = [] {
    std::map<std::string, int32_t> ids;
    for (const std::string& piece : pieces()) {
      ids[piece] = static_cast<int32_t>(ids.size());
    }
    return ids;
  }();
  Ids ids = {1};
  for (const CodePoints& word : words_of(normalized(text, options))) {
    Ids found;
    size_t done = word.size() > kMaxCharacters ? word.size() + 1 : 0;
    while (done < word.size()) {
      size_t end = word.size();
      const auto piece = [&] {
        const auto begin = word.begin() + static_cast<std::ptrdiff_t>(done);
        return (done == 0 ? "" : "##") +
               utf8(CodePoints(begin, word.begin() + static_cast<std::ptrdiff_t>(end)));
      };
      while (end > done && !id_of.contains(piece())) {
        --end;
      }
      if (end == done) {
        done = word.size() + 1;
        break;
      }
      found.push_back(id_of.at(piece()));
      done = end;
    }
    if (done > word.size()) {
      found = {0};
    }
    ids.insert(ids.end(), found.begin(), found.end());
  }
  ids.push_back(2);
  return ids;
}

std::string tokenizer_json(const BertNormalizerOptions& options) {
  const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
  std::string vocabulary;
  for (const std::string& piece : pieces()) {
    vocabulary += (vocabulary.empty() ? "\"" : ",\"") + piece +
                  "\":" + std::to_string(&piece - pieces().data());
  }
  return R"({"added_tokens": [], "normalizer": {"type": "BertNormalizer", "clean_text": )" +
         word(options.clean_text) + R"(, "handle_chinese_chars": )" + word(options.space_cjk) +
         R"(, "strip_accents": )" + word(options.strip_accents) + R"(, "lowercase": )" +
         word(options.lower_case) + R"(}, "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
         "model": {"unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": )" +
         std::to_string(kMaxCharacters) + R"(, "vocab": {)" + vocabulary + "}}}";
}

struct FastTokenizer {
  BertNormalizerOptions options;
  BertNormalizer normalizer;
  Tokenizer tokenizer;
};

// One for each setting of the normalizer's four options.
const std::vector<FastTokenizer>& fast_tokenizers() {
  static const std::vector<FastTokenizer> all = [] {
    std::vector<FastTokenizer> list;
    const fuzz::Folder folder;
    for (unsigned bits = 0; bits < 16; ++bits) {
      const BertNormalizerOptions options = {
          (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
      folder.write("tokenizer.json", tokenizer_json(options));
      list.push_back({options, BertNormalizer(options), Tokenizer(folder.path(), kMaxLength)});
    }
    return list;
  }();
  return all;
}

}  // namespace

// The first byte chooses the normalizer's options, the others are a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const FastTokenizer& fast = fast_tokenizers()[data[0] % 16];
  const std::string_view input = fuzz::as_text(data, size).substr(1);
  const std::string text = replace_invalid_utf8(input);
  std::vector<char> buffer(BertNormalizer::buffer_bytes(text.size()));
  fuzz::require(fast.normalizer.normalize(text, buffer.data()) ==
                utf8(normalized(text, fast.options)));
  fuzz::require(fast.tokenizer.encode(input).ids == slow_ids(text, fast.options));
  return 0;
}
