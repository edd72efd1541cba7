#include "hub/hub_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/parse_json.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "hub/checksum.h"

namespace fastintent {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr int kMostAttempts = 4;
constexpr milliseconds kFirstPause(500);          // doubled each time, to spare a hub in trouble
constexpr milliseconds kPoll(100);                // how soon a pause notices that it should stop
constexpr size_t kMostListingBytes = 16'000'000;  // a hundred thousand files; models have tens

// A try that delivered less counts as one that delivered nothing: a server that cuts every answer
// after a few bytes would hold the caller for ever.
constexpr int64_t kLeastProgress = 64 * 1024;

constexpr long kFirstError = 400;  // statuses below it are answers, or redirects

constexpr const char* kLinkedChecksum = "x-linked-etag";  // of large files, stored elsewhere

// All but letters, digits and -._~ as %XX (RFC 3986), and `kept` unchanged.
std::string percent_encoded(std::string_view text, std::string_view kept = {}) {
  constexpr std::string_view kUnreserved =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

bool is_transient(const HttpResponse& response) {
  constexpr long kTimeout = 408;
  constexpr long kTooManyRequests = 429;
  constexpr long kServerError = 500;
  return !response.failure.empty() || response.status == kTimeout ||
         response.status == kTooManyRequests || response.status >= kServerError;
}

// The number of bytes that headers report; -1 when they report none.
int64_t read_size(const std::string& text) {
  int64_t size = -1;
  const char* end = text.data() + text.size();
  const bool whole = std::from_chars(text.data(), end, size).ptr == end;
  return whole && size >= 0 ? size : -1;
}

[[noreturn]] void fail(std::string_view expected,
                       std::string_view found,
                       const std::string& where) {
  throw Error(ErrorCode::io_error,
              fmt::format("download model: expected {}, found {} ({})", expected, found, where));
}

bool stays_below(const std::string& file) {
  const std::filesystem::path path = file;
  // Names are shown on terminals, and no file system has names as long as a message.
  return !file.empty() && printable(file) == file && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const std::filesystem::path& part) {
           return part.empty() || part == "." || part == "..";
         });
}

}  // namespace

HubClient::HubClient(const HubSettings& settings,
                     HubName name,
                     const std::function<bool()>& should_stop)
    : settings_(settings),
      name_(std::move(name)),
      should_stop_(should_stop),
      http_({settings.token, settings.stall_seconds, should_stop}) {}

RepositoryListing HubClient::list_files() {
  std::string answer;
  const std::string url = fmt::format("{}/api/models/{}/revision/{}",
                                      settings_.endpoint,
                                      name_.repository,
                                      percent_encoded(name_.revision));
  ask(
      [&] {
        answer.clear();
        return HttpRequest{.url = url};
      },
      [&](const HttpResponse&, std::string_view bytes) {
        answer += bytes;
        if (answer.size() > kMostListingBytes) {
          fail("a list of files", "more than 16 MB", url);
        }
      });
  return parse_listing(answer);
}

RemoteFile HubClient::describe(const std::string& commit, const std::string& file) {
  RemoteFile described;
  described.name = file;
  described.url = fmt::format("{}/{}/resolve/{}/{}",
                              settings_.endpoint,
                              name_.repository,
                              commit,
                              percent_encoded(file, "/"));
  const HttpResponse response = ask([&] {
    return HttpRequest{.url = described.url, .head = true, .until_header = kLinkedChecksum};
  });
  described.checksum = response.header(kLinkedChecksum);
  described.size = read_size(response.header("x-linked-size"));
  if (described.checksum.empty()) {
    described.checksum = response.header("etag");
    described.size = read_size(response.header("content-length"));
  }
  if (!is_checksum(described.checksum)) {
    fail("an ETag that is a SHA-1 or SHA-256",
         described.checksum.empty() ? "none" : described.checksum,
         described.url);
  }
  return described;
}

void HubClient::fetch(const RemoteFile& file,
                      const std::function<int64_t()>& first,
                      const HttpClient::Body& body) {
  ask([&] { return HttpRequest{.url = file.url, .first_byte = first()}; }, body);
}

HttpResponse HubClient::ask(const std::function<HttpRequest()>& request,
                            const HttpClient::Body& body) {
  int64_t furthest = 0;
  for (int attempt = 1;; ++attempt) {
    const HttpRequest sent = request();
    if (sent.first_byte >=
        furthest + kLeastProgress) {  // the last try was cut off but delivered bytes
      furthest = sent.first_byte;
      attempt = 1;
    }
    HttpResponse response = http_.send(sent, body);
    reached_ = reached_ || response.status != 0;
    const bool described = response.failure.empty() && response.status < kFirstError &&
                           response.headers.count(sent.until_header) > 0;
    if (response.ok() || described) {
      return response;
    }
    // A hub that was never reached is unlikely to be reached in some seconds: report that at once.
    if (!reached_ || !is_transient(response) || attempt == kMostAttempts) {
      refuse(sent, response);
    }
    pause_after(attempt);
  }
}

void HubClient::refuse(const HttpRequest& request, const HttpResponse& response) const {
  constexpr long kUnauthorized = 401;
  constexpr long kForbidden = 403;
  constexpr long kNotFound = 404;
  if (!response.failure.empty()) {
    fail("an answer from the hub", response.failure, request.url);
  }
  const long status = response.status;
  if (status != kUnauthorized && status != kForbidden && status != kNotFound) {
    fail("an answer from the hub", fmt::format("HTTP {}", status), request.url);
  }
  const char* advice =
      settings_.token.empty()
          ? "check the spelling; a private or gated model needs HF_TOKEN, of a user who may read it"
          : "check the spelling, and that the owner of the token in HF_TOKEN may read the model";
  throw Error(ErrorCode::missing_input,
              fmt::format("download model: expected a folder, or a model on the hub at {}, found "
                          "that there is no folder {} and that the hub shows no such model at "
                          "revision {} (HTTP {}, {}): {}",
                          settings_.endpoint,
                          name_.repository,
                          name_.revision,
                          status,
                          request.url,
                          advice));
}

void HubClient::pause_after(int attempt) const {
  for (milliseconds left = kFirstPause * (1 << (attempt - 1)); left.count() > 0; left -= kPoll) {
    if (should_stop_ && should_stop_()) {
      throw Error(ErrorCode::interrupted,
                  "download model: stopped as asked; what has arrived is kept");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

RepositoryListing parse_listing(const std::string& answer) {
  const std::string where = "the hub's answer about the revision";
  const json document =
      parse_json(answer, where, {.error = ErrorCode::io_error, .operation = "download model"});
  // By reference: an answer may be large. Null where there is no such member.
  const json none;
  const auto member = [&](const json& object, const char* key) -> const json& {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() ? none : *found;
  };
  const json& commit = member(document, "sha");
  const json& siblings = member(document, "siblings");
  RepositoryListing listing;
  if (commit.is_string()) {
    listing.commit = commit.get<std::string>();
  }
  if (!is_commit(listing.commit) || !siblings.is_array()) {
    fail("a JSON object with a commit \"sha\" and a list \"siblings\"", "something else", where);
  }
  for (const json& sibling : siblings) {
    const json& file = member(sibling, "rfilename");
    if (!file.is_string() || !stays_below(file.get_ref<const std::string&>())) {
      fail("names of files below the repository's folder",
           file.is_string() ? fmt::format("'{}'", file.get_ref<const std::string&>())
                            : file.type_name(),
           where);
    }
    listing.files.push_back(file.get<std::string>());
  }
  return listing;
}

}  // namespace fastintent
