#include "hub/hub_name.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

TEST(HubName, NamesOfModels) {
  for (const std::string name : {"bert-base-uncased",
                                 "sentence-transformers/all-MiniLM-L6-v2",
                                 "a/b",
                                 "org_1/v1.5",
                                 "0/1"}) {
    const auto parsed = parse_hub_name(name);
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->repository, name);
    EXPECT_EQ(parsed->revision, "main");
  }
}

TEST(HubName, Revisions) {
  const auto parsed = parse_hub_name("org/name@refs/pr/1");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->repository, "org/name");
  EXPECT_EQ(parsed->revision, "refs/pr/1");
  for (const std::string revision : {"",
                                     "..",
                                     "../main",
                                     "a/../b",
                                     "/main",
                                     "main/",
                                     "a//b",
                                     ".a",
                                     "a/.b",
                                     "a b",
                                     "a@b",
                                     "a\nb"}) {
    EXPECT_FALSE(parse_hub_name("org/name@" + revision)) << revision;
  }
}

TEST(HubName, WhatIsNoName) {
  for (const std::string text :
       {"",   "/",  "a/",   "/a",   "a/b/c", "./a",     "../a", ".", "..",    "a..b", "a--b",
        "-a", "a-", ".a/b", "a/b.", "a b",   "a/b.git", "~/a",  "@", "@main", "a\\b", "ä/b"}) {
    EXPECT_FALSE(parse_hub_name(text)) << text;
  }
  EXPECT_TRUE(parse_hub_name(std::string(96, 'a')));
  EXPECT_FALSE(parse_hub_name(std::string(97, 'a')));
}

TEST(HubName, Commits) {
  EXPECT_TRUE(is_commit("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(is_commit("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit("main"));
}

}  // namespace
}  // namespace fastintent
