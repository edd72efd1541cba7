#include "text/pieces/unigram.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace fastintent {
namespace {

// What an unknown character scores below the worst token, as in SentencePiece.
constexpr double kUnknownPenalty = 10;

// Words of up to so many bytes, which nearly all are, need no memory but the stack (6 KiB).
constexpr size_t kShortWord = 255;

PieceTrie trie_of(const std::vector<std::string>& tokens) {
  std::vector<PieceTrie::Piece> pieces;
  pieces.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) {
      pieces.emplace_back(tokens[id], static_cast<int32_t>(id));
    }
  }
  return PieceTrie(pieces);
}

}  // namespace

UnigramPieces::UnigramPieces(const std::vector<std::string>& tokens,
                             std::vector<double> scores_of_tokens)
    : trie(trie_of(tokens)), scores(std::move(scores_of_tokens)) {}

Unigram::Unigram(UnigramOptions options)
    : Unigram(UnigramPieces(options.tokens, std::move(options.scores)),
              options.unknown_id,
              options.byte_fallback) {}

Unigram::Unigram(UnigramPieces pieces, int32_t unknown_id, bool byte_fallback)
    : pieces_(std::move(pieces)),
      unknown_score_(*std::min_element(pieces_.scores.begin(), pieces_.scores.end()) -
                     kUnknownPenalty),
      unknown_id_(unknown_id),
      byte_fallback_(byte_fallback),
      whole_words_(pieces_.scores.size()) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    byte_ids_[byte] = pieces_.trie.find(fmt::format("<0x{:02X}>", byte));
  }
}

void Unigram::append(std::string_view word, IdSink& sink) const {
  const int32_t id = pieces_.trie.find(word);
  if (id >= 0 && whole_words_.is_whole(id, [&] { return is_best(word, id); })) {
    sink.put(id);
    return;
  }
  if (word.size() <= kShortWord) {
    End ends[kShortWord + 1];
    append_divided(word, ends, sink);
  } else {
    std::vector<End> ends(word.size() + 1);
    append_divided(word, ends.data(), sink);
  }
}

bool Unigram::is_best(std::string_view word, int32_t id) const {
  std::vector<End> ends(word.size() + 1);
  find_best(word, ends.data());
  return ends[word.size()].start == 0 && ends[word.size()].id == id;
}

// Of two equal sums the one found first wins, from the left and with shorter pieces first.
void Unigram::find_best(std::string_view word, End* ends) const {
  for (size_t i = 0; i <= word.size(); ++i) {
    ends[i].start = -1;
  }
  ends[0].score = 0;
  for (size_t start = 0; start < word.size();) {
    const double score = ends[start].score;
    const size_t character = start + decode_utf8(word.data() + start).bytes;
    const auto offer = [&](size_t end, double candidate, int32_t id) {
      if (ends[end].start < 0 || candidate > ends[end].score) {
        ends[end] = {candidate, static_cast<int32_t>(start), id};
      }
    };
    bool is_known = false;
    PieceTrie::Node node = PieceTrie::kRoot;
    for (size_t end = start; end < word.size();) {
      node = pieces_.trie.step(node, word[end++]);
      if (node == PieceTrie::kNone) {
        break;
      }
      if (const int32_t id = pieces_.trie.value(node); id >= 0) {
        offer(end, pieces_.scores[static_cast<size_t>(id)] + score, id);
        is_known |= end == character;
      }
    }
    if (!is_known) {
      offer(character, unknown_score_ + score, unknown_id_);
    }
    start = character;
  }
}

void Unigram::append_divided(std::string_view word, End* ends, IdSink& sink) const {
  find_best(word, ends);
  // The links lead from the end of each piece to its start: turn them around.
  const auto size = static_cast<int32_t>(word.size());
  int32_t first_end = size;
  for (int32_t end = size, next = size; end > 0;) {
    const int32_t start = std::exchange(ends[end].start, next);
    first_end = next = end;
    end = start;
  }
  int32_t start = 0;
  for (int32_t end = first_end; start < size && !sink.truncated;) {
    const int32_t id = ends[end].id;
    if (id == unknown_id_) {
      while (end < size && ends[ends[end].start].id == unknown_id_) {
        end = ends[end].start;
      }
      append_unknown(word.substr(static_cast<size_t>(start), static_cast<size_t>(end - start)),
                     sink);
    } else {
      sink.put(id);
    }
    start = end;
    end = ends[end].start;
  }
}

void Unigram::append_unknown(std::string_view text, IdSink& sink) const {
  if (const int32_t id = pieces_.trie.find(text); id >= 0) {
    sink.put(id);
    return;
  }
  const auto id_of = [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  const bool has_bytes = byte_fallback_ && std::all_of(text.begin(), text.end(), [&](char byte) {
                           return id_of(byte) >= 0;
                         });
  if (!has_bytes) {
    sink.put(unknown_id_);
    return;
  }
  for (const char byte : text) {
    sink.put(id_of(byte));
  }
}

}  // namespace fastintent
