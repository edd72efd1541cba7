#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "fastintent/options.h"
#include "http_server.h"

namespace fastintent::serve {

/// A name for clients, and the folder of the model.
using NamedFolder = std::pair<std::string, std::string>;

/// What `fastintent serve` does.
struct ServerOptions {
  std::vector<NamedFolder> models;  ///< the first is the default
  ClassifierOptions classifier;     ///< of all models
  bool fastest = true;              ///< --precision auto
  HttpSettings http;
  bool insecure = false;                      ///< another address than this machine's without keys
  std::string api_key_file;                   ///< empty: no keys
  std::string cors_origin;                    ///< whose pages may read answers; empty: none
  std::string access_log;                     ///< a file, "off", or empty for standard error
  std::chrono::milliseconds timeout{30'000};  ///< of a request that names none
  std::chrono::milliseconds drain_wait{0};    ///< between SIGTERM and the end of accepting
  std::chrono::milliseconds drain{25'000};    ///< then requests in progress are ended
  bool watch = false;                         ///< load a model again when its folder changes
};

/// Adds the options of the server to `program`; `options` must outlive it.
void add_server_options(CLI::App& program, ServerOptions& options);

/// Fills in what the environment decides (the folders and ports of cloud platforms) and checks what
/// no single option can. Throws invalid_argument or missing_input.
void complete_options(ServerOptions& options);

}  // namespace fastintent::serve
