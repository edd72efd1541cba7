#include "cpu/onednn/library.h"

#include <oneapi/dnnl/dnnl.h>

#include <memory>
#include <mutex>
#include <string_view>

#include "base/fork.h"
#include "cpu/instruction_set.h"

namespace fastintent::cpu {
namespace {

// Before the first product: oneDNN chooses once.
void limit_instruction_set(const SharedLibrary& library) {
  const decltype(&::dnnl_set_max_cpu_isa) set_limit = library["dnnl_set_max_cpu_isa"];
  if (instruction_set() == "sse4") {
    set_limit(dnnl_cpu_isa_sse41);
  }
  if (instruction_set() == "avx2") {
    set_limit(dnnl_cpu_isa_avx2);
  }
}

std::atomic<const SharedLibrary*> loaded{nullptr};

const SharedLibrary& load() {
  static ForkSafeMutex& mutex = *new ForkSafeMutex;  // nobody forks while the library is loaded
  const std::lock_guard lock(mutex);
  if (loaded == nullptr) {
    // FASTINTENT_ONEDNN: "libdnnl.so.2", of the version that this was built against.
    auto library = std::make_unique<SharedLibrary>(
        FASTINTENT_ONEDNN, "matrix product", ErrorCode::device_missing);
    limit_instruction_set(*library);
    loaded = library.release();
  }
  return *loaded;
}

}  // namespace

const SharedLibrary& onednn() {
  const SharedLibrary* library = loaded.load(std::memory_order_acquire);
  return library != nullptr ? *library : load();
}

}  // namespace fastintent::cpu
