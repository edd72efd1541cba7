#include "base/json_tree.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

using nlohmann::json;

TEST(JsonTree, CopiesAndEditsADocument) {
  const json source = json::parse(R"({"a":{"b":[1,{"c":null}]},"d":[],"e":"x","f":2})");
  JsonTree tree(source);
  EXPECT_EQ(*tree, source);
  tree.renew("a") = 1;
  tree.renew("new") = json::array();
  tree.erase("d");
  tree.erase("absent");
  EXPECT_EQ(tree->dump(), R"({"a":1,"e":"x","f":2,"new":[]})");
  const JsonTree moved = std::move(tree);
  EXPECT_EQ(moved->size(), 4U);
}

}  // namespace
}  // namespace fastintent
