#include "compute/backend.h"

#include <fmt/format.h>

#include <new>

#include "base/checked_size.h"
#include "compute/shape_checks.h"
#include "fastintent/error.h"

// Memory and weights. The other operations are in backend_forward.cpp, backend_backward.cpp and
// backend_update.cpp.
namespace fastintent {
namespace {

constexpr uintptr_t kWordBytes = 4;  // packed weights are read in words of this size

}  // namespace

Buffer Backend::allocate(int64_t rows, int64_t columns) {
  if (rows < 0 || columns < 0) {
    fail_check("allocate", "a size of at least [0,0]", fmt::format("[{},{}]", rows, columns));
  }
  const bool countable = checked_sum(rows, kRowTile).has_value();
  const auto floats = checked_product(countable ? round_up_to_tile(rows) : -1, columns);
  if (floats && checked_product(*floats, sizeof(float))) {
    try {
      return do_allocate(*floats);
    } catch (const std::bad_alloc&) {
      // Reported below, like an overflowing size.
    }
  }
  throw Error(
      ErrorCode::out_of_resources,
      fmt::format("allocate: expected memory for [{},{}] floats, found too little", rows, columns));
}

void Backend::upload(ConstTensor host, Tensor out) {
  check_shape("upload", "host", host, kAnySize, kAnySize);
  check_shape("upload", "out", out, host.rows, host.columns);
  if (host.size() > 0) {
    do_upload(host, out);
  }
}

void Backend::download(ConstTensor in, Tensor host) {
  check_shape("download", "in", in, kAnySize, kAnySize);
  check_shape("download", "host", host, in.rows, in.columns);
  if (in.size() > 0) {
    do_download(in, host);
  }
}

void Backend::clear(Tensor out) {
  check_shape("clear", "out", out, kAnySize, kAnySize);
  if (out.size() > 0) {
    do_clear(out);
  }
}

std::unique_ptr<PreparedWeight> Backend::prepare_weight(ConstTensor weight,
                                                        Precision precision,
                                                        WeightUse use) {
  check_shape("prepare_weight", "weight", weight, kAnySize, kAnySize);
  if (weight.size() <= 0) {
    fail_check("prepare_weight",
               "weight with rows and columns",
               fmt::format("[{},{}]", weight.rows, weight.columns));
  }
  if (precision == Precision::automatic || !traits().multiplies(precision)) {
    fail_check("prepare_weight",
               fmt::format("a precision that {} multiplies in", name()),
               std::string(precision_name(precision)));
  }
  if (precision == Precision::int8 && use == WeightUse::training) {
    fail_check("prepare_weight", "another precision for training", "int8");
  }
  return do_prepare_weight(weight, precision, use);
}

std::unique_ptr<PreparedWeight> Backend::adopt_weight(const PackedBytes& packed,
                                                      int64_t output_width,
                                                      int64_t input_width,
                                                      Precision precision) {
  const std::string_view own = traits().packed_layout(precision);
  if (own.empty() || packed.layout != own) {
    fail_check("adopt_weight",
               fmt::format("the layout \"{}\" of {}", own, precision_name(precision)),
               fmt::format("\"{}\"", packed.layout));
  }
  if (output_width <= 0 || input_width <= 0) {
    fail_check("adopt_weight",
               "a weight with rows and columns",
               fmt::format("[{},{}]", output_width, input_width));
  }
  const int64_t bytes = packed_bytes(output_width, input_width, precision);
  const bool aligned = reinterpret_cast<uintptr_t>(packed.bytes.data()) % kWordBytes == 0;
  if (static_cast<int64_t>(packed.bytes.size()) != bytes || !aligned) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("adopt weight [{},{}]: expected {} bytes in {} at a multiple of {}, "
                            "found {}{}",
                            output_width,
                            input_width,
                            bytes,
                            own,
                            kWordBytes,
                            packed.bytes.size(),
                            aligned ? "" : " at another place"));
  }
  return do_adopt_weight(packed.bytes, output_width, input_width, precision);
}

std::unique_ptr<PreparedWeight> DeviceOperations::do_adopt_weight(
    std::span<const std::byte> /*bytes*/,
    int64_t /*output_width*/,
    int64_t /*input_width*/,
    Precision /*precision*/) {
  return nullptr;  // a device without a layout accepts no bytes
}

int64_t DeviceOperations::packed_bytes(int64_t /*output_width*/,
                                       int64_t /*input_width*/,
                                       Precision /*precision*/) const {
  return 0;
}

void Backend::refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) {
  if (first < 0 || count < 0 || first > weight.rows() - count) {
    fail_check("refresh_weight",
               fmt::format("rows from 0 to {}", weight.rows()),
               fmt::format("{} rows from {}", count, first));
  }
  if (count > 0) {
    do_refresh_weight(weight, first, count);
  }
}

}  // namespace fastintent
