// Loads and stores that end at a row's end, whatever its width. Compiled once for each instruction
// set: Highway's guard includes the file again after each change of target.
#if defined(FASTINTENT_CPU_KERNELS_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_VECTORS_INL_H_
#undef FASTINTENT_CPU_KERNELS_VECTORS_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_VECTORS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

HWY_INLINE int64_t lanes_of(FloatTag d) {
  return static_cast<int64_t>(hn::Lanes(d));
}

// Loads the first `count` floats from p, and zeros in the other lanes. Before AVX2, Highway's
// masked loads may touch memory past the row, so there a row's end goes through the stack.
HWY_INLINE FloatVector load_some(FloatTag d, const float* p, int64_t count) {
  if (HWY_LIKELY(count >= lanes_of(d))) {
    return hn::LoadU(d, p);
  }
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, p);
#else
  HWY_ALIGN float lanes[hn::MaxLanes(d)] = {};
  std::copy_n(p, count, lanes);
  return hn::Load(d, lanes);
#endif
}

HWY_INLINE void store_some(FloatVector v, FloatTag d, float* p, int64_t count) {
  if (HWY_LIKELY(count >= lanes_of(d))) {
    hn::StoreU(v, d, p);
  } else {
    HWY_ALIGN float lanes[hn::MaxLanes(d)];
    hn::Store(v, d, lanes);
    std::copy_n(lanes, count, p);
  }
}

// v with zeros in the lanes from `count` on.
HWY_INLINE FloatVector keep_first(FloatTag d, FloatVector v, int64_t count) {
  if (HWY_LIKELY(count >= lanes_of(d))) {
    return v;
  }
  return hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(count)), v);
}

HWY_INLINE float sum_of_lanes(FloatTag d, FloatVector v) {
  return hn::GetLane(hn::SumOfLanes(d, v));
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
