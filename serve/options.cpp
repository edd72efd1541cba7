#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "choices.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "systemd.h"

namespace fastintent::serve {
namespace {

constexpr size_t kMostNameBytes = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

// "NAME=DIR", or "DIR" for a model with the name of its folder.
NamedFolder named_folder(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals != std::string::npos && is_name(std::string_view(argument).substr(0, equals))) {
    return {argument.substr(0, equals), argument.substr(equals + 1)};
  }
  std::string name = std::filesystem::absolute(argument).lexically_normal().filename().string();
  if (name.empty()) {  // the folder was named with a slash at its end
    name = std::filesystem::absolute(argument).lexically_normal().parent_path().filename().string();
  }
  return {is_name(name) ? name : "intents", argument};
}

bool is_this_machine(const std::string& address) {
  return address.empty() || address == "localhost" || address == "::1" ||
         address.starts_with("127.");
}

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

void add_seconds(CLI::App& program,
                 const std::string& flag,
                 std::chrono::milliseconds& value,
                 const std::string& description) {
  program
      .add_option_function<double>(
          flag, [&value](double seconds) { value = milliseconds_of(seconds); }, description)
      ->type_name("SECONDS")
      ->default_str(fmt::format("{:g}", static_cast<double>(value.count()) / 1000))
      ->check(cli::between(0, 86'400))
      ->group("Limits");
}

void add_model_options(CLI::App& program, ServerOptions& options) {
  program
      .add_option_function<std::vector<std::string>>(
          "--model",
          [&options](const std::vector<std::string>& arguments) {
            options.models.clear();
            std::ranges::transform(arguments, std::back_inserter(options.models), named_folder);
          },
          "trained folder and its name for clients (default: the folder's); repeat it for more "
          "models, of which the first is the default")
      ->type_name("[NAME=]DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  program.add_flag("--watch", options.watch, "load a model again when its folder is replaced");
  cli::add_choice(
      program,
      "--precision",
      options.classifier.precision,
      cli::kPrecisions,
      "of the matrix products; auto is the fastest on this device that keeps the labels")
      ->each([&options](const std::string& name) { options.fastest = name == "auto"; })
      ->group("Running");
  program
      .add_option("--max-length",
                  options.classifier.max_length,
                  "tokens a text, special ones included; 0: what training used")
      ->type_name("N")
      ->capture_default_str()
      ->check(cli::at_least(0))
      ->group("Running");
  program
      .add_flag_callback(
          "--no-cache",
          [&options] { options.classifier.enable_cache = false; },
          "compute every text, also repeated ones")
      ->group("Running");
  cli::add_worker_options(
      program, options.classifier.device, options.classifier.gpu, options.classifier.threads);
}

void add_place_options(CLI::App& program, ServerOptions& options) {
  const std::string group = "Place";
  program.add_option("--host", options.http.address, "IP address to listen on")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(group);
  program.add_option("--port", options.http.port, "port; 0: any that is free")
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  program
      .add_option_function<std::string>(
          "--unix",
          [&options](const std::string& path) {
            options.http.unix_path = path;
            options.http.address.clear();
          },
          "listen on a Unix socket instead (mode 0660)")
      ->type_name("FILE")
      ->group(group);
  CLI::Option* certificate =
      program.add_option("--tls-cert", options.http.tls_certificate, "certificate chain (PEM)")
          ->type_name("FILE")
          ->group(group);
  CLI::Option* key = program.add_option("--tls-key", options.http.tls_key, "its private key (PEM)")
                         ->type_name("FILE")
                         ->group(group);
  certificate->needs(key);
  key->needs(certificate);
  program
      .add_option("--api-key-file",
                  options.api_key_file,
                  "lines of NAME:KEY; requests need one of the keys")
      ->type_name("FILE")
      ->group(group);
  program
      .add_flag(
          "--insecure", options.insecure, "allow another address than this machine's without keys")
      ->group(group);
  program
      .add_option("--cors-origin", options.cors_origin, "web origin whose pages may read answers")
      ->type_name("ORIGIN")
      ->group(group);
  program
      .add_option("--access-log",
                  options.access_log,
                  "file of one JSON line a request, without texts; off: none (default standard "
                  "error)")
      ->type_name("FILE")
      ->group(group);
}

void add_limit_options(CLI::App& program, ServerOptions& options) {
  Limits& limits = options.http.limits;
  const auto add = [&](const char* flag, int64_t& value, const char* description) {
    program.add_option(flag, value, description)
        ->type_name("N")
        ->capture_default_str()
        ->check(cli::at_least(1))
        ->group("Limits");
  };
  add("--max-queue-tokens",
      limits.queued_tokens,
      "tokens of all requests in progress; more are answered with 429");
  add("--max-body-bytes", limits.body_bytes, "of one request; lines of JSON have no limit");
  add("--max-texts", limits.texts, "of one request");
  add("--max-connections", limits.connections, "open at a time; the longest idle one gives way");
  add_seconds(program, "--timeout", options.timeout, "for a request that names no time of its own");
  add_seconds(program, "--drain", options.drain, "for requests in progress after SIGTERM");
  add_seconds(program,
              "--drain-wait",
              options.drain_wait,
              "between SIGTERM and the last accepted connection, for load balancers");
}

uint16_t port_of(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("serve: expected a port in AIP_HTTP_PORT, found {}", printable(text)));
  }
  return port;
}

// A platform's variable is the permission to be reached by the platform.
void apply_platform(ServerOptions& options) {
  if (const char* port = std::getenv("AIP_HTTP_PORT")) {  // Vertex AI
    options.http.address = "0.0.0.0";
    options.http.port = port_of(port);
    options.insecure = true;
  }
  if (!options.models.empty()) {
    return;
  }
  for (const char* folder : {"/opt/ml/model", "/mnt/models"}) {  // SageMaker, KServe
    if (std::filesystem::is_directory(folder)) {
      options.models.emplace_back("intents", folder);
      return;
    }
  }
}

}  // namespace

void add_server_options(CLI::App& program, ServerOptions& options) {
  options.classifier.cache_size = 100'000;  // shared by all clients; 64 MB bound it, too
  add_model_options(program, options);
  add_place_options(program, options);
  add_limit_options(program, options);
}

void complete_options(ServerOptions& options) {
  apply_platform(options);
  options.http.inherited_socket = take_inherited_socket();
  if (options.models.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "serve: expected --model DIR, found none (nor /opt/ml/model or /mnt/models)");
  }
  for (size_t i = 0; i < options.models.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (options.models[i].first == options.models[j].first) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("serve: expected a name for each model, found {} twice; write "
                                "--model NAME=DIR",
                                options.models[i].first));
      }
    }
  }
  // Who opened a socket for this process has decided who reaches it.
  if (options.http.inherited_socket < 0 && !is_this_machine(options.http.address) &&
      options.api_key_file.empty() && !options.insecure) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("serve: expected --api-key-file or --insecure with --host {}, which "
                            "others can reach, found neither",
                            printable(options.http.address)));
  }
}

}  // namespace fastintent::serve
