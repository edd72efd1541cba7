#include "train/fill_batch.h"

#include <algorithm>

namespace fastintent {
namespace {

int64_t divide_up(int64_t count, int64_t by) {
  return (count + by - 1) / by;
}

}  // namespace

void fill_batch(PackedBatch& batch, int64_t token_step, int64_t longest) {
  // Each filler has at least one token; together they can hold up to token_step - 1 more.
  const int64_t fillers = std::max<int64_t>(1, divide_up(token_step - 1, longest - 1));
  const int64_t total = divide_up(batch.tokens() + fillers, token_step) * token_step;
  const int64_t tokens = total - batch.tokens();
  const int32_t id = batch.ids.front();
  for (int64_t i = 0; i < fillers; ++i) {
    const int64_t length = tokens * (i + 1) / fillers - tokens * i / fillers;
    batch.append(std::vector<int32_t>(static_cast<size_t>(length), id));
  }
}

}  // namespace fastintent
