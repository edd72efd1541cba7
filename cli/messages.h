#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace fastintent::cli {

/// Prints one line to standard error. Allocates nothing, since the message may be that memory ran
/// out. A closed or full standard error is ignored.
void print_message(std::string_view message);

/// As above, formatted.
template <typename... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  print_message(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// "1 text", "2 texts".
std::string counted(int64_t count, std::string_view noun);

/// `arguments` quoted as for a shell.
std::string shell_quoted(const std::vector<std::string>& arguments);

}  // namespace fastintent::cli
