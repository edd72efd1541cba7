#pragma once

#include "cuda/device_code.h"
#include "cuda/product.h"

namespace fastintent::cuda {

/// Calls run(Value{}) with the type in which factors are stored.
template <class Run>
void with_factor_type(Factors factors, const Run& run) {
  switch (factors) {
    case Factors::fp16:
      return run(Half{});
    case Factors::bf16:
      return run(Bfloat16{});
    case Factors::fp32:
    case Factors::tf32:
      return run(float{});
  }
}

}  // namespace fastintent::cuda
