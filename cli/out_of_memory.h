#pragma once

namespace fastintent::cli {

/// Prints that memory ran out, and returns the exit code for it. Allocates nothing.
int report_out_of_memory();

}  // namespace fastintent::cli
