#include "text/read/prepared_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/checksum.h"
#include "checkpoint/tensor_files.h"
#include "checkpoint/tokenizer_config.h"
#include "fastintent/error.h"
#include "text/read/model_json.h"
#include "text/read/pre_tokenizer_json.h"
#include "text/read/token_id.h"

namespace fastintent {
namespace {

constexpr const char* kFormatVersion = "1";  // increase when older readers would misread the file
constexpr const char* kMadeOf = "made_of";
constexpr const char* kHeader = "tokenizer_json";

[[noreturn]] void fail(const SnapshotPath& file,
                       std::string_view expected,
                       std::string_view found) {
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format("read prepared tokenizer: expected {}, found {} ({}); remove the file, or "
                  "prepare the model again (fastintent quantize)",
                  expected,
                  found,
                  file.string()));
}

SnapshotPath prepared_file(const SnapshotPath& tokenizer_json) {
  return tokenizer_json.parent() / kPreparedTokenizerFile;
}

// What the file has: the tables of a tokenizer, which are empty for WordPiece.
class Contents {
 public:
  explicit Contents(TokenizerFile file)
      : file_(std::move(file)), header_(file_.document.value().dump()) {
    if (const auto* unigram = std::get_if<UnigramSettings>(&file_.model)) {
      const UnigramPieces& pieces = unigram->model->pieces();
      tensors_ = {{"trie", pieces.trie.units().bytes()}, {"scores", pieces.scores.bytes()}};
    } else if (const auto* byte_pair = std::get_if<BytePairSettings>(&file_.model)) {
      const BytePairTokens& tokens = byte_pair->model->tokens();
      counts_ = {static_cast<int32_t>(tokens.size()), tokens.id_count()};
      tensors_ = {{"words", tokens.words().units().bytes()},
                  {"others", tokens.others().units().bytes()},
                  {"merges", byte_pair->model->merges().slots().bytes()},
                  {"counts", std::as_bytes(std::span(counts_))}};
    }
    if (!tensors_.empty()) {
      tensors_.emplace_back(kHeader, std::as_bytes(std::span(header_)));
    }
  }
  Contents(const Contents&) = delete;
  Contents& operator=(const Contents&) = delete;

  const std::vector<TensorToWrite>& tensors() const { return tensors_; }

 private:
  TokenizerFile file_;
  std::string header_;  // tokenizer.json without the vocabulary and the merges
  std::array<int32_t, 2> counts_{};
  std::vector<TensorToWrite> tensors_;  // of the members above
};

// The file, opened and bound to tokenizer.json.
class PreparedFile {
 public:
  explicit PreparedFile(const SnapshotPath& tokenizer_json)
      : path_(prepared_file(tokenizer_json)), file_(TensorFiles::open_file(path_)) {
    verify_metadata(file_);
    const std::string version = metadata("format_version");
    if (version != kFormatVersion) {
      fail(path_,
           fmt::format("format_version {}, all that this release reads", kFormatVersion),
           version.substr(0, 20));  // enough to recognise it
    }
    if (metadata(kMadeOf) != checksum(*tokenizer_json.open())) {
      fail(path_, "it to be made of tokenizer.json", "that it was made of another one");
    }
  }

  const TensorFiles& file() const { return file_; }

  // A table as `make` makes it of the values of a tensor; it throws std::invalid_argument for others.
  template <typename T, typename Make>
  auto table(const char* name, const Make& make) const try {
    const StoredTensor* stored = file_.find(name);
    if (stored == nullptr || stored->size % sizeof(T) != 0) {
      throw std::invalid_argument("none");
    }
    return make(StoredArray<T>(static_cast<size_t>(stored->size / sizeof(T)),
                               [&](std::span<std::byte> bytes) {
                                 stored->content->read(stored->offset, bytes);
                                 verify_checksum(file_, *stored, bytes);
                               }));
  } catch (const std::invalid_argument& error) {
    fail(path_, fmt::format("a table {}", name), error.what());
  }

 private:
  std::string metadata(const char* key) const {
    const auto found = file_.metadata().find(key);
    return found == file_.metadata().end() ? "" : found->second;
  }

  SnapshotPath path_;
  TensorFiles file_;
};

PieceTrie read_trie(const PreparedFile& file, const char* name, int32_t id_end) {
  return file.table<PieceTrie::Unit>(
      name, [&](auto units) { return PieceTrie(std::move(units), id_end); });
}

UnigramSettings read_unigram(const PreparedFile& file, const JsonDocument& top) {
  const auto scores = file.table<double>("scores", [](auto values) {
    if (!is_token_id(values.size())) {
      throw std::invalid_argument("too many scores");
    }
    return values;
  });
  return unigram_settings(top,
                          {read_trie(file, "trie", static_cast<int32_t>(scores.size())), scores});
}

BytePairSettings read_byte_pair(const PreparedFile& file, const JsonDocument& top) {
  const auto [size, id_count] = file.table<int32_t>("counts", [](const auto& counts) {
    // There are at most as many tokens as ids, and ids are below is_token_id's limit.
    const bool are_counts = counts.size() == 2 && counts[0] >= 0 && counts[0] <= counts[1] &&
                            is_token_id(static_cast<uint64_t>(counts[1]));
    if (!are_counts) {
      throw std::invalid_argument("other values");
    }
    return std::pair(counts[0], counts[1]);
  });
  const bool byte_level = read_byte_level_splitter(top).has_value();
  BytePairTokens tokens(read_trie(file, "words", id_count),
                        read_trie(file, "others", id_count),
                        static_cast<size_t>(size),
                        id_count,
                        byte_level);
  MergeTable merges = file.table<MergeTable::Slot>(
      "merges", [&, ids = id_count](auto slots) { return MergeTable(std::move(slots), ids); });
  return byte_pair_settings(top, std::move(tokens), std::move(merges));
}

}  // namespace

void write_prepared_tokenizer(const SnapshotPath& tokenizer_json,
                              const std::filesystem::path& file) {
  const Contents contents(parse_tokenizer_file(tokenizer_json));
  const std::vector<TensorToWrite>& tensors = contents.tensors();
  if (tensors.empty()) {
    return;
  }
  const FileMetadata metadata = {{"format_version", kFormatVersion},
                                 {kMadeOf, checksum(*tokenizer_json.open())}};
  write_safetensors(file, tensors, with_checksums(metadata, tensors));
}

std::optional<TokenizerFile> read_prepared_tokenizer(const SnapshotPath& tokenizer_json) {
  if (!prepared_file(tokenizer_json).exists()) {
    return std::nullopt;
  }
  const PreparedFile file(tokenizer_json);
  const auto header = file.table<char>(kHeader, [](auto text) { return text; });
  const JsonDocument top =
      JsonDocument::parse({header.begin(), header.size()}, tokenizer_json.string())
          .with_errors(kTokenizerErrors);
  const std::string type = tokenizer_model_type(top);
  if (type == "Unigram") {
    return TokenizerFile{top, read_unigram(file, top)};
  }
  if (type != "BPE") {
    top.section("model").fail("type", R"("Unigram" or "BPE")");
  }
  return TokenizerFile{top, read_byte_pair(file, top)};
}

bool check_prepared_tokenizer(const SnapshotPath& tokenizer_json) {
  if (!prepared_file(tokenizer_json).exists()) {
    return false;
  }
  const PreparedFile file(tokenizer_json);
  const Contents contents(parse_tokenizer_file(tokenizer_json));
  for (const TensorToWrite& tensor : contents.tensors()) {
    file.table<std::byte>(tensor.name.c_str(), [&](const auto& values) {
      if (!std::ranges::equal(values, tensor.bytes)) {
        throw std::invalid_argument("other values than those of tokenizer.json");
      }
      return true;
    });
  }
  return true;
}

}  // namespace fastintent
