#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// Whether a person can be asked: standard input and standard error are a terminal.
bool is_conversation();

/// Prints `question` on standard error and returns the line that is typed; nothing at the end of
/// the input. Without a person at the terminal this reads standard input all the same.
std::optional<std::string> ask(std::string_view question);

}  // namespace fastintent::cli
