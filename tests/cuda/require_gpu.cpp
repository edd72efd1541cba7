#include <gtest/gtest.h>

#include "devices/create_backend.h"
#include "fastintent/error.h"

// Linked into the tests that need a GPU, in a build with CUDA: where there is none they are
// skipped, with the line that tells so.
namespace fastintent {
namespace {

class RequireGpu final : public testing::Environment {
 public:
  void SetUp() override {
    try {
      create_backend(Device::cuda);
    } catch (const Error& missing) {
      GTEST_SKIP() << "no tests on cuda: " << missing.what();
    }
  }
};

// GoogleTest owns it.
[[maybe_unused]] const testing::Environment* const kRequireGpu =
    testing::AddGlobalTestEnvironment(new RequireGpu);

}  // namespace
}  // namespace fastintent
