#pragma once

#include <span>

#include "compute/backend.h"
#include "cpu/factor.h"
#include "cpu/panel_weight.h"

namespace fastintent::cpu {

/// Applied to a product before it is stored: activation(product + bias) + residual.
struct Epilogue {
  std::span<const float> bias;  ///< [N] or empty
  Activation activation = Activation::none;
  ConstTensor residual;  ///< [T,N] or empty
};

/// Panels [begin, end) of a weight.
struct PanelRange {
  int64_t begin = 0;
  int64_t end = 0;
};

/// out [T,N] = epilogue(in · weightᵀ), only the columns of `panels`.   in [T,K] in the weight's
/// element. A row's result has the same bits for every T and every split into ranges of panels.
void multiply(const Factor& in,
              const PanelWeight& weight,
              PanelRange panels,
              const Epilogue& epilogue,
              Tensor out);

}  // namespace fastintent::cpu
