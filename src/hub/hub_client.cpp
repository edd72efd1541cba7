#include "hub/hub_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
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

constexpr int kMostFailures = 4;                  // of the connection
constexpr int kMostErrors = 6;                    // of the server: 15 seconds with the pauses below
constexpr milliseconds kFirstPause(500);          // doubled each time, to spare a hub in trouble
constexpr milliseconds kPoll(100);                // how soon a pause notices that it should stop
constexpr milliseconds kLongestPauses(300'000);   // the hub's limits are for five minutes
constexpr milliseconds kLongPause(3'000);         // one to report
constexpr size_t kMostListingBytes = 16'000'000;  // a hundred thousand files; models have tens

// A try that delivered less counts as one that delivered nothing: a server that cuts every answer
// after a few bytes would hold the caller for ever.
constexpr int64_t kLeastProgress = int64_t{64} * 1024;

constexpr long kFirstError = 400;  // statuses below it are answers, or redirects
constexpr long kRangeNotSatisfiable = 416;

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

constexpr long kTooManyRequests = 429;
constexpr long kServerError = 500;

bool is_transient(const HttpResponse& response) {
  constexpr long kTimeout = 408;
  return !response.failure.empty() || response.status == kTimeout ||
         response.status == kTooManyRequests || response.status >= kServerError;
}

// The number that a header reports; -1 when it reports none.
int64_t read_size(std::string_view text) {
  int64_t size = -1;
  const char* end = text.data() + text.size();
  const bool whole = std::from_chars(text.data(), end, size).ptr == end;
  return whole && size >= 0 ? size : -1;
}

// When the server wants to be queried again. The hub also reports the seconds until its limit is
// reset: RateLimit: "api";r=0;t=55
std::optional<std::chrono::seconds> named_time(const HttpResponse& response) {
  if (response.retry_after || response.status != kTooManyRequests) {
    return response.retry_after;
  }
  const std::string limit = response.header("ratelimit");
  const size_t begin = limit.find(";t=");
  if (begin == std::string::npos) {
    return std::nullopt;
  }
  const std::string_view digits = std::string_view(limit).substr(begin + 3);
  const int64_t seconds = read_size(digits.substr(0, digits.find(';')));
  constexpr int64_t kDay = int64_t{24} * 60 * 60;  // more is the same here
  return seconds < 0 ? std::nullopt : std::optional(std::chrono::seconds(std::min(seconds, kDay)));
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

HubClient::HubClient(const HubSettings& settings, HubName name, const Callbacks& callbacks)
    : settings_(settings),
      name_(std::move(name)),
      callbacks_(callbacks),
      http_({settings.token,
             settings.user,
             settings.password,
             settings.stall_seconds,
             callbacks.should_stop}),
      random_(std::random_device{}()) {}

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

bool HubClient::fetch(const RemoteFile& file,
                      const std::function<Resumption()>& resume,
                      const HttpClient::Body& body) {
  const HttpResponse response = ask(
      [&] {
        const Resumption from = resume();
        return HttpRequest{.url = file.url, .first_byte = from.first_byte, .if_range = from.etag};
      },
      body);
  return response.status != kRangeNotSatisfiable;
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
      paused_ = milliseconds(0);
    }
    HttpResponse response = http_.send(sent, body);
    reached_ = reached_ || response.status != 0;
    const bool described = response.failure.empty() && response.status < kFirstError &&
                           response.headers.count(sent.until_header) > 0;
    const bool beyond_end = sent.first_byte > 0 && response.status == kRangeNotSatisfiable;
    if (response.ok() || described || beyond_end) {
      return response;
    }
    const std::optional<milliseconds> time = pause_after(attempt, response);
    if (!time) {
      refuse(sent, response);
    }
    pause(*time);
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
    std::string found = fmt::format("HTTP {}", status);
    if (const auto time = named_time(response)) {
      found += fmt::format(" and that it wants to be left alone for {} s", time->count());
    }
    if (status == kTooManyRequests) {
      found += settings_.token.empty()
                   ? ": it limits requests; try again later, or log in (HF_TOKEN), which raises "
                     "the limit"
                   : ": it limits requests; try again later";
    } else if (status >= kServerError) {
      found += ": it is in trouble, or a proxy is; try again later";
    }
    fail("an answer from the hub", found, request.url);
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

std::optional<milliseconds> HubClient::pause_after(int attempt, const HttpResponse& response) {
  const bool failed = !response.failure.empty();
  // A hub that was never reached is unlikely to be reached in some seconds: report that at once.
  if (!reached_ || response.is_final || !is_transient(response)) {
    return std::nullopt;
  }
  const std::optional<std::chrono::seconds> named = failed ? std::nullopt : named_time(response);
  if (!named && attempt >= (failed ? kMostFailures : kMostErrors)) {
    return std::nullopt;
  }
  constexpr int kMostDoublings = 6;  // half a minute
  const milliseconds own = kFirstPause * (1 << std::min(attempt - 1, kMostDoublings));
  std::uniform_real_distribution<double> share(0.5, 1);
  const auto varied = milliseconds(std::lround(static_cast<double>(own.count()) * share(random_)));
  if (named > kLongestPauses) {
    return std::nullopt;  // also when it is too long to add to
  }
  const milliseconds time = named ? *named + varied : varied;
  return paused_ + time > kLongestPauses ? std::nullopt : std::optional(time);
}

void HubClient::pause(milliseconds time) {
  if (time >= kLongPause && callbacks_.on_message) {
    callbacks_.on_message(fmt::format("the hub at {} is busy; trying again in {:.0f} s",
                                      settings_.endpoint,
                                      std::chrono::duration<double>(time).count()));
  }
  paused_ += time;
  for (milliseconds left = time; left.count() > 0; left -= kPoll) {
    if (callbacks_.should_stop && callbacks_.should_stop()) {
      throw Error(ErrorCode::interrupted,
                  "download model: stopped as asked; what has arrived is kept");
    }
    std::this_thread::sleep_for(std::min(left, kPoll));
  }
}

RepositoryListing parse_listing(const std::string& answer) {
  const std::string where = "the hub's answer about the revision";
  const JsonTree document =
      parse_json(answer, where, {.error = ErrorCode::io_error, .operation = "download model"});
  // By reference: an answer may be large. Null where there is no such member.
  const JsonTree none;
  const auto member = [&](const json& object, const char* key) -> const json& {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() ? *none : *found;
  };
  const json& commit = member(*document, "sha");
  const json& siblings = member(*document, "siblings");
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
