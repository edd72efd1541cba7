#include "checkpoint/tensor_files.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/safetensors_bytes.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

void write_tensor(const fs::path& file, const std::string& name, const std::vector<float>& values) {
  const TensorToWrite tensor{name, {static_cast<int64_t>(values.size())}, values};
  write_safetensors(file, {&tensor, 1});
}

TEST(TensorFiles, RoundTrip) {
  const TemporaryFolder folder;
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<float> b = {-1.5F};
  const std::vector<TensorToWrite> tensors = {
      {"b", {1}, b}, {"a \"quoted\"\n", {2, 3}, a}, {"none", {0, 3}, {}}};
  write_safetensors(folder / "model.safetensors", tensors);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  EXPECT_NE(read_whole(folder / "model.safetensors").find(R"({"format":"pt"})"), std::string::npos);

  const TensorFiles files{SnapshotPath(folder.path())};
  ASSERT_EQ(files.tensors().size(), 3U);
  EXPECT_EQ(files.description(), (folder / "model.safetensors").string());
  EXPECT_EQ(files.find("absent"), nullptr);
  const StoredTensor* stored = files.find("a \"quoted\"\n");
  ASSERT_NE(stored, nullptr);
  const MappedTensor mapped = map_tensor(*stored, 2, 3);
  ASSERT_FALSE(mapped.view.empty());  // the writer aligns the data
  EXPECT_TRUE(std::equal(a.begin(), a.end(), mapped.view.data));
  std::vector<float> value(1);
  read_tensor(*files.find("b"), {value.data(), 1, 1});
  EXPECT_EQ(value, b);
  EXPECT_TRUE(read_bytes(*files.find("none")).empty());
}

TEST(TensorFiles, BytesLieOnCacheLines) {
  const TemporaryFolder folder;
  const std::vector<std::byte> a(128, std::byte{7});
  const std::vector<std::byte> b(3, std::byte{9});
  const TensorToWrite tensors[] = {{"a", a}, {"b", b}};
  write_safetensors(folder / "f", tensors, {{"made by", "a test"}});
  const TensorFiles file = TensorFiles::open_file(folder / "f");
  EXPECT_EQ(file.metadata(), (FileMetadata{{"made by", "a test"}}));
  for (const auto& [name, bytes] : {std::pair("a", a), std::pair("b", b)}) {
    const StoredTensor* stored = file.find(name);
    ASSERT_NE(stored, nullptr);
    EXPECT_EQ(stored->type_name, "U8");
    EXPECT_EQ(read_bytes(*stored), bytes);
    EXPECT_EQ(stored->offset % 64, 0U);
  }
}

TEST(TensorFiles, WhatCannotBeWritten) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  const std::vector<TensorToWrite> wrong_shape = {{"a", {3}, values}};
  expect_error(ErrorCode::invalid_argument, "expected 3 values for [3], found 2", [&] {
    write_safetensors(folder / "f", wrong_shape);
  });
  const std::vector<TensorToWrite> twice = {{"a", {2}, values}, {"a", {2}, values}};
  expect_error(
      ErrorCode::invalid_argument, "'a' twice", [&] { write_safetensors(folder / "f", twice); });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TensorFiles, AnEmptyFolderIsMissingInput) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::missing_input, "model.safetensors", [&] {
    TensorFiles files{SnapshotPath(folder.path())};
  });
}

TEST(TensorFiles, AMalformedFileIsNamed) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("any name", safetensors_bytes("{}", "x"));
  expect_error(ErrorCode::bad_checkpoint, file.string(), [&] { TensorFiles::open_file(file); });
}

class Shards : public testing::Test {
 protected:
  Shards() {
    fs::create_directory(model_);
    write_tensor(model_ / "1.safetensors", "a", {1});
    write_tensor(model_ / "2.safetensors", "b", {2});
  }
  TensorFiles open(const std::string& index) const {
    std::ofstream(model_ / "model.safetensors.index.json") << index;
    return TensorFiles(SnapshotPath(model_));
  }
  void expect_bad(const std::string& index, const std::string& part) const {
    expect_error(ErrorCode::bad_checkpoint, part, [&] { open(index); });
    expect_error(ErrorCode::bad_checkpoint, "model.safetensors.index.json", [&] { open(index); });
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

TEST_F(Shards, AreReadAsOne) {
  const TensorFiles files =
      open(R"({"metadata":{},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  ASSERT_EQ(files.tensors().size(), 2U);
  float value = 0;
  read_tensor(*files.find("a"), {&value, 1, 1});
  EXPECT_EQ(value, 1.0F);
  read_tensor(*files.find("b"), {&value, 1, 1});
  EXPECT_EQ(value, 2.0F);
}

TEST_F(Shards, AreNotReadBesideASingleFile) {
  write_tensor(model_ / "model.safetensors", "c", {3});
  const TensorFiles files = open("not JSON");
  EXPECT_EQ(files.tensors().size(), 1U);
  EXPECT_NE(files.find("c"), nullptr);
}

TEST_F(Shards, BadIndexes) {
  expect_bad("{", "expected valid JSON");
  expect_bad("{}", "expected an object 'weight_map', found none");
  expect_bad(R"({"weight_map":[]})", "expected an object 'weight_map', found array");
  expect_bad(R"({"weight_map":{"a":1}})", "found number");
  expect_bad(R"({"weight_map":{"a":"3.safetensors"}})", "3.safetensors, found no such file");
  expect_bad(R"({"weight_map":{"a":"2.safetensors"}})", "expected tensor a in 2.safetensors");
}

TEST_F(Shards, StayInTheirFolder) {
  write_tensor(folder_ / "outside.safetensors", "a", {1});
  const std::string absolute = (folder_ / "outside.safetensors").string();
  for (const std::string& name : {std::string("../outside.safetensors"),
                                  absolute,
                                  std::string("./1.safetensors"),
                                  std::string("x\\\\1.safetensors"),
                                  std::string(".."),
                                  std::string("."),
                                  std::string(),
                                  std::string("1.safetensors\\u0000.png")}) {
    expect_bad(R"({"weight_map":{"a":")" + name + R"("}})", "the name of a file beside the index");
  }
}

TEST_F(Shards, AMalformedShardIsNamed) {
  std::ofstream(model_ / "1.safetensors") << "x";
  expect_error(ErrorCode::bad_checkpoint, "1.safetensors", [&] {
    open(R"({"weight_map":{"a":"1.safetensors"}})");
  });
}

}  // namespace
}  // namespace fastintent
