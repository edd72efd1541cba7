#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {
namespace {

// The length BERT was trained with, for a folder that names no limit at all.
constexpr double kDefaultLength = 512;

// Longer than any encoder's: a limit above it ("1e30") means that there is none.
constexpr double kNoLimit = 1 << 24;

// A count of tokens in one of the folder's files; kNoLimit when file or key are missing.
double length_in(const SnapshotPath& folder, const char* name, const char* key) {
  const SnapshotPath file = folder / name;
  if (!file.exists()) {
    return kNoLimit;
  }
  return std::min(JsonDocument::read(file).number_or(key, kNoLimit), kNoLimit);
}

// The longest text that the encoder has positions for. The families of RoBERTa number the tokens
// from the row behind the padding token's.
double positions_in(const SnapshotPath& folder) {
  const double rows = length_in(folder, "config.json", "max_position_embeddings");
  if (rows == kNoLimit) {
    return rows;
  }
  const JsonDocument config = JsonDocument::read(folder / "config.json");
  const std::string family = config.text_or("model_type", "");
  if (family == "mpnet") {
    return rows - 2;  // its padding token is always 1
  }
  if (family != "roberta" && family != "xlm-roberta" && family != "camembert") {
    return rows;
  }
  return rows - config.number_or("pad_token_id", 1) - 1;
}

}  // namespace

int maximum_length(const SnapshotPath& folder,
                   int asked,
                   std::optional<double> named,
                   size_t special_tokens) {
  const double positions = positions_in(folder);
  double length = asked;
  if (asked == 0) {
    length = named ? *named : length_in(folder, "tokenizer_config.json", "model_max_length");
    length = std::min(length, positions);
    if (length == kNoLimit) {
      length = kDefaultLength;
    }
  }
  const double shortest = static_cast<double>(special_tokens) + 1;
  if (!(length >= shortest && length <= positions)) {
    throw Error(
        asked == 0 ? ErrorCode::bad_checkpoint : ErrorCode::invalid_argument,
        fmt::format("read tokenizer: expected a maximum length from {} to {}, found {} ({})",
                    shortest,
                    positions == kNoLimit ? std::numeric_limits<int>::max() : positions,
                    length,
                    folder.string()));
  }
  return static_cast<int>(length);
}

}  // namespace fastintent
