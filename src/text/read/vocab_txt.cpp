#include <fmt/format.h>

#include <algorithm>

#include "base/git_lfs.h"
#include "base/utf8.h"
#include "checkpoint/json_document.h"
#include "fastintent/error.h"
#include "text/normalize/white_space.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {

namespace {

// The limit of JSON files: no vocabulary is that large.
constexpr size_t kMaxVocabularyBytes = kMaxJsonBytes;

}  // namespace

// Of equal tokens the last counts.
Vocabulary read_vocab_txt(const SnapshotPath& file) {
  const auto content = file.text(kMaxVocabularyBytes);
  std::string_view text = *content;
  refuse_git_lfs_pointer(text, file.string());
  if (valid_utf8_prefix(text) != text.size()) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("read tokenizer: expected UTF-8, found {} bytes, the first {} UTF-8 ({})",
                    text.size(),
                    valid_utf8_prefix(text),
                    file.string()));
  }
  Vocabulary vocabulary;
  for (int32_t id = 0; !text.empty(); ++id) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view token = text.substr(0, end);
    token.remove_suffix(trailing_space(token));
    vocabulary.set(std::string(token), id);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return vocabulary;
}

}  // namespace fastintent
