#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fastintent {

/// A member of a JSON object.
struct JsonMember {
  std::string type;        ///< "string", "number", "object" and so on; empty: it is absent
  bool has_value = false;  ///< true for a string and an integer
  std::string value;       ///< the string, or the integer's digits
};

/// What one line of a JSON-lines file has.
struct JsonLine {
  std::string problem;            ///< what it is instead of a JSON object; empty: nothing
  JsonMember text;                ///< the member with the first of the names for texts
  JsonMember label;               ///< the member with the first of the names for labels
  std::vector<std::string> keys;  ///< of all members, the first ones
};

/// Reads the members with the first of `text_names` and of `label_names` that the object in `line`
/// has; of a repeated key the last. All else is checked and forgotten, so that a line costs no more
/// than a few times its size, whatever it has.
JsonLine read_json_line(std::string_view line,
                        const std::vector<std::string>& text_names,
                        const std::vector<std::string>& label_names);

/// `line` with what JSON does not allow, but lines of other programs have, made valid: U+FFFD for
/// bytes that are not UTF-8 and for each lone half of a surrogate pair ("\ud83d", where a program cut
/// a text within an emoji), an escape for a zero byte, null for NaN and Infinity, as Python writes
/// them.
std::string repaired_json_line(std::string_view line);

}  // namespace fastintent
