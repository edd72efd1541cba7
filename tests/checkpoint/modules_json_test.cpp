#include "checkpoint/modules_json.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

using Texts = std::vector<std::string>;

// Each module as "type path".
Texts read(const std::string& content, Malformed malformed) {
  const TemporaryFolder folder;
  folder.write("modules.json", content);
  Texts texts;
  for (const ModuleEntry& module : read_modules_json(folder / "modules.json", malformed)) {
    texts.push_back(module.type + " " + module.path);
  }
  return texts;
}

void expect_bad(const std::string& content, const std::string& part) {
  for (const std::string& each : {part, std::string("modules.json: expected")}) {
    expect_error(ErrorCode::bad_checkpoint, each, [&] { read(content, Malformed::refused); });
  }
}

TEST(ModulesJson, IsReadInOrder) {
  const std::string content = R"([{"idx":0,"type":"m.B","path":""},{"type":"m.A","path":"1_A"}])";
  for (const Malformed malformed : {Malformed::refused, Malformed::ignored}) {
    EXPECT_EQ(read(content, malformed), (Texts{"m.B ", "m.A 1_A"}));
  }
}

TEST(ModulesJson, MalformedPartsAreRefused) {
  expect_bad("{}", "an array of modules, found object");
  expect_bad("[7]", "modules with \"type\" and \"path\", found 7");
  expect_bad(R"([{"type":"m.A"}])", "found {\"type\":\"m.A\"}");
  expect_bad(R"([{"type":1,"path":""}])", "found {\"path\":\"\",\"type\":1}");
  expect_error(ErrorCode::bad_checkpoint, "valid JSON", [] { read("[", Malformed::refused); });
  expect_error(
      ErrorCode::missing_input, "absent", [] { read_modules_json("absent", Malformed::refused); });
}

TEST(ModulesJson, MalformedPartsAreIgnored) {
  EXPECT_EQ(read(R"([7,{"type":"m.A"},{"type":1,"path":"x"}])", Malformed::ignored),
            (Texts{" ", "m.A ", " x"}));
  for (const char* content : {"", "[", "{}", "null"}) {
    EXPECT_EQ(read(content, Malformed::ignored), Texts{}) << content;
  }
  EXPECT_TRUE(read_modules_json("absent", Malformed::ignored).empty());
}

TEST(ModulesJson, NamesOfFolders) {
  for (const char* name : {"0_Transformer", "1_Pooling", "2_Dense", "12_Normalize"}) {
    EXPECT_TRUE(is_module_folder_name(name)) << name;
  }
  for (const char* name : {"",
                           "1",
                           "1_",
                           "_Pooling",
                           "Pooling",
                           "x1_Pooling",
                           "1-Pooling",
                           "1_Pooling/",
                           "2024_results"}) {
    EXPECT_FALSE(is_module_folder_name(name)) << name;
  }
}

}  // namespace
}  // namespace fastintent
