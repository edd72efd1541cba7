#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "text/normalize/text_buffer.h"
#include "text/normalize/white_space.h"
#include "text/split/bert_splitter.h"

namespace fastintent {

/// Metaspace: a mark takes the place of each space and begins a word.
struct Metaspace {
  enum class Prepend : uint8_t { always, first, never };

  std::string mark = "\u2581";
  Prepend prepend = Prepend::always;  ///< which parts get a mark in front that have none
  bool split = true;                  ///< else a part is one word
  bool joins_marks = false;           ///< marks without anything between them begin one word
};

/// Words by WhitespaceSplit or BertPreTokenizer, by Metaspace, or by the first and then the second.
class MetaspaceSplitter {
 public:
  enum class Parts : uint8_t { all, white_space, bert };

  MetaspaceSplitter(Parts parts, std::optional<Metaspace> metaspace)
      : parts_(parts), metaspace_(std::move(metaspace)) {}

  /// Whether a part of a text is one word, whatever is in it.
  bool takes_all() const { return parts_ == Parts::all && !metaspace_; }

  /// Whether words end where a text is cut before a space.
  bool is_local() const { return parts_ != Parts::all || (metaspace_ && metaspace_->split); }

  /// Calls `use` with each word in order as long as it returns true. `at_start`: `text` begins the
  /// text of the caller. `buffer` is empty before.
  template <typename Use>
  void for_each_word(std::string_view text,
                     bool at_start,
                     TextBuffer& buffer,
                     const Use& use) const {
    const auto use_part = [&](std::string_view part) {
      const bool is_first = at_start && part.data() == text.data();
      return metaspace_ ? use_marked(part, is_first, buffer, use) : use(part);
    };
    if (parts_ == Parts::all) {
      use_part(text);
    } else if (parts_ == Parts::white_space) {
      for_each_part(text, use_part);
    } else {
      BertSplitter words(text);
      for (std::string_view word = words.next(); !word.empty() && use_part(word);) {
        word = words.next();
      }
    }
  }

 private:
  template <typename Use>
  static void for_each_part(std::string_view text, const Use& use) {
    for (;;) {
      text.remove_prefix(leading_space(text));
      const size_t bytes = leading_word(text);
      if (bytes == 0 || !use(text.substr(0, bytes))) {
        return;
      }
      text.remove_prefix(bytes);
    }
  }

  // Writes the words of `part` with their marks into `buffer`. False where `use` was false.
  template <typename Use>
  bool use_marked(std::string_view part, bool is_first, TextBuffer& buffer, const Use& use) const {
    const std::string_view mark = metaspace_->mark;
    buffer.clear();
    // A space becomes a mark; one more may be in front.
    char* word = buffer.room((part.size() + 1) * kMaxUtf8Bytes);
    char* end = word;
    const auto put_mark = [&] {
      std::memcpy(end, mark.data(), mark.size());
      end += mark.size();
    };
    const auto starts_with_mark = [&](std::string_view rest) {
      return rest[0] == mark[0] && rest.substr(0, mark.size()) == mark;
    };
    bool after_mark = false;
    const bool has_mark = part[0] == ' ' || starts_with_mark(part);
    if (!has_mark && (metaspace_->prepend == Metaspace::Prepend::always ||
                      (metaspace_->prepend == Metaspace::Prepend::first && is_first))) {
      put_mark();
    }
    while (!part.empty()) {
      const bool is_space = part[0] == ' ';
      if (!is_space && !starts_with_mark(part)) {
        *end++ = part[0];
        part.remove_prefix(1);
        after_mark = false;
        continue;
      }
      if (metaspace_->split && end != word && !(after_mark && metaspace_->joins_marks)) {
        if (!use(std::string_view(word, static_cast<size_t>(end - word)))) {
          return false;
        }
        word = end;
      }
      put_mark();
      after_mark = true;
      part.remove_prefix(is_space ? 1 : mark.size());
    }
    return use(std::string_view(word, static_cast<size_t>(end - word)));
  }

  Parts parts_;
  std::optional<Metaspace> metaspace_;
};

}  // namespace fastintent
