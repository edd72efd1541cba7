#include <gtest/gtest.h>

#include <cstdlib>

#include "devices/create_backend.h"
#include "fastintent/error.h"

// Linked into the programs with tests that need a GPU, in a build with CUDA. Where there is none, those tests, which
// ctest runs with FASTINTENT_TEST_NEEDS_GPU, are skipped with a line that says so.
namespace fastintent {
namespace {

class RequireGpu final : public testing::Environment {
 public:
  void SetUp() override {
    if (std::getenv("FASTINTENT_TEST_NEEDS_GPU") == nullptr) {
      return;
    }
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
