#include "cpu/kernels/embed.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/embed.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/layer_norm-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

void embed_rows(const TokenInputs& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                Tensor out,
                const NormalizedRows& keep) {
  const FloatTag d;
  for (int64_t t = 0; t < out.rows; ++t) {
    const auto token = static_cast<size_t>(t);
    const float* word = tables.word.row(tokens.ids[token]);
    const float* position =
        tables.position.empty() ? nullptr : tables.position.row(tokens.positions[token]);
    const float* segment = nullptr;
    if (!tables.segment.empty()) {
      segment = tables.segment.row(tokens.segments.empty() ? 0 : tokens.segments[token]);
    }
    float* x = out.row(t);
    auto sum = hn::Zero(d);
    for (int64_t h = 0; h < out.columns; h += lanes_of(d)) {
      const int64_t count = out.columns - h;
      auto value = load_some(d, word + h, count);
      if (position != nullptr) {
        value = hn::Add(value, load_some(d, position + h, count));
      }
      if (segment != nullptr) {
        value = hn::Add(value, load_some(d, segment + h, count));
      }
      store_some(value, d, x + h, count);
      sum = hn::Add(sum, value);
    }
    normalize_row(d, sum, layer_norm, out, keep, t);
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(embed_rows);

void embed(const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           Tensor out,
           const NormalizedRows& keep) {
  HWY_DYNAMIC_DISPATCH(embed_rows)(tokens, tables, layer_norm, out, keep);
}

}  // namespace fastintent::cpu
#endif
