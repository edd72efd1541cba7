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

}  // namespace
}  // namespace fastintent
