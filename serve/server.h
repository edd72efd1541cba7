#pragma once

#include "options.h"

namespace fastintent::serve {

/// Loads the models, serves until SIGTERM or SIGINT, and returns the exit code. Throws Error when it
/// cannot begin.
int run_server(const ServerOptions& options);

}  // namespace fastintent::serve
