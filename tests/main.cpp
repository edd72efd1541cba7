#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

// Restricts the run to the tests of one source file, in addition to what --gtest_filter excludes; returns how many
// the file has. One program has the tests of a folder; ctest runs each file by itself.
int keep_tests_of(const std::string& file) {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  std::string others;
  int kept = 0;
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const testing::TestInfo& test = *suite.GetTestInfo(j);
      if (std::filesystem::path(test.file()).stem() == file) {
        ++kept;
      } else {
        others += std::string(":") + suite.name() + "." + test.name();
      }
    }
  }
  const std::string asked = testing::GTEST_FLAG(filter);
  const bool excludes = asked.find('-') != std::string::npos;
  testing::GTEST_FLAG(filter) = asked + (excludes ? "" : "-") + others;
  return kept;
}

}  // namespace

// Runs all tests of a folder, or those of the file named: model_tests encoder_test [--gtest_...].
int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  if (count > 1 && keep_tests_of(arguments[1]) == 0) {
    std::fprintf(stderr, "%s: expected a file with tests, found %s\n", arguments[0], arguments[1]);
    return 1;
  }
  return RUN_ALL_TESTS();
}
