#include <cstring>

#include "backend_test.h"

// A weight that was stored and restored multiplies like the one that was packed here.
namespace fastintent {
namespace {

struct Shape {
  int64_t N;
  int64_t K;
};

// Stored bytes as a mapped file has them: aligned, in separate memory.
class StoredBytes {
 public:
  StoredBytes(const PackedBytes& packed, int64_t shift = 0)
      : layout_(packed.layout),
        words_(packed.bytes.size() / sizeof(uint32_t) + 1),
        start_(reinterpret_cast<std::byte*>(words_.data()) + shift),
        size_(packed.bytes.size()) {
    std::memcpy(start_, packed.bytes.data(), size_);
  }
  PackedBytes packed() const { return {layout_, {start_, size_}}; }

 private:
  std::string layout_;
  std::vector<uint32_t> words_;
  std::byte* start_;
  size_t size_;
};

class PackedWeight : public testing::TestWithParam<Precision> {
 protected:
  std::unique_ptr<Backend> backend_ = create_backend(Device::cpu);
  Random random_;

  std::unique_ptr<PreparedWeight> prepare(Shape shape) {
    return backend_->prepare_weight(
        random_.matrix(shape.N, shape.K).tensor(), GetParam(), WeightUse::inference);
  }
  std::unique_ptr<PreparedWeight> adopt(const PackedBytes& packed, Shape shape) {
    return backend_->adopt_weight(packed, shape.N, shape.K, GetParam());
  }
  Matrix product(const Matrix& in, const PreparedWeight& weight) {
    const OnDevice rows(*backend_, in);
    const OnDevice out(*backend_, in.rows, weight.rows());
    backend_->linear(rows, weight, {}, Activation::none, out);
    return out.download();
  }
};

TEST_P(PackedWeight, MultipliesAsBefore) {
  for (const Shape shape : {Shape{1, 1}, {64, 64}, {65, 31}, {130, 384}}) {
    const auto weight = prepare(shape);
    EXPECT_EQ(weight->packed().layout, backend_->traits().packed_layout(GetParam()));
    const StoredBytes stored(weight->packed());
    const auto adopted = adopt(stored.packed(), shape);
    EXPECT_EQ(adopted->rows(), shape.N);
    EXPECT_EQ(adopted->columns(), shape.K);
    EXPECT_EQ(adopted->packed().bytes.data(), stored.packed().bytes.data()) << "copied";
    const Matrix in = random_.matrix(7, shape.K);
    EXPECT_EQ(product(in, *adopted).values, product(in, *weight).values);
  }
}

TEST_P(PackedWeight, BytesThatAreNotItsAreRefused) {
  const Shape shape{65, 31};
  const auto weight = prepare(shape);
  const PackedBytes packed = weight->packed();
  const auto expect_error = [](ErrorCode code, const auto& call) {
    try {
      call();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
    }
  };
  expect_error(ErrorCode::invalid_argument, [&] { adopt({"other", packed.bytes}, shape); });
  expect_error(ErrorCode::invalid_argument, [&] { adopt(packed, {0, 31}); });
  expect_error(ErrorCode::bad_checkpoint,
               [&] { adopt({packed.layout, packed.bytes.first(packed.bytes.size() - 4)}, shape); });
  expect_error(ErrorCode::bad_checkpoint, [&] { adopt(packed, {129, 31}); });
  const StoredBytes shifted(packed, 1);
  expect_error(ErrorCode::bad_checkpoint, [&] { adopt(shifted.packed(), shape); });
}

std::string name_of(const testing::TestParamInfo<Precision>& info) {
  return std::string(precision_name(info.param));
}

INSTANTIATE_TEST_SUITE_P(Precisions,
                         PackedWeight,
                         testing::Values(Precision::fp32, Precision::bf16, Precision::int8),
                         name_of);

TEST(PackedWeights, OneForTrainingHasNoBytes) {
  const auto backend = create_backend(Device::cpu);
  const Matrix matrix(4, 4);
  const auto weight =
      backend->prepare_weight(matrix.tensor(), Precision::fp32, WeightUse::training);
  EXPECT_TRUE(weight->packed().bytes.empty());
}

class UnpackedWeight : public testing::TestWithParam<Device> {};

TEST_P(UnpackedWeight, IsNotStored) {
  const auto backend = create_backend(GetParam());
  const Matrix matrix(4, 4);
  const auto weight =
      backend->prepare_weight(matrix.tensor(), Precision::fp32, WeightUse::inference);
  EXPECT_TRUE(weight->packed().bytes.empty());
  EXPECT_EQ(backend->traits().packed_layout(Precision::fp32), "");
  EXPECT_THROW(backend->adopt_weight({"", {}}, 1, 1, Precision::fp32), Error);
}

// The CPU alone stores weights.
std::vector<Device> other_devices() {
  std::vector<Device> devices = devices_under_test();
  devices.front() = Device::reference;
  return devices;
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         UnpackedWeight,
                         testing::ValuesIn(other_devices()),
                         [](const testing::TestParamInfo<Device>& device) {
                           return device.param == Device::reference ? "reference" : "cuda";
                         });

}  // namespace
}  // namespace fastintent
