#include "model/family.h"

namespace fastintent {

bool Family::is_in_encoder(std::string_view head_tensor) const {
  return head.dense_in_encoder && head_tensor.starts_with(head.dense) &&
         head_tensor.substr(head.dense.size()).starts_with('.');
}

}  // namespace fastintent
