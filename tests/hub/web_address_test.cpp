#include "hub/web_address.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

TEST(SplitCredentials, TakesThemOutOfTheAddress) {
  const WebAddress address = split_credentials("https://some%40one:p%3Aa@ss@host:8443/models");
  EXPECT_EQ(address.url, "https://host:8443/models");
  EXPECT_EQ(address.user, "some@one");
  EXPECT_EQ(address.password, "p:a@ss");
  EXPECT_EQ(split_credentials("https://user@host").user, "user");
  EXPECT_EQ(split_credentials("https://user:100%@host").password, "100%");
  for (const char* plain : {"https://host", "https://host/a@b", "https://host/?a@b"}) {
    EXPECT_EQ(split_credentials(plain).url, plain);
    EXPECT_EQ(split_credentials(plain).user, "");
  }
}

TEST(OriginOf, IsOneForEveryWayToWriteIt) {
  const std::string origin = origin_of("https://huggingface.co");
  for (const char* same : {"HTTPS://HuggingFace.co/path",
                           "https://huggingface.co:443/",
                           "https://user:password@huggingface.co?query",
                           "https://huggingface.co:#part"}) {
    EXPECT_EQ(origin_of(same), origin) << same;
  }
  for (const char* other : {"http://huggingface.co",
                            "https://huggingface.co:444",
                            "https://huggingface.co.evil.org",
                            "https://huggingface.co@evil.org",
                            "https://evil.org/huggingface.co"}) {
    EXPECT_NE(origin_of(other), origin) << other;
  }
  EXPECT_EQ(origin_of("http://[::1]/a"), origin_of("http://[::1]:80/b"));
  EXPECT_NE(origin_of("http://[::1]"), origin_of("http://[::2]"));
}

TEST(IsDowngrade, IsFromEncryptionToNone) {
  EXPECT_TRUE(is_downgrade("https://host", "http://host"));
  EXPECT_TRUE(is_downgrade("HTTPS://host", "file:///etc/passwd"));
  EXPECT_FALSE(is_downgrade("https://host", "HTTPS://other"));
  EXPECT_FALSE(is_downgrade("http://host", "https://host"));
  EXPECT_FALSE(is_downgrade("http://host", "http://other"));
}

TEST(WithoutSecrets, KeepsThePlace) {
  for (const auto& [text, shown] : std::map<std::string, std::string>{
           {"", ""},
           {"no  address here", "no  address here"},
           {"tester/tiny-bert@v1", "tester/tiny-bert@v1"},
           {"https://host/a/b", "https://host/a/b"},
           {"(https://user:pass@host/a)", "(https://host/a)"},
           {"'user:pass@host:80': bad", "'host:80': bad"},
           {"at https://user@host:80 and x", "at https://host:80 and x"},
           {"http://user:pa/ss@host/a", "http://host/a"},
           {"http://user:p@s@host/a", "http://host/a"},
           {"https://host/a?X-Amz-Signature=abc", "https://host/a"},
           {"https://host/a#part", "https://host/a"},
           {"what?", "what?"}}) {
    EXPECT_EQ(without_secrets(text), shown) << text;
  }
}

}  // namespace
}  // namespace fastintent
