#include "compute/buffer.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

Tensor Buffer::tensor(int64_t rows, int64_t columns) const {
  // Divide instead of multiplying, so that no product can overflow.
  const bool fits =
      rows >= 0 && columns >= 0 &&
      (rows == 0 || columns == 0 || (rows <= size_ && round_up_to_tile(rows) <= size_ / columns));
  if (!fits) {
    throw Error(ErrorCode::out_of_resources,
                fmt::format("buffer: expected room for [{},{}] in whole tiles of {} rows, found "
                            "{} floats",
                            rows,
                            columns,
                            kRowTile,
                            size_));
  }
  return {data(), rows, columns};
}

}  // namespace fastintent
