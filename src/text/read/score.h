#pragma once

#include <string_view>

namespace fastintent {

/// The value that `tokenizers` reads from the digits of a JSON number: rounded twice, once as an
/// integer of all digits and once when the decimal point is put in. A path of a Unigram model wins
/// by a sum of scores, so even the last bit may decide.
double parse_score(std::string_view digits);

}  // namespace fastintent
