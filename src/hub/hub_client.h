#pragma once

#include <cstdint>
#include <functional>
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

/// Queries the hub about one model. A failed request is retried, with pauses, until four tries in a
/// row delivered nothing. One thread at a time.
///
/// Everything here throws missing_input when the hub does not show the model to this user (HTTP
/// 401, 403, 404), io_error when it cannot be reached or does not answer as the hub does, and
/// interrupted.
class HubClient {
 public:
  HubClient(const HubSettings& settings, HubName name, const std::function<bool()>& should_stop);

  RepositoryListing list_files();
  RemoteFile describe(const std::string& commit, const std::string& file);
  /// Fetches the content of `file` from byte `first()` on into `body`; `first` is called again for
  /// each try.
  void fetch(const RemoteFile& file,
             const std::function<int64_t()>& first,
             const HttpClient::Body& body);

 private:
  /// Sends the result of `request`, which is called again for each try, and returns a usable
  /// answer.
  HttpResponse ask(const std::function<HttpRequest()>& request, const HttpClient::Body& body = {});
  [[noreturn]] void refuse(const HttpRequest& request, const HttpResponse& response) const;
  void pause_after(int attempt) const;

  HubSettings settings_;
  HubName name_;
  std::function<bool()> should_stop_;
  HttpClient http_;
  bool reached_ = false;  ///< the hub has answered before
};

/// Parses the hub's answer about a revision. Throws io_error for anything but a commit and a list
/// of file names that stay below the folder they are put in.
RepositoryListing parse_listing(const std::string& answer);

}  // namespace fastintent
