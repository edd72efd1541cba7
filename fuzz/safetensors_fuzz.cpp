#include <cstdint>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_files.h"
#include "folder.h"

// Reads a safetensors file and converts its tensors.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  fuzz::attempt([&] {
    const auto file = std::as_bytes(std::span(data, size));
    for (const StoredTensor& stored : parse_safetensors(file, size, "fuzz").tensors) {
      const bool matrix = stored.shape.size() == 2;
      if (stored.type == StoredType::other || (!matrix && stored.shape.size() != 1)) {
        continue;
      }
      const int64_t rows = matrix ? stored.shape[0] : 1;
      const int64_t columns = stored.shape.back();
      if (stored.size == 0) {
        continue;  // the other dimension may be any number
      }
      std::vector<float> values(static_cast<size_t>(rows * columns));
      convert_tensor(
          stored, file.subspan(stored.offset, stored.size), {values.data(), rows, columns});
    }
  });
  return 0;
}
