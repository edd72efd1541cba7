#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace fastintent::serve {

/// Adds the subcommand to which `fastintent bench --url` hands over: it measures a server that is
/// running. Sets `run` when it is the chosen one; `run` must outlive `program`.
void add_bench_command(CLI::App& program, std::function<int()>& run);

}  // namespace fastintent::serve
