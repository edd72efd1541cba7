#include "backend_test.h"

namespace fastintent {
namespace {

// A mean of at most 100 values of order one.
constexpr double kMean = 2e-6;

class PoolTest : public BackendTest {};

TEST_P(PoolTest, AgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : {1, 8, 30, 384}) {
      for (const Pooling pooling : {Pooling::first_token, Pooling::mean}) {
        for (const Write write : kWrites) {
          Random random(static_cast<uint32_t>(T + H));
          const std::vector<int32_t> starts = random.starts(T, 1 + random.below(100));
          const auto S = static_cast<int64_t>(starts.size()) - 1;
          const Matrix hidden = random.matrix(T, H);
          const Matrix d_out = random.matrix(S, H);
          const Matrix before = random.matrix(T, H);
          expect_agreement([&](Backend& backend) {
            const OnDevice out(backend, S, H);
            const OnDevice d_hidden(backend, before);
            backend.pool(OnDevice(backend, hidden), starts, pooling, out);
            backend.pool_backward(OnDevice(backend, d_out), starts, pooling, write, d_hidden);
            return std::vector<Result>{{"out", out.download(), kMean},
                                       {"d_hidden", d_hidden.download(), kMean}};
          });
        }
      }
    }
  }
}

TEST_P(PoolTest, TakesAndWritesColumnSlices) {
  const std::vector<int32_t> starts{0, 5, 6, 17};
  for (const int64_t H : {3, 8}) {
    for (const Pooling pooling : {Pooling::first_token, Pooling::mean}) {
      for (const Write write : kWrites) {
        const Matrix tokens = Random().matrix(17, 2 * H);
        const Matrix sequences = Random(2).matrix(3, 2 * H);
        expect_agreement([&](Backend& backend) {
          const OnDevice hidden(backend, tokens);
          const OnDevice d_hidden(backend, tokens);
          const OnDevice out(backend, sequences);
          const Tensor out_slice = Tensor(out).column_slice(H, H);
          backend.pool(Tensor(hidden).column_slice(H, H), starts, pooling, out_slice);
          backend.pool_backward(
              out_slice, starts, pooling, write, Tensor(d_hidden).column_slice(H, H));
          return std::vector<Result>{{"out", out.download(), kMean},
                                     {"d_hidden", d_hidden.download(), kMean}};
        });
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, PoolTest, testing::ValuesIn(devices_under_test()), device_label);

}  // namespace
}  // namespace fastintent
