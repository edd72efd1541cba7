#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_abi.h"

namespace fastintent::python {

/// Where the texts are in the arrays of one schema: reads them as views, without copying. The array
/// is one of strings (utf8, large_utf8, string_view), a dictionary of these, or null; or a record
/// batch (a struct) with such a column.
///
/// Whatever an array says about itself is checked before it is used: a malformed one throws
/// invalid_data, and nothing outside the buffers that it describes is read. Their sizes are not part
/// of the interface and are believed.
class ArrowTexts {
 public:
  /// `column` is the name of the column in record batches. Throws invalid_argument when the schema
  /// has no such texts, invalid_data when it is malformed.
  ArrowTexts(const ArrowSchema& schema, std::string_view column);

  /// Appends the texts of `array`, which must outlive the views. The view of a null has a null
  /// pointer; that of an empty text has none.
  void append(const ArrowArray& array, std::vector<std::string_view>& texts) const;

  /// At least so many rows of `array` are null, as it says itself: others may be, too. Throws
  /// invalid_data when it is malformed.
  int64_t stated_nulls(const ArrowArray& array) const;

 private:
  std::string where_;                 // for messages
  std::optional<int64_t> child_;      // of a record batch: the column's index
  int64_t children_ = 0;              // of a record batch
  std::optional<char> index_format_;  // of a dictionary
  std::string strings_format_;        // of the texts, or of the dictionary's values
};

/// Texts, and the arrays that they are views of.
struct ArrowInput {
  std::vector<ArrowOwned<ArrowArray>> arrays;
  std::vector<std::string_view> texts;
};

/// The texts of one array. Throws as ArrowTexts, and invalid_argument before it reads an array with
/// more nulls than answers can have: an array of nulls needs no memory, but each answer does.
ArrowInput read_array(const ArrowSchema& schema,
                      ArrowOwned<ArrowArray> array,
                      std::string_view column);

/// The texts of all arrays of a stream. Throws as read_array, io_error with the message of a stream
/// that fails, and interrupted when `should_stop`, called after each array, returns true.
ArrowInput read_stream(ArrowOwned<ArrowArrayStream> stream,
                       std::string_view column,
                       const std::function<bool()>& should_stop);

}  // namespace fastintent::python
