#include "cuda/workspace.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace fastintent::cuda {
namespace {

constexpr size_t kValues = 50;

std::vector<int32_t> array(int32_t first, size_t count = kValues) {
  std::vector<int32_t> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

class WorkspaceTest : public testing::Test {
 protected:
  const int32_t* on_device(const std::vector<int32_t>& values) {
    return workspace_.arrays.on_device(std::span<const int32_t>(values));
  }
  // The values that the device reads there when it reaches this work; valid after waiting for the
  // stream.
  void read_later(const int32_t* data, std::vector<int32_t>& found) {
    workspace_.stream.download(data, found.data(), found.size() * sizeof(int32_t));
  }
  std::vector<int32_t> read(const int32_t* data, size_t count = kValues) {
    std::vector<int32_t> found(count);
    read_later(data, found);
    workspace_.synchronize();
    return found;
  }

  Workspace workspace_{0};
};

TEST_F(WorkspaceTest, ArraysArriveAndTheHostMayChangeIts) {
  std::vector<int32_t> values = array(7);
  const int32_t* there = on_device(values);
  values.assign(kValues, 0);
  EXPECT_EQ(read(there), array(7));
}

TEST_F(WorkspaceTest, EqualArraysAreUploadedOnce) {
  const int32_t* first = on_device(array(1));
  EXPECT_EQ(on_device(array(1)), first) << "the content counts, not the address";
  EXPECT_NE(on_device(array(2)), first);
  EXPECT_NE(on_device(array(1, kValues - 1)), first) << "a part is another array";
  workspace_.synchronize();
  EXPECT_EQ(on_device(array(1)), first);
  EXPECT_EQ(read(first), array(1));
}

TEST_F(WorkspaceTest, NoValuesNeedNoMemory) {
  EXPECT_EQ(on_device({}), nullptr);
}

// More arrays than are kept, without a wait in between: the ones that are replaced were read
// before.
TEST_F(WorkspaceTest, ManyArraysWaitForTheDevice) {
  constexpr int32_t kArrays = 200;
  std::vector<std::vector<int32_t>> found(kArrays, std::vector<int32_t>(kValues));
  for (int32_t i = 0; i < kArrays; ++i) {
    read_later(on_device(array(i)), found[i]);
  }
  workspace_.synchronize();
  for (int32_t i = 0; i < kArrays; ++i) {
    EXPECT_EQ(found[i], array(i)) << i;
  }
}

TEST_F(WorkspaceTest, NineOthersLeaveAnArrayInPlace) {
  for (int32_t i = 0; i < 150; ++i) {
    on_device(array(1000 + i));
  }
  const int32_t* there = on_device(array(1));
  for (int32_t i = 0; i < 9; ++i) {
    on_device(array(2000 + i, kValues * 100));
  }
  EXPECT_EQ(read(there), array(1));
}

TEST_F(WorkspaceTest, SlotsGrow) {
  for (const size_t count : {1U, 10U, 1000U, 100000U, 5U}) {
    for (int32_t i = 0; i < 150; ++i) {
      on_device(array(i, count));
    }
    EXPECT_EQ(read(on_device(array(3, count)), count), array(3, count));
  }
}

TEST_F(WorkspaceTest, ScratchGrowsWhenWorkWithItIsDone) {
  const Stream& stream = workspace_.stream;
  auto* small = workspace_.scratch.of<int32_t>(kValues);
  const std::vector<int32_t> values = array(5);
  stream.upload(values.data(), small, kValues * sizeof(int32_t));
  std::vector<int32_t> found(kValues);
  read_later(small, found);
  auto* large = workspace_.scratch.of<int32_t>(100 * kValues);
  EXPECT_EQ(found, values);
  stream.clear(large, 100 * kValues * sizeof(int32_t));
  EXPECT_EQ(read(large + 99 * kValues), std::vector<int32_t>(kValues));
}

TEST_F(WorkspaceTest, ScratchStaysWhereItIsLargeEnough) {
  const auto* first = workspace_.scratch.of<int32_t>(100);
  EXPECT_EQ(workspace_.scratch.of<int32_t>(10), first);
  EXPECT_EQ(workspace_.scratch.of<int32_t>(100), first);
}

}  // namespace
}  // namespace fastintent::cuda
