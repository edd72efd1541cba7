#include "text/read/prepared_tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/checksum.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/tokenizer.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

const char* const kFolders[] = {"unigram",
                                "unigram_bytes",
                                "unigram_first",
                                "byte_level",
                                "byte_level_space",
                                "byte_pair_fused",
                                "byte_pair_unknown"};

// A copy of a folder of the golden test, prepared.
class PreparedTokenizer {
 public:
  explicit PreparedTokenizer(const std::string& name) {
    fs::copy(fs::path("tests/text/data") / name, path());
    write_prepared_tokenizer(json(), file());
  }

  fs::path path() const { return folder_ / "model"; }
  fs::path file() const { return path() / kPreparedTokenizerFile; }
  SnapshotPath json() const { return SnapshotPath(path()) / "tokenizer.json"; }

  // Writes the file again with other bytes of the tensor `name`, and their checksums.
  void change(const std::string& name, const std::vector<std::byte>& other) const {
    const TensorFiles file = TensorFiles::open_file(this->file());
    std::map<std::string, std::vector<std::byte>> all;
    for (const auto& [key, stored] : file.tensors()) {
      all[key] = key == name ? other : read_bytes(stored);
    }
    std::vector<TensorToWrite> tensors;
    for (const auto& [key, content] : all) {
      tensors.emplace_back(key, content);
    }
    FileMetadata metadata;
    for (const char* key : {"format_version", "made_of"}) {
      metadata[key] = file.metadata().at(key);
    }
    write_safetensors(this->file(), tensors, with_checksums(metadata, tensors));
  }

 private:
  TemporaryFolder folder_;
};

std::vector<std::byte> tensor_of(const PreparedTokenizer& prepared, const char* name) {
  return read_bytes(*TensorFiles::open_file(prepared.file()).find(name));
}

TEST(PreparedTokenizer, HasTheSameIds) {
  for (const std::string name : kFolders) {
    const PreparedTokenizer prepared(name);
    ASSERT_TRUE(fs::exists(prepared.file())) << name;
    const Tokenizer expected(fs::path("tests/text/data") / name, 20000);
    const Tokenizer found(prepared.path(), 20000);
    EXPECT_EQ(found.vocabulary_size(), expected.vocabulary_size()) << name;
    EXPECT_TRUE(check_prepared_tokenizer(prepared.json()));
    std::ifstream lines("tests/text/data/golden.jsonl");
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      const auto row = nlohmann::json::parse(line);
      if (row.at("folder") == name) {
        const auto text = row.at("text").get<std::string>();
        EXPECT_EQ(found.encode(text).ids, expected.encode(text).ids) << line;
        ++count;
      }
    }
    EXPECT_GT(count, 0) << name;
  }
}

TEST(PreparedTokenizer, NoneIsWrittenForWordPiece) {
  const PreparedTokenizer prepared("uncased");
  EXPECT_FALSE(fs::exists(prepared.file()));
  EXPECT_FALSE(check_prepared_tokenizer(prepared.json()));
}

TEST(PreparedTokenizer, AChangedTokenizerIsNoticed) {
  for (const char* name : {"unigram", "byte_level"}) {
    const PreparedTokenizer prepared(name);
    std::ofstream(prepared.path() / "tokenizer.json", std::ios::app) << "\n";
    expect_error(
        ErrorCode::bad_checkpoint, "made of another one", [&] { Tokenizer(prepared.path()); });
  }
}

TEST(PreparedTokenizer, EveryDamagedTableIsNoticed) {
  for (const char* name : {"unigram", "byte_level"}) {
    const PreparedTokenizer prepared(name);
    std::ifstream stream(prepared.file(), std::ios::binary);
    const std::string whole(std::istreambuf_iterator<char>(stream), {});
    const TensorFiles file = TensorFiles::open_file(prepared.file());
    for (const auto& [tensor, stored] : file.tensors()) {
      for (const uint64_t at : {uint64_t{0}, stored.size / 2, stored.size - 1}) {
        std::string bytes = whole;
        bytes[stored.offset + at] ^= 1;
        std::ofstream(prepared.file(), std::ios::binary) << bytes;
        expect_error(
            ErrorCode::bad_checkpoint, "tensor " + tensor, [&] { Tokenizer(prepared.path()); });
      }
    }
    std::ofstream(prepared.file(), std::ios::binary) << whole;
    EXPECT_NO_THROW(Tokenizer(prepared.path()));
  }
}

// A file that a faulty or hostile program made, whose checksums are right.
TEST(PreparedTokenizer, TablesThatWouldLeadOutsideAreRefused) {
  const std::vector<std::byte> high(8, std::byte{0x7f});
  const auto expect_refused = [](const char* folder, const char* tensor, const auto& change) {
    const PreparedTokenizer prepared(folder);
    std::vector<std::byte> bytes = tensor_of(prepared, tensor);
    change(bytes);
    prepared.change(tensor, bytes);
    expect_error(ErrorCode::bad_checkpoint, tensor, [&] { Tokenizer(prepared.path()); });
  };
  const auto empty = [](auto& bytes) { bytes.clear(); };
  const auto cut = [](auto& bytes) { bytes.pop_back(); };
  const auto halve = [](auto& bytes) { bytes.resize(bytes.size() / 2 + 8); };
  const auto raise = [&](auto& bytes) { std::copy(high.begin(), high.end(), bytes.begin()); };
  for (const auto& [folder, tensor] : {std::pair{"unigram", "trie"},
                                       std::pair{"byte_level", "words"},
                                       std::pair{"byte_level", "others"},
                                       std::pair{"byte_level", "counts"}}) {
    expect_refused(folder, tensor, empty);
    expect_refused(folder, tensor, cut);
    expect_refused(folder, tensor, halve);
    expect_refused(folder, tensor, raise);
  }
  expect_refused("unigram", "scores", cut);
  expect_refused("unigram", "trie", [](auto& bytes) { bytes[4] = std::byte{0xf0}; });
  expect_refused("byte_level", "merges", empty);
  expect_refused("byte_level", "merges", [](auto& bytes) {
    std::fill(bytes.begin(), bytes.end(), std::byte{0});  // no free slot
  });
}

TEST(PreparedTokenizer, OtherValuesAreNoticedByTheCheck) {
  const PreparedTokenizer prepared("unigram");
  std::vector<std::byte> scores = tensor_of(prepared, "scores");
  scores[9] ^= std::byte{1};
  prepared.change("scores", scores);
  EXPECT_NO_THROW(Tokenizer(prepared.path()));
  expect_error(
      ErrorCode::bad_checkpoint, "scores", [&] { check_prepared_tokenizer(prepared.json()); });
}

}  // namespace
}  // namespace fastintent
