#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace fastintent::cli {

/// The load that `bench --url` puts on a server.
struct LoadOptions {
  std::string url;  ///< "http://127.0.0.1:8080", with a path or without
  double rate = 0;  ///< requests a second; 0: each connection sends when it has its answer
  int connections = 32;
  double seconds = 10;
  std::string body;                  ///< a file with one body a line; empty: made-up texts
  std::vector<std::string> headers;  ///< "Name: value"
};

/// Adds --url and the group "Load". `options` must outlive `command`.
CLI::Option* add_load_options(CLI::App& command, LoadOptions& options);

}  // namespace fastintent::cli
