#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "text/pieces/sorted_strings.h"
#include "text/pieces/token_ids.h"

namespace fastintent {

/// A token that is recognised in the text before it is split into words.
struct AddedToken {
  std::string content;
  bool single_word = false;  ///< not beside a letter, digit or mark
  bool lstrip = false;       ///< includes the white space before it
  bool rstrip = false;       ///< includes the white space after it
  bool normalized = false;   ///< its normalized form is searched for in the normalized text
};

/// One set of added tokens, searched for in the same text.
///
/// Immutable: safe from many threads.
class AddedTokens {
 public:
  struct Entry {
    std::string pattern;
    int32_t id;
    AddedToken token;
  };

  AddedTokens() = default;
  /// Patterns are distinct and not empty.
  explicit AddedTokens(const std::vector<Entry>& entries);

  bool empty() const { return patterns_.entries().empty(); }

 private:
  friend class AddedTokenSplitter;

  SortedStrings patterns_;  // with the index of their rule
  struct Rule {
    int32_t id;
    bool single_word, lstrip, rstrip;
  };
  std::vector<Rule> rules_;
};

/// Both sets of a tokenizer.
struct AddedTokenSets {
  AddedTokens raw;         ///< searched for in the original text
  AddedTokens normalized;  ///< searched for in the normalized text
  int32_t id_count;        ///< all ids, the vocabulary's too, are below
};

/// The normalized form of a text.
using NormalizeText = std::function<std::string(std::string_view)>;

/// The id of each token: the vocabulary's, else the next free one in order (the ids in
/// tokenizer.json are not used, as in `tokenizers`). Tokens of the same content have the same id.
std::vector<int32_t> assign_ids(const std::vector<AddedToken>& tokens, const TokenIds& vocabulary);

/// Makes the sets of tokens with the ids of assign_ids. A later token of the same content replaces
/// an earlier one; one without content is left out. Of tokens that are equal once normalized, that
/// of the lowest id is found. Throws bad_checkpoint naming `file` when a token is empty then.
AddedTokenSets make_added_tokens(const std::vector<AddedToken>& tokens,
                                 const TokenIds& vocabulary,
                                 const NormalizeText& normalize,
                                 const std::string& file);

/// Walks a text and returns its added tokens and the texts between them, in order.
class AddedTokenSplitter {
 public:
  struct Segment {
    std::string_view text;  ///< between tokens; empty for a token
    int32_t id = -1;        ///< of the token
  };

  /// Both arguments must outlive the splitter; `text` is valid UTF-8.
  AddedTokenSplitter(const AddedTokens& tokens, std::string_view text)
      : tokens_(tokens), text_(text) {}

  /// False at the end of the text.
  bool next(Segment& segment);

 private:
  bool find_token();

  const AddedTokens& tokens_;
  std::string_view text_;
  size_t done_ = 0;      // all before it was returned
  size_t searched_ = 0;  // where the next token may start
  /// A token that was found and not returned yet, the text before it, and its end.
  std::string_view segment_before_;
  int32_t pending_ = -1;
  size_t pending_end_ = 0;
};

}  // namespace fastintent
