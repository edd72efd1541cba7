#include "backend_test.h"
#include "compute/activations.h"

// The gate of a feed-forward.
namespace fastintent {
namespace {

// A few roundings of an activation, its slope and a product of values of order one.
constexpr double kTolerance = 3e-6;

class GateTest : public BackendTest {};

TEST_P(GateTest, AgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t I : {1, 7, 15, 16, 40}) {
      for (const Activation activation : kActivations) {
        Random random(static_cast<uint32_t>(T + I));
        const Matrix in = random.matrix(T, 2 * I, 3);
        const Matrix d_out = random.matrix(T, I);
        expect_agreement([&](Backend& backend) {
          const OnDevice in_there(backend, in);
          const OnDevice d_out_there(backend, d_out);
          const OnDevice out(backend, T, I);
          const OnDevice d_in(backend, T, 2 * I);
          backend.gate(in_there, activation, out);
          backend.gate_backward(in_there, activation, d_out_there, d_in);
          return std::vector<Result>{{"out", out.download(), kTolerance},
                                     {"d_in", d_in.download(), kTolerance}};
        });
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, GateTest, testing::ValuesIn(devices_under_test()), device_label);

}  // namespace
}  // namespace fastintent
