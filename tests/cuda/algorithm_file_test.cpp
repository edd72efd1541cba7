#include "cuda/algorithm_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/temporary_folder.h"

namespace fastintent::cuda {
namespace {

using Algorithms = std::map<std::string, Algorithm>;

const Algorithm kFirst{{1, 2, 3, 4, 5, 6, 7, UINT64_MAX}};
const Algorithm kSecond{{uint64_t{1} << 63}};

TEST(AlgorithmFileTest, EveryBitComesBack) {
  const TemporaryFolder folder;
  const Algorithms written{{"first", kFirst}, {"second \"of\" two", kSecond}};
  add_algorithms(folder / "file.json", written);
  EXPECT_EQ(read_algorithms(folder / "file.json"), written);
}

TEST(AlgorithmFileTest, KeepsWhatAnotherProcessAdded) {
  const TemporaryFolder folder;
  add_algorithms(folder / "file.json", {{"theirs", kFirst}, {"both", kFirst}});
  add_algorithms(folder / "file.json", {{"ours", kSecond}, {"both", kSecond}});
  EXPECT_EQ(read_algorithms(folder / "file.json"),
            (Algorithms{{"theirs", kFirst}, {"ours", kSecond}, {"both", kSecond}}));
}

TEST(AlgorithmFileTest, WhatIsDamagedOrForeignIsReplaced) {
  const TemporaryFolder folder;
  add_algorithms(folder / "file.json", {{"name", kFirst}});
  const std::string whole = read_whole(folder / "file.json");
  std::string with_a_letter = whole;
  with_a_letter[whole.find("00000001")] = 'x';
  for (const std::string& content : {std::string(),
                                     whole.substr(0, whole.size() / 2),
                                     with_a_letter,
                                     std::string("[1, 2]"),
                                     std::string("{\"format\": 99, \"algorithms\": {}}"),
                                     std::string("{\"format\": 1, \"algorithms\": {\"a\": [1]}}"),
                                     std::string("{\"format\": 1}")}) {
    const auto file = folder.write("damaged.json", content);
    EXPECT_TRUE(read_algorithms(file).empty()) << content;
    add_algorithms(file, {{"name", kSecond}});
    EXPECT_EQ(read_algorithms(file), (Algorithms{{"name", kSecond}})) << content;
  }
}

TEST(AlgorithmFileTest, AMissingFileIsEmpty) {
  EXPECT_TRUE(read_algorithms("/nowhere/file.json").empty());
}

TEST(AlgorithmFileTest, LiesInTheUsersCache) {
  const DeviceFacts device{"NVIDIA H100 80GB/HBM3", "13.0", 9, 0, 132};
  const std::string name = "fastintent/autotune/NVIDIA_H100_80GB_HBM3-13.0-130001.json";
  ::setenv("HOME", "/home/someone", 1);
  ::setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(algorithm_file(device, 130001), "/caches/" + name);
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(algorithm_file(device, 130001), "/home/someone/.cache/" + name);
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(algorithm_file(device, 130001), "/home/someone/.cache/" + name);
  ::unsetenv("HOME");
  EXPECT_EQ(algorithm_file(device, 130001), "");
}

}  // namespace
}  // namespace fastintent::cuda
