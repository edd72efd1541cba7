#include "model/family.h"

namespace fastintent {

bool Family::is_in_encoder(std::string_view head_tensor) const {
  const std::string_view pooler = encoder.pooler;
  return !pooler.empty() && head_tensor.starts_with(pooler) &&
         head_tensor.substr(pooler.size()).starts_with('.');
}

}  // namespace fastintent
