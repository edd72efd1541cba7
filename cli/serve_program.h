#pragma once

#include <string>
#include <vector>

namespace fastintent::cli {

/// Whether `fastintent-serve` is installed beside this program.
bool has_serve_program();

/// Replaces this process by `fastintent-serve`, which is installed beside this program. It is a
/// program of its own because its libraries would cost every start of this one milliseconds.
///
/// Throws missing_input when it is not there and out_of_resources when it cannot be started.
[[noreturn]] void run_serve_program(const std::vector<std::string>& arguments);

}  // namespace fastintent::cli
