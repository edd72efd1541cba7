#include "text/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/utf8.h"
#include "fastintent/error.h"
#include "text/normalize/character_tables.h"
#include "text/normalize/white_space.h"

namespace fastintent {
namespace {

bool ends_with_word(std::string_view text) {
  return !text.empty() && character_class(decode_last_utf8(text).code_point).is_word;
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && character_class(decode_utf8(text.data()).code_point).is_word;
}

// `entries` are in the order of their ids.
AddedTokens make_set(std::vector<AddedTokens::Entry> entries, const std::string& file) {
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.pattern < b.pattern;
  });
  // `tokenizers` finds one of several with the same normalized form, by chance at each load; here it
  // is the one of the lowest id.
  const auto repeated =
      std::unique(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.pattern == b.pattern;
      });
  entries.erase(repeated, entries.end());
  if (!entries.empty() && entries.front().pattern.empty()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read tokenizer: expected added tokens whose normalized form is not "
                            "empty, found '{}' ({})",
                            entries.front().token.content,
                            file));
  }
  return AddedTokens(entries);
}

}  // namespace

AddedTokens::AddedTokens(const std::vector<Entry>& entries) {
  std::vector<SortedStrings::Entry> patterns;
  patterns.reserve(entries.size());
  for (const Entry& entry : entries) {
    patterns.emplace_back(entry.pattern, static_cast<int32_t>(rules_.size()));
    rules_.push_back({entry.id, entry.token.single_word, entry.token.lstrip, entry.token.rstrip});
  }
  patterns_ = SortedStrings(std::move(patterns));
}

std::vector<int32_t> assign_ids(const std::vector<AddedToken>& tokens, const TokenIds& vocabulary) {
  std::unordered_map<std::string_view, int32_t> given;
  auto next_id = static_cast<int32_t>(vocabulary.size());
  std::vector<int32_t> ids;
  for (const AddedToken& token : tokens) {
    const int32_t known = vocabulary.find(token.content);
    const auto [entry, is_new] = given.try_emplace(token.content, known >= 0 ? known : next_id);
    if (is_new && known < 0 && !token.content.empty()) {
      ++next_id;
    }
    ids.push_back(entry->second);
  }
  return ids;
}

AddedTokenSets make_added_tokens(const std::vector<AddedToken>& tokens,
                                 const TokenIds& vocabulary,
                                 const NormalizeText& normalize,
                                 const std::string& file) {
  const std::vector<int32_t> ids = assign_ids(tokens, vocabulary);
  std::map<int32_t, AddedToken> by_id;
  int32_t id_count = vocabulary.id_count();
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].content.empty()) {
      by_id[ids[i]] = tokens[i];
      id_count = std::max(id_count, ids[i] + 1);
    }
  }
  std::vector<AddedTokens::Entry> raw;
  std::vector<AddedTokens::Entry> normalized;
  for (const auto& [id, token] : by_id) {
    if (token.normalized) {
      normalized.push_back({normalize(token.content), id, token});
    } else {
      raw.push_back({token.content, id, token});
    }
  }
  return {make_set(std::move(raw), file), make_set(std::move(normalized), file), id_count};
}

bool AddedTokenSplitter::next(Segment& segment) {
  if (pending_ < 0 && !find_token()) {
    segment = {text_.substr(std::min(done_, text_.size()))};
    done_ = text_.size();
    return !segment.text.empty();
  }
  if (!segment_before_.empty()) {
    segment = {segment_before_};
    segment_before_ = {};
    return true;
  }
  segment = {{}, pending_};
  pending_ = -1;
  done_ = pending_end_;
  return true;
}

// Finds the next token, apart from other words where its rule requires that; sets the text before
// it and its end.
bool AddedTokenSplitter::find_token() {
  const SortedStrings& patterns = tokens_.patterns_;
  while ((searched_ = patterns.next_candidate(text_, searched_)) < text_.size()) {
    const auto match = patterns.longest_prefix(text_.substr(searched_));
    if (match.bytes == 0) {
      ++searched_;
      continue;
    }
    const AddedTokens::Rule& rule = tokens_.rules_[match.value];
    size_t start = searched_;
    size_t end = start + match.bytes;
    searched_ = end;
    if (rule.single_word &&
        (ends_with_word(text_.substr(0, start)) || starts_with_word(text_.substr(end)))) {
      continue;
    }
    if (rule.lstrip && start > done_) {
      start -= trailing_space(text_.substr(done_, start - done_));
    }
    if (rule.rstrip) {
      end += leading_space(text_.substr(end));
    }
    if (rule.lstrip && end <= done_) {
      continue;  // white space that the token before it includes
    }
    if (start > done_) {
      segment_before_ = text_.substr(done_, start - done_);
    }
    pending_ = rule.id;
    pending_end_ = end;
    return true;
  }
  return false;
}

}  // namespace fastintent
