#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "hub/http_client.h"
#include "hub/hub_name.h"
#include "hub/hub_settings.h"

namespace fastintent {

/// The contents of a repository at one of its commits.
struct RepositoryListing {
  std::string commit;
  std::vector<std::string> files;
};

/// A file of a repository, as the hub announces it.
struct RemoteFile {
  std::string name;
  std::string url;
  std::string checksum;  ///< see checksum.h
  int64_t size = -1;     ///< in bytes; -1 when the hub does not report it
};

/// Where a download continues.
struct Resumption {
  int64_t first_byte = 0;
  std::string etag = {};  ///< of the content that the bytes before it are of; empty: not known
};

/// Queries the hub about one model. A failed request is retried, with pauses, until four tries in a
/// row delivered nothing, or six were answered with an error of the server (HTTP 408, 429, 5xx); a
/// server that names a time to wait (Retry-After) is queried again then, unless the pauses exceed
/// five minutes in total. One thread at a time.
///
/// Everything here throws missing_input when the hub does not show the model to this user (HTTP
/// 401, 403, 404), io_error when it cannot be reached or does not answer as the hub does, and
/// interrupted.
class HubClient {
 public:
  struct Callbacks {
    std::function<bool()> should_stop;                   ///< may be empty
    std::function<void(const std::string&)> on_message;  ///< of long pauses; may be empty
  };
  HubClient(const HubSettings& settings, HubName name, const Callbacks& callbacks);

  RepositoryListing list_files();
  RemoteFile describe(const std::string& commit, const std::string& file);
  /// Fetches the content of `file` from where `resume` says into `body`; `resume` is called again
  /// for each try. Returns false when the server has no bytes from there on (HTTP 416).
  bool fetch(const RemoteFile& file,
             const std::function<Resumption()>& resume,
             const HttpClient::Body& body);

 private:
  /// Sends the result of `request`, which is called again for each try, and returns a usable
  /// answer.
  HttpResponse ask(const std::function<HttpRequest()>& request, const HttpClient::Body& body = {});
  [[noreturn]] void refuse(const HttpRequest& request, const HttpResponse& response) const;
  /// The pause before the next try; nullopt when there should be none.
  std::optional<std::chrono::milliseconds> pause_after(int attempt, const HttpResponse& response);
  void pause(std::chrono::milliseconds time);

  HubSettings settings_;
  HubName name_;
  Callbacks callbacks_;
  HttpClient http_;
  std::minstd_rand random_;  ///< so that clients that failed together do not return together
  std::chrono::milliseconds paused_{0};  ///< since the last byte of a file
  bool reached_ = false;                 ///< the hub has answered before
};

/// Parses the hub's answer about a revision. Throws io_error for anything but a commit and a list
/// of file names that stay below the folder they are put in.
RepositoryListing parse_listing(const std::string& answer);

}  // namespace fastintent
