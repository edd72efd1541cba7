#include "text/pieces/byte_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <queue>

#include "base/utf8.h"

namespace fastintent {
namespace {

// Words of more symbols are merged with a heap. Up to there a search through all pairs is faster.
constexpr size_t kShortWord = 48;

// The letter of each byte: printable characters of Latin-1 are themselves, the others follow from
// U+0100 on, in order.
const std::array<char32_t, 256>& byte_letters() {
  static const std::array<char32_t, 256> letters = [] {
    std::array<char32_t, 256> made{};
    char32_t next = 256;
    for (char32_t byte = 0; byte < made.size(); ++byte) {
      const bool is_printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
      made[byte] = is_printable ? byte : next++;
    }
    return made;
  }();
  return letters;
}

std::string letter_of(unsigned char byte) {
  char text[kMaxUtf8Bytes];
  return {text, encode_utf8(byte_letters()[byte], text)};
}

// The tokens by the texts that they stand for, or those that stand for none as they are written.
PieceTrie trie_of(const Vocabulary& vocabulary, bool byte_level, bool others) {
  std::vector<std::pair<std::string, int32_t>> words;
  words.reserve(others ? 0 : vocabulary.size());
  for (const auto& [token, id] : vocabulary) {
    std::string text = byte_level ? from_byte_letters(token) : token;
    if (text.empty() == others && !token.empty()) {
      words.emplace_back(others ? token : std::move(text), id);
    }
  }
  return PieceTrie({words.begin(), words.end()});
}

}  // namespace

std::string from_byte_letters(std::string_view token) {
  static const std::array<int16_t, 512> bytes = [] {
    std::array<int16_t, 512> made{};
    made.fill(-1);
    for (size_t byte = 0; byte < byte_letters().size(); ++byte) {
      made[byte_letters()[byte]] = static_cast<int16_t>(byte);
    }
    return made;
  }();
  std::string text;
  for (size_t i = 0; i < token.size();) {
    const DecodedCharacter letter = decode_utf8(token.data() + i);
    if (letter.code_point >= bytes.size() || bytes[letter.code_point] < 0) {
      return {};
    }
    text += static_cast<char>(bytes[letter.code_point]);
    i += letter.bytes;
  }
  return text;
}

BytePairTokens::BytePairTokens(const Vocabulary& vocabulary, bool byte_level)
    : BytePairTokens(trie_of(vocabulary, byte_level, /*others=*/false),
                     trie_of(vocabulary, byte_level, /*others=*/true),
                     vocabulary.size(),
                     vocabulary.id_count(),
                     byte_level) {}

BytePairTokens::BytePairTokens(
    PieceTrie words, PieceTrie others, size_t size, int32_t id_count, bool byte_level)
    : words_(std::move(words)),
      others_(std::move(others)),
      size_(size),
      id_count_(id_count),
      byte_level_(byte_level) {}

int32_t BytePairTokens::find(std::string_view token) const {
  if (!byte_level_) {
    return words_.find(token);
  }
  const std::string text = from_byte_letters(token);
  return text.empty() ? others_.find(token) : words_.find(text);
}

BytePair::BytePair(const BytePairOptions& options)
    : BytePair(BytePairTokens(options.vocabulary, options.rules.byte_level),
               MergeTable(options.merges),
               options.rules) {}

BytePair::BytePair(BytePairTokens tokens, MergeTable merges, const BytePairRules& rules)
    : tokens_(std::move(tokens)),
      merges_(std::move(merges)),
      rules_(rules),
      whole_words_(static_cast<size_t>(tokens_.id_count())) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    byte_ids_[byte] = find(fmt::format("<0x{:02X}>", byte));
  }
  for (size_t byte = 0; byte < byte_starts_.size() && rules_.byte_level; ++byte) {
    const std::string letter = letter_of(static_cast<unsigned char>(byte));
    const int32_t id = find(letter);
    byte_starts_[byte] = id >= 0 ? Ids{id} : fallback(letter);
  }
}

// The tokens of the bytes of an unknown character; none where it stays unknown.
BytePair::Ids BytePair::fallback(std::string_view character) const {
  Ids ids;
  for (const char byte : character) {
    const int32_t id = rules_.byte_fallback ? byte_ids_[static_cast<unsigned char>(byte)] : -1;
    if (id < 0) {
      return {};
    }
    ids.push_back(id);
  }
  return ids;
}

void BytePair::append(std::string_view word, IdSink& sink) const {
  Ids ids;
  const int32_t id = tokens_.words().find(word);
  const auto merged = [&] {
    start(word, ids);
    merge(ids);
    return ids.size() == 1 && ids[0] == id;
  };
  if (id >= 0 && (rules_.ignore_merges || whole_words_.is_whole(id, merged))) {
    sink.put(id);
    return;
  }
  ids.clear();
  merged();
  for (const int32_t piece : ids) {
    if (sink.truncated) {
      break;
    }
    sink.put(piece);
  }
}

void BytePair::start(std::string_view word, Ids& ids) const {
  // `tokenizers` adds an unknown token when the next known character or the end comes, so behind the
  // bytes of a character in between.
  bool has_unknown = false;
  const auto add_unknown = [&] {
    if (has_unknown) {
      ids.push_back(rules_.unknown_id);
      has_unknown = false;
    }
  };
  for (size_t i = 0; i < word.size();) {
    const size_t bytes = rules_.byte_level ? 1 : decode_utf8(word.data() + i).bytes;
    const std::string_view character = word.substr(i, bytes);
    i += bytes;
    if (const int32_t id = tokens_.words().find(character); id >= 0) {
      add_unknown();
      ids.push_back(id);
      continue;
    }
    const Ids pieces = rules_.byte_level ? byte_starts_[static_cast<unsigned char>(character[0])]
                                         : fallback(character);
    ids.insert(ids.end(), pieces.begin(), pieces.end());
    if (pieces.empty() && rules_.unknown_id >= 0) {
      if (!rules_.fuse_unknown) {
        add_unknown();
      }
      has_unknown = true;
    }
  }
  add_unknown();
}

void BytePair::merge(Ids& ids) const {
  if (ids.size() <= kShortWord) {
    merge_short(ids);
  } else {
    merge_long(ids);
  }
}

void BytePair::merge_short(Ids& ids) const {
  size_t count = ids.size();
  std::array<const MergeTable::Slot*, kShortWord> merges;  // of each id with the next one
  for (size_t i = 0; i + 1 < count; ++i) {
    merges[i] = &merges_.find(ids[i], ids[i + 1]);
  }
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i]->rank < merges[best]->rank) {
        best = i;
      }
    }
    if (merges[best]->rank == MergeTable::kNoRank) {
      break;
    }
    ids[best] = merges[best]->merged;
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      if (i + 1 < count) {
        merges[i] = merges[i + 1];
      }
    }
    if (best > 0) {
      merges[best - 1] = &merges_.find(ids[best - 1], ids[best]);
    }
    if (best + 1 < count) {
      merges[best] = &merges_.find(ids[best], ids[best + 1]);
    }
  }
  ids.resize(count);
}

// Positions form a list; a merge leaves its right one empty. Entries of the heap whose pair has
// changed since are skipped.
void BytePair::merge_long(Ids& ids) const {
  struct Candidate {
    uint32_t rank;
    int32_t left;
    int32_t right;
    int32_t left_id;
    int32_t right_id;
    int32_t merged;
    bool operator<(const Candidate& other) const {  // the heap's top is the largest
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  const auto size = static_cast<int32_t>(ids.size());
  constexpr int32_t kEmpty = -1;
  std::vector<int32_t> previous(ids.size());
  std::vector<int32_t> next(ids.size());
  std::priority_queue<Candidate> heap;
  const auto id_at = [&](int32_t at) -> int32_t& { return ids[static_cast<size_t>(at)]; };
  const auto offer = [&](int32_t left, int32_t right) {
    if (left < 0 || right >= size) {
      return;
    }
    const MergeTable::Slot& merge = merges_.find(id_at(left), id_at(right));
    if (merge.rank != MergeTable::kNoRank) {
      heap.push({merge.rank, left, right, id_at(left), id_at(right), merge.merged});
    }
  };
  for (int32_t i = 0; i < size; ++i) {
    previous[static_cast<size_t>(i)] = i - 1;
    next[static_cast<size_t>(i)] = i + 1;
    offer(i, i + 1);
  }
  while (!heap.empty()) {
    const Candidate top = heap.top();
    heap.pop();
    const bool is_current = id_at(top.left) == top.left_id && id_at(top.right) == top.right_id &&
                            next[static_cast<size_t>(top.left)] == top.right;
    if (!is_current) {
      continue;
    }
    id_at(top.left) = top.merged;
    id_at(top.right) = kEmpty;
    const int32_t after = next[static_cast<size_t>(top.right)];
    next[static_cast<size_t>(top.left)] = after;
    if (after < size) {
      previous[static_cast<size_t>(after)] = top.left;
    }
    offer(previous[static_cast<size_t>(top.left)], top.left);
    offer(top.left, after);
  }
  std::erase(ids, kEmpty);
}

}  // namespace fastintent
