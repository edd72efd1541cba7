#include "train/data_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "base/expect_error.h"

namespace fastintent {
namespace {

// Leaves the process so many bytes of addresses more than it has, until the end.
class AddressLimit {
 public:
  explicit AddressLimit(int64_t more) {
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + more);
    EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  }
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressLimit(const AddressLimit&) = delete;
  AddressLimit& operator=(const AddressLimit&) = delete;

 private:
  rlimit before_{};
};

LabelledTexts rows(size_t count) {
  LabelledTexts data;
  data.texts.assign(count, "where is my card");
  data.labels.assign(count, "card");
  return data;
}

TEST(RequireDataMemory, RowsThatDoNotFitAreRefusedWithBothNumbers) {
  constexpr int64_t kMebibyte = int64_t{1} << 20;
  const LabelledTexts few = rows(100);
  const LabelledTexts many = rows(400'000);  // about 110 MB more
  require_data_memory(many, nullptr, 128);
  const AddressLimit limit(32 * kMebibyte);
  require_data_memory(few, &few, 128);
  const char* const numbers = "found 400100 rows that need 0.1 GB where 0.0 GB are free";
  expect_error(ErrorCode::out_of_resources, numbers, [&] { require_data_memory(few, &many, 128); });
  expect_error(ErrorCode::out_of_resources, numbers, [&] { require_data_memory(many, &few, 128); });
}

}  // namespace
}  // namespace fastintent
