#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fastintent/printable.h"

namespace fastintent::cli {

/// Prints lines to standard error. Allocates nothing, since the message may be that memory ran out.
/// A closed or full standard error is ignored. `message` goes to the terminal as it is: what is from
/// outside in it must be printable().
void print_message(std::string_view message);

/// A text as printable() returns it; any other value as it is.
template <typename Value>
decltype(auto) as_printable(Value&& value) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
    return printable(value);
  } else {
    return std::forward<Value>(value);
  }
}

/// As print_message, formatted; every argument is made printable.
template <typename... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  const fmt::string_view text = format;
  print_message(
      fmt::format(fmt::runtime(text), as_printable(std::forward<Arguments>(arguments))...));
}

/// "1 text", "2 texts".
std::string counted(int64_t count, std::string_view noun);

/// `arguments` quoted as for a shell, printable and not cut: to be pasted. What a terminal would obey,
/// or cannot show, is escaped as bash, zsh and ksh read it ($'\377').
std::string shell_quoted(const std::vector<std::string>& arguments);

}  // namespace fastintent::cli
