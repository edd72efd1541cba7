#include "checkpoint/shard_index.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

// tensor_files_test.cpp tests what is refused.
ShardIndex read(const std::string& content, Malformed malformed) {
  const TemporaryFolder folder;
  folder.write("index.json", content);
  return read_shard_index(folder / "index.json", malformed);
}

TEST(ShardIndex, NamesTheShardOfEachTensor) {
  for (const Malformed malformed : {Malformed::refused, Malformed::ignored}) {
    EXPECT_EQ(read(R"({"metadata":{},"weight_map":{"b":"1","a":"2"}})", malformed),
              (ShardIndex{{"a", "2"}, {"b", "1"}}));
  }
}

TEST(ShardIndex, MalformedPartsAreIgnored) {
  const std::string content = R"({"weight_map":{"a":"../1","b":7,"c":"2"}})";
  EXPECT_EQ(read(content, Malformed::ignored), (ShardIndex{{"a", "../1"}, {"c", "2"}}));
  expect_error(ErrorCode::bad_checkpoint, "tensor a", [&] { read(content, Malformed::refused); });
  for (const char* malformed : {"", "{", "[]", "{}", R"({"weight_map":[]})"}) {
    EXPECT_EQ(read(malformed, Malformed::ignored), ShardIndex{}) << malformed;
  }
  EXPECT_TRUE(read_shard_index("absent", Malformed::ignored).empty());
}

TEST(ShardIndex, NamesOfShards) {
  const auto is_shard = [](std::string_view name) {
    return is_shard_name(name, "model", ".safetensors");
  };
  EXPECT_TRUE(is_shard("model-00001-of-00002.safetensors"));
  EXPECT_TRUE(is_shard("model-1-of-2.safetensors"));
  for (const char* name : {"",
                           "model",
                           "model.safetensors",
                           "model-00001.safetensors",
                           "model-fp16.safetensors",
                           "model--of-2.safetensors",
                           "model-1-of-.safetensors",
                           "model-1-of-2-old.safetensors",
                           "model-1-of-2.safetensors.tmp",
                           "my-model-1-of-2.safetensors",
                           "pytorch_model-1-of-2.bin"}) {
    EXPECT_FALSE(is_shard(name)) << name;
  }
  EXPECT_TRUE(is_shard_name("pytorch_model-1-of-2.bin", "pytorch_model", ".bin"));
}

}  // namespace
}  // namespace fastintent
