#include "base/expect_error.h"
#include "hub/hub_client.h"

namespace fastintent {
namespace {

const std::string kCommit(40, 'a');

std::string answer(const std::string& siblings) {
  return R"({"sha":")" + kCommit + R"(","siblings":)" + siblings + "}";
}

TEST(ParseListing, CommitAndFiles) {
  const RepositoryListing listing = parse_listing(
      answer(R"([{"rfilename":"config.json"},{"rfilename":"1_Pooling/config.json","size":7}])"));
  EXPECT_EQ(listing.commit, kCommit);
  EXPECT_EQ(listing.files, (std::vector<std::string>{"config.json", "1_Pooling/config.json"}));
}

TEST(ParseListing, WhatIsNoListing) {
  for (const std::string& text : {std::string("[]"),
                                  std::string("7"),
                                  std::string("{}"),
                                  std::string(R"({"sha":"../..","siblings":[]})"),
                                  std::string(R"({"sha":7,"siblings":[]})"),
                                  answer("{}"),
                                  answer("null")}) {
    expect_error(ErrorCode::io_error, "siblings", [&] { parse_listing(text); });
  }
}

TEST(ParseListing, WhatIsNoJson) {
  for (const std::string& text : {std::string(), std::string("<html>"), answer("[[[[")}) {
    expect_error(ErrorCode::io_error, "expected valid JSON", [&] { parse_listing(text); });
  }
}

// A tree of such a depth cannot be copied by recursion.
TEST(ParseListing, DeepAnswers) {
  const std::string deep = std::string(2'000'000, '[') + std::string(2'000'000, ']');
  for (const std::string& text :
       {deep, answer(deep), answer(R"([{"rfilename":)" + deep + "}]"), R"({"sha":)" + deep + "}"}) {
    expect_error(ErrorCode::io_error, "nested values", [&] { parse_listing(text); });
  }
}

TEST(ParseListing, NamesThatLeadOutOfTheFolder) {
  for (const std::string name : {R"("/etc/passwd")",
                                 R"("../config.json")",
                                 R"("a/../../b")",
                                 R"("a/..")",
                                 R"("./a")",
                                 R"("a/")",
                                 R"("a\u0000b")",
                                 R"("a\u009b2Jb")",
                                 R"("a\u202eb")",
                                 R"("")",
                                 "7",
                                 "null",
                                 "{}"}) {
    expect_error(ErrorCode::io_error, "names of files", [&] {
      parse_listing(answer(R"([{"rfilename":"config.json"},{"rfilename":)" + name + "}]"));
    });
  }
}

}  // namespace
}  // namespace fastintent
