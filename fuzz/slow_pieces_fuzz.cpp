#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "fastintent/tokenizer.h"
#include "folder.h"
#include "text/normalize/unicode_tables.h"

// Tokenizers of the kinds Unigram and BPE against slow ones, written as the definitions read: texts are
// copied at each step, and every piece is searched for. They share the table of characters alone.

namespace {

using namespace fastintent;
using Ids = std::vector<int32_t>;
using Texts = std::vector<std::string>;

constexpr int kMaxLength = 1 << 24;  // nothing is cut

Texts characters_of(const std::string& text) {
  Texts characters;
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = decode_utf8(text.data() + i).bytes;
    characters.push_back(text.substr(i, bytes));
    i += bytes;
  }
  return characters;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Unigram: runs of spaces become one, each space begins a word with a mark.
const std::string kMark = "\u2581";

const std::vector<std::pair<std::string, double>>& scored_pieces() {
  static const std::vector<std::pair<std::string, double>> list = {{"<unk>", 0},
                                                                   {"\u2581", -2},
                                                                   {"a", -3},
                                                                   {"b", -3.5},
                                                                   {"ab", -5},
                                                                   {"aba", -9.5},
                                                                   {"\u2581a", -4},
                                                                   {"bb", -7},
                                                                   {"\u00E9", -4},
                                                                   {"\u2581ab", -12},
                                                                   {"aaaa", -11},
                                                                   {"\u4F60\u00E9", -8}};
  return list;
}

Ids slow_unigram_ids(const std::string& word) {
  struct End {
    bool is_there = false;
    double score = 0;
    size_t start = 0;
    int32_t id = 0;
  };
  const auto& pieces = scored_pieces();
  std::vector<End> ends(word.size() + 1);
  ends[0].is_there = true;
  size_t start = 0;
  for (const std::string& character : characters_of(word)) {
    bool is_known = false;
    const auto offer = [&](size_t end, double score, int32_t id) {
      if (!ends[end].is_there || score > ends[end].score) {
        ends[end] = {true, score, start, id};
      }
    };
    for (size_t bytes = 1; start + bytes <= word.size(); ++bytes) {
      for (size_t id = 0; id < pieces.size(); ++id) {
        if (pieces[id].first == word.substr(start, bytes)) {
          offer(start + bytes, pieces[id].second + ends[start].score, static_cast<int32_t>(id));
          is_known |= bytes == character.size();
        }
      }
    }
    if (!is_known) {
      offer(start + character.size(), -12 - 10 + ends[start].score, 0);
    }
    start += character.size();
  }
  Ids ids;
  for (size_t end = word.size(); end > 0; end = ends[end].start) {
    const bool continues = ends[end].id == 0 && !ids.empty() && ids.back() == 0;
    if (!continues) {
      ids.push_back(ends[end].id);
    }
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

Ids slow_unigram(std::string text) {
  while (text.find("  ") != std::string::npos) {
    text = replaced(text, "  ", " ");
  }
  text = replaced(text, " ", kMark);
  if (!text.empty() && !text.starts_with(kMark)) {
    text = kMark + text;
  }
  Texts words;
  for (const std::string& character : characters_of(text)) {
    if (character == kMark) {
      words.emplace_back();
    }
    words.back() += character;
  }
  Ids ids;
  for (const std::string& word : words) {
    const Ids found = slow_unigram_ids(word);
    ids.insert(ids.end(), found.begin(), found.end());
  }
  return ids;
}

std::string unigram_json() {
  std::string vocabulary;
  for (const auto& [piece, score] : scored_pieces()) {
    vocabulary +=
        (vocabulary.empty() ? "[\"" : ",[\"") + piece + "\"," + std::to_string(score) + "]";
  }
  return R"({"normalizer": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
             "pre_tokenizer": {"type": "Metaspace", "replacement": ")" +
         kMark + R"("}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [)" + vocabulary + "]}}";
}

// BPE: the bytes of a word are merged; all bytes are tokens, the first 256 ids.
const std::vector<std::pair<std::string, std::string>>& merges() {
  static const std::vector<std::pair<std::string, std::string>> list = {{" ", "a"},
                                                                        {"a", "a"},
                                                                        {"b", "a"},
                                                                        {"ba", "ba"},
                                                                        {"aa", "aa"},
                                                                        {" a", "ba"},
                                                                        {"\xC3", "\xA9"},
                                                                        {"\xC3\xA9", "a"},
                                                                        {"1", "2"},
                                                                        {"'", "s"},
                                                                        {"aa", "a"},
                                                                        {"!", "!"}};
  return list;
}

// The letter of a byte in the alphabet of ByteLevel.
std::string letter_of(unsigned char byte) {
  char32_t next = 256;
  for (char32_t other = 0; other < 256; ++other) {
    const bool is_printable = (other > 32 && other < 127) || (other > 160 && other != 173);
    const char32_t letter = is_printable ? other : next++;
    if (other == byte) {
      char text[kMaxUtf8Bytes];
      return {text, encode_utf8(letter, text)};
    }
  }
  return {};
}

std::string letters_of(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += letter_of(static_cast<unsigned char>(byte));
  }
  return text;
}

CharacterKind kind_of(const std::string& character) {
  return unicode_class(decode_utf8(character.data()).code_point).kind;
}

// The longest start of `text` that an alternative of the expression matches, in their order.
size_t first_word(const Texts& text) {
  for (const Texts& ending : std::vector<Texts>{{"'", "s"},
                                                {"'", "t"},
                                                {"'", "r", "e"},
                                                {"'", "v", "e"},
                                                {"'", "m"},
                                                {"'", "l", "l"},
                                                {"'", "d"}}) {
    if (ending.size() <= text.size() && std::equal(ending.begin(), ending.end(), text.begin())) {
      return ending.size();
    }
  }
  for (const CharacterKind kind :
       {CharacterKind::letter, CharacterKind::number, CharacterKind::other}) {
    const size_t space = text[0] == " " ? 1 : 0;
    size_t end = space;
    while (end < text.size() && kind_of(text[end]) == kind) {
      ++end;
    }
    if (end > space) {
      return end;
    }
  }
  size_t end = 0;
  while (end < text.size() && kind_of(text[end]) == CharacterKind::space) {
    ++end;
  }
  return end == text.size() || end == 1 ? end : end - 1;
}

Ids slow_byte_pair(const std::string& text) {
  static const std::map<std::string, int32_t> id_of = [] {
    std::map<std::string, int32_t> ids;
    for (int byte = 0; byte < 256; ++byte) {
      ids.emplace(std::string(1, static_cast<char>(byte)), byte);
    }
    for (const auto& [left, right] : merges()) {
      ids.emplace(left + right, static_cast<int32_t>(ids.size()));
    }
    return ids;
  }();
  Ids ids;
  Texts rest = characters_of(text);
  while (!rest.empty()) {
    const auto end = rest.begin() + static_cast<std::ptrdiff_t>(first_word(rest));
    Texts symbols;
    std::for_each(rest.begin(), end, [&](const std::string& character) {
      for (const char byte : character) {
        symbols.emplace_back(1, byte);
      }
    });
    rest.erase(rest.begin(), end);
    for (auto merge = merges().begin(); merge != merges().end();) {
      const Texts pair = {merge->first, merge->second};
      const auto found = std::search(symbols.begin(), symbols.end(), pair.begin(), pair.end());
      if (found == symbols.end()) {
        ++merge;
        continue;
      }
      *found += *(found + 1);
      symbols.erase(found + 1);
      merge = merges().begin();
    }
    for (const std::string& symbol : symbols) {
      ids.push_back(id_of.at(symbol));
    }
  }
  return ids;
}

std::string byte_pair_json() {
  std::string vocabulary;
  std::string pairs;
  const auto quoted = [](const std::string& token) {
    return token == "\"" || token == "\\" ? "\"\\" + token + "\"" : "\"" + token + "\"";
  };
  int count = 0;
  const auto add = [&](const std::string& token) {
    vocabulary += (count == 0 ? "" : ",") + quoted(token) + ":" + std::to_string(count);
    ++count;
  };
  for (int byte = 0; byte < 256; ++byte) {
    add(letter_of(static_cast<unsigned char>(byte)));
  }
  for (const auto& [left, right] : merges()) {
    add(letters_of(left + right));
    pairs += (pairs.empty() ? "[" : ",[") + quoted(letters_of(left)) + "," +
             quoted(letters_of(right)) + "]";
  }
  return R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
             "model": {"type": "BPE", "vocab": {)" +
         vocabulary + "}, \"merges\": [" + pairs + "]}}";
}

Tokenizer tokenizer_of(const std::string& tokenizer_json) {
  const fuzz::Folder folder;
  folder.write("tokenizer.json", tokenizer_json);
  return Tokenizer(folder.path(), kMaxLength);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Tokenizer unigram = tokenizer_of(unigram_json());
  static const Tokenizer byte_pair = tokenizer_of(byte_pair_json());
  const std::string_view input = fuzz::as_text(data, size);
  const std::string text = replace_invalid_utf8(input);
  fuzz::require(unigram.encode(input).ids == slow_unigram(text));
  fuzz::require(byte_pair.encode(input).ids == slow_byte_pair(text));
  return 0;
}
