#include "backend_test.h"

namespace fastintent {
namespace {

// A normal row is of order one; mean, variance and the division cost a few roundings each.
constexpr double kForward = 5e-6;
// One over the deviation multiplies the gradient; rows of eight values can have a small one.
constexpr double kBackward = 2e-5;
// Sums of 257 rows of order one.
constexpr double kParameters = 2e-5;

constexpr int64_t kWidths[] = {1, 8, 12, 15, 30, 64, 384};
constexpr Dropout kDropouts[] = {{}, {0.1F, 0xfedcba9876543210ULL}};

class NormalizeTest : public BackendTest {
 protected:
  void check_add_and_normalize(int64_t T, int64_t H, Dropout dropout, Write write) {
    Random random(static_cast<uint32_t>(T + H));
    const Matrix in = random.matrix(T, H);
    const Matrix residual = random.matrix(T, H, 2);
    const Matrix scale = random.matrix(1, H);
    const Matrix shift = random.matrix(1, H);
    const Matrix d_out = random.matrix(T, H);
    const Matrix before = random.matrix(1, H);
    expect_agreement([&](Backend& backend) {
      const OnDevice in_there(backend, in);
      const OnDevice residual_there(backend, residual);
      const OnDevice scale_there(backend, scale);
      const OnDevice shift_there(backend, shift);
      const OnDevice d_out_there(backend, d_out);
      const OnDevice normal(backend, T, H);
      const OnDevice inverse_deviation(backend, 1, T);
      const OnDevice out(backend, T, H);
      const OnDevice out_alone(backend, T, H);
      const OnDevice d_in(backend, T, H);
      const OnDevice d_residual(backend, T, H);
      const OnDevice d_scale(backend, before);
      const OnDevice d_shift(backend, before);
      const LayerNorm layer_norm{scale_there.flat(), shift_there.flat(), 1e-6F};
      const NormalizedRows kept{normal, inverse_deviation.flat()};
      backend.add_and_normalize(in_there, residual_there, layer_norm, dropout, out_alone);
      backend.add_and_normalize(in_there, residual_there, layer_norm, dropout, out, kept);
      backend.add_and_normalize_backward(kept,
                                         scale_there.flat(),
                                         dropout,
                                         d_out_there,
                                         d_in,
                                         d_residual,
                                         {d_scale.flat(), d_shift.flat(), write});
      return std::vector<Result>{{"out", out.download(), kForward},
                                 {"out without keeping", out_alone.download(), kForward},
                                 {"normal", normal.download(), kForward},
                                 {"inverse_deviation", inverse_deviation.download(), kForward},
                                 {"d_in", d_in.download(), kBackward},
                                 {"d_residual", d_residual.download(), kBackward},
                                 {"d_scale", d_scale.download(), kParameters},
                                 {"d_shift", d_shift.download(), kParameters}};
    });
  }

  void check_embed(int64_t T, int64_t H, bool with_segments, Dropout dropout, Write write) {
    Random random(static_cast<uint32_t>(T * H));
    const int64_t vocabulary = 50;
    const int64_t position_count = 20;
    const Matrix word = random.matrix(vocabulary, H);
    const Matrix position = random.matrix(position_count, H);
    const Matrix segment = random.matrix(2, H);
    const Matrix scale = random.matrix(1, H);
    const Matrix shift = random.matrix(1, H);
    const Matrix d_out = random.matrix(T, H);
    const std::vector<int32_t> ids = random.integers(T, vocabulary);
    const std::vector<int32_t> positions = random.integers(T, position_count);
    const std::vector<int32_t> segments = random.integers(T, 2);
    const TokenInputs tokens{ids, with_segments ? segments : std::span<const int32_t>(), positions};
    const bool with_segment_table = with_segments || T % 2 == 0;
    expect_agreement([&](Backend& backend) {
      const OnDevice word_there(backend, word);
      const OnDevice position_there(backend, position);
      const OnDevice segment_there(backend, segment);
      const OnDevice scale_there(backend, scale);
      const OnDevice shift_there(backend, shift);
      const OnDevice d_out_there(backend, d_out);
      const OnDevice normal(backend, T, H);
      const OnDevice inverse_deviation(backend, 1, T);
      const OnDevice out(backend, T, H);
      const OnDevice d_rows(backend, T, H);
      const OnDevice d_position(backend, position);
      const OnDevice d_segment(backend, segment);
      const OnDevice d_scale(backend, scale);
      const OnDevice d_shift(backend, shift);
      const NormalizedRows kept{normal, inverse_deviation.flat()};
      backend.embed(tokens,
                    {word_there,
                     position_there,
                     with_segment_table ? ConstTensor(segment_there) : ConstTensor()},
                    {scale_there.flat(), shift_there.flat(), 1e-6F},
                    dropout,
                    out,
                    kept);
      backend.embed_backward(tokens,
                             kept,
                             scale_there.flat(),
                             dropout,
                             d_out_there,
                             {d_rows,
                              d_position,
                              with_segment_table ? Tensor(d_segment) : Tensor(),
                              {d_scale.flat(), d_shift.flat(), write}});
      return std::vector<Result>{{"out", out.download(), kForward},
                                 {"d_rows", d_rows.download(), kBackward},
                                 {"d_position", d_position.download(), kParameters},
                                 {"d_segment", d_segment.download(), kParameters},
                                 {"d_scale", d_scale.download(), kParameters},
                                 {"d_shift", d_shift.download(), kParameters}};
    });
  }
};

// The sum is stored and has a gradient of its own; without a residual it is the input.
TEST_P(NormalizeTest, StoresTheSum) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : {1, 12, 30, 64}) {
      Random random(static_cast<uint32_t>(T + H));
      const Matrix in = random.matrix(T, H);
      const Matrix residual = random.matrix(T, H, 2);
      const Matrix scale = random.matrix(1, H);
      const Matrix d_out = random.matrix(T, H);
      const Matrix d_sum = random.matrix(T, H);
      for (const bool adds : {true, false}) {
        expect_agreement([&](Backend& backend) {
          const OnDevice in_there(backend, in);
          const OnDevice sum(backend, residual);
          const OnDevice scale_there(backend, scale);
          const OnDevice d_residual(backend, d_sum);
          const OnDevice normal(backend, T, H);
          const OnDevice inverse_deviation(backend, 1, T);
          const OnDevice out(backend, T, H);
          const OnDevice d_in(backend, d_out);
          const OnDevice d_scale(backend, 1, H);
          const LayerNorm layer_norm{scale_there.flat(), {}, 1e-6F};
          const NormalizedRows kept{normal, inverse_deviation.flat()};
          const ConstTensor added = adds ? ConstTensor(sum) : ConstTensor();
          backend.add_and_normalize(in_there, added, layer_norm, kDropouts[1], out, kept, sum);
          backend.add_and_normalize_backward(kept,
                                             scale_there.flat(),
                                             kDropouts[1],
                                             d_in,
                                             d_in,
                                             d_residual,
                                             {d_scale.flat(), {}, Write::overwrite},
                                             d_residual);
          return std::vector<Result>{{"out", out.download(), kForward},
                                     {"sum", sum.download(), kForward},
                                     {"d_in", d_in.download(), kBackward},
                                     {"d_residual", d_residual.download(), kBackward},
                                     {"d_scale", d_scale.download(), kParameters}};
        });
      }
    }
  }
}

TEST_P(NormalizeTest, AddAndNormalizeAgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : kWidths) {
      for (const Dropout dropout : kDropouts) {
        for (const Write write : kWrites) {
          check_add_and_normalize(T, H, dropout, write);
        }
      }
    }
  }
}

TEST_P(NormalizeTest, EmbedAgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : kWidths) {
      for (const Dropout dropout : kDropouts) {
        for (const Write write : kWrites) {
          check_embed(T, H, /*with_segments=*/false, dropout, write);
          check_embed(T, H, /*with_segments=*/true, dropout, write);
        }
      }
    }
  }
}

// Wider than one team of threads, or a register file, handles in one piece.
TEST_P(NormalizeTest, WideRows) {
  for (const int64_t H : {768, 1000, 1024, 1100, 1101}) {
    check_add_and_normalize(10, H, kDropouts[1], Write::accumulate);
    check_embed(9, H, /*with_segments=*/true, kDropouts[1], Write::accumulate);
  }
}

// More than a device has teams of threads, so that some sum the gradients of several rows.
TEST_P(NormalizeTest, ManyRows) {
  check_add_and_normalize(2100, 12, kDropouts[1], Write::overwrite);
}

// Rows further apart than they are wide, and not aligned for vector loads.
TEST_P(NormalizeTest, ColumnSlices) {
  constexpr int64_t T = 17;
  for (const int64_t H : {15, 30, 64}) {
    for (const int64_t first : {1, 4}) {
      Random random(static_cast<uint32_t>(H + first));
      const Matrix in = random.matrix(T, H + 5);
      const Matrix d_out = random.matrix(T, H + 8);
      const Matrix scale = random.matrix(1, H);
      expect_agreement([&](Backend& backend) {
        const OnDevice in_there(backend, in);
        const OnDevice d_out_there(backend, d_out);
        const OnDevice scale_there(backend, scale);
        const OnDevice normal(backend, T, H);
        const OnDevice inverse_deviation(backend, 1, T);
        // The rest of the slices is unchanged.
        const OnDevice out(backend, in);
        const OnDevice d_in(backend, d_out);
        const OnDevice d_scale(backend, 1, H);
        const OnDevice d_shift(backend, 1, H);
        const NormalizedRows kept{normal, inverse_deviation.flat()};
        backend.add_and_normalize(Tensor(in_there).column_slice(first, H),
                                  Tensor(d_out_there).column_slice(first, H),
                                  {scale_there.flat(), scale_there.flat(), 1e-6F},
                                  kDropouts[1],
                                  Tensor(out).column_slice(first, H),
                                  kept);
        backend.add_and_normalize_backward(kept,
                                           scale_there.flat(),
                                           {},
                                           Tensor(d_out_there).column_slice(first, H),
                                           Tensor(d_in).column_slice(first, H),
                                           Tensor(d_in).column_slice(first, H),
                                           {d_scale.flat(), d_shift.flat(), Write::overwrite});
        return std::vector<Result>{{"out", out.download(), kForward},
                                   {"d_in", d_in.download(), kBackward},
                                   {"d_scale", d_scale.download(), kParameters},
                                   {"d_shift", d_shift.download(), kParameters}};
      });
    }
  }
}

TEST_P(NormalizeTest, WorksInPlace) {
  Random random;
  const Matrix in = random.matrix(17, 30);
  const Matrix residual = random.matrix(17, 30);
  const Matrix scale = random.matrix(1, 30);
  expect_agreement([&](Backend& backend) {
    const OnDevice in_there(backend, in);
    const OnDevice residual_there(backend, residual);
    const OnDevice scale_there(backend, scale);
    const OnDevice normal(backend, 17, 30);
    const OnDevice inverse_deviation(backend, 1, 17);
    const OnDevice both(backend, in);
    const OnDevice d_in(backend, in);
    const OnDevice d_residual(backend, 17, 30);
    const OnDevice d_scale(backend, 1, 30);
    const OnDevice d_shift(backend, 1, 30);
    const LayerNorm layer_norm{scale_there.flat(), scale_there.flat(), 1e-12F};
    const NormalizedRows kept{normal, inverse_deviation.flat()};
    const Dropout dropout{0.25F, 5};
    // Each call's result overwrites one of its arguments.
    backend.add_and_normalize(in_there, residual_there, layer_norm, dropout, in_there, kept);
    backend.add_and_normalize(in_there, residual_there, layer_norm, dropout, residual_there);
    backend.add_and_normalize_backward(kept,
                                       scale_there.flat(),
                                       {},
                                       both,
                                       both,
                                       both,
                                       {d_scale.flat(), d_shift.flat(), Write::overwrite});
    backend.add_and_normalize_backward(kept,
                                       scale_there.flat(),
                                       dropout,
                                       d_in,
                                       d_in,
                                       d_residual,
                                       {d_scale.flat(), d_shift.flat(), Write::overwrite});
    return std::vector<Result>{{"out in in", in_there.download(), kForward},
                               {"out in residual", residual_there.download(), 4 * kForward},
                               {"d_in = d_residual = d_out", both.download(), kBackward},
                               {"d_in = d_out", d_in.download(), kBackward}};
  });
}

// A row of equal values has no variance: epsilon alone keeps it finite.
TEST_P(NormalizeTest, ConstantRow) {
  const Matrix in(3, 64, 2.5F);
  const Matrix zeros(3, 64);
  const Matrix ones(1, 64, 1);
  expect_agreement([&](Backend& backend) {
    const OnDevice scale(backend, ones);
    const OnDevice out(backend, 3, 64);
    backend.add_and_normalize(OnDevice(backend, in),
                              OnDevice(backend, zeros),
                              {scale.flat(), scale.flat(), 1e-12F},
                              {},
                              out);
    return std::vector<Result>{{"out", out.download(), kForward}};
  });
}

TEST_P(NormalizeTest, AddRowsAgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : kWidths) {
      for (const int64_t slot_count : {1, 7, 300}) {
        Random random(static_cast<uint32_t>(T + H + slot_count));
        const Matrix d_rows = random.matrix(T, H);
        const Matrix table = random.matrix(slot_count, H);
        const std::vector<int32_t> slots = random.integers(T, slot_count);
        expect_agreement([&](Backend& backend) {
          const OnDevice d_table(backend, table);
          backend.add_rows(OnDevice(backend, d_rows), slots, d_table);
          // Up to 257 rows may share a slot.
          return std::vector<Result>{{"d_table", d_table.download(), kParameters}};
        });
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         NormalizeTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
