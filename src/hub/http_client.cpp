// Redirects are followed here rather than by libcurl: the hub sends large files from another host,
// which must not see the token, and reports their checksum only in the redirect.

#include "hub/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <new>

#include "base/shared_library.h"
#include "fastintent/error.h"
#include "fastintent/version.h"
#include "hub/web_address.h"

namespace fastintent {
namespace {

constexpr int kMostRedirects = 10;    // the hub needs two
constexpr long kConnectSeconds = 10;  // as huggingface_hub
// Slower is as bad as silent: a server that sends a byte now and then would hold the caller for ever.
// There is no deadline for all of a file, because a large one over a slow line may need hours.
constexpr long kSlowestBytesPerSecond = 1000;
constexpr size_t kMostHeaderBytes = size_t{256} * 1024;  // the hub's answers have 3 KiB of headers
constexpr int64_t kMostRefusalBytes = int64_t{1024} * 1024;  // of an answer that is not a success
constexpr long kBufferBytes = 256L * 1024;                   // fewer calls than with curl's 16 KiB

// The functions used from libcurl.
struct Libcurl {
  SharedLibrary library{"libcurl.so.4", "download model", ErrorCode::io_error};
  decltype(&::curl_global_init) global_init = library["curl_global_init"];
  decltype(&::curl_easy_init) easy_init = library["curl_easy_init"];
  decltype(&::curl_easy_reset) easy_reset = library["curl_easy_reset"];
  decltype(&::curl_easy_setopt) easy_setopt = library["curl_easy_setopt"];
  decltype(&::curl_easy_perform) easy_perform = library["curl_easy_perform"];
  decltype(&::curl_easy_getinfo) easy_getinfo = library["curl_easy_getinfo"];
  decltype(&::curl_easy_strerror) easy_strerror = library["curl_easy_strerror"];
  decltype(&::curl_easy_cleanup) easy_cleanup = library["curl_easy_cleanup"];
  decltype(&::curl_slist_append) slist_append = library["curl_slist_append"];
  decltype(&::curl_slist_free_all) slist_free_all = library["curl_slist_free_all"];

  Libcurl() { global_init(CURL_GLOBAL_DEFAULT); }
};

const Libcurl& libcurl() {
  try {
    static const Libcurl library;  // created once, by the first thread
    return library;
  } catch (const Error& error) {
    throw Error(
        error.code(),
        fmt::format("{}; install it (Debian: libcurl4), or download the model into the hub's "
                    "cache by Python's huggingface_hub (pip install huggingface_hub)",
                    error.what()));
  }
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) {
    return {};
  }
  std::string value = found->second;
  if (value.starts_with("W/")) {
    value.erase(0, 2);  // an ETag that allows for another encoding of the same content
  }
  value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
  return value;
}

// One request and its answer, without redirects. The functions that libcurl calls let no exception
// pass through its frames: they store it, and it is rethrown after the transfer.
class HttpClient::Transfer {
 public:
  Transfer(void* handle, const Options& options, const Body& body)
      : curl_(libcurl()), handle_(handle), options_(options), body_(body) {
    curl_.easy_reset(handle_);  // keeps the connections
    error_.front() = '\0';
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_NOSIGNAL, 1L);  // the library touches no signal of its caller
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
    set(CURLOPT_LOW_SPEED_TIME, options.stall_seconds);
    set(CURLOPT_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_USERAGENT, fmt::format("fastintent/{}", kVersion).c_str());
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, this);
  }
  ~Transfer() { curl_.slist_free_all(headers_); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  HttpResponse run(const HttpRequest& request, const std::string& url, bool with_secrets) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https,http");  // no other one of libcurl, such as file://
    set(CURLOPT_NOBODY, request.head ? 1L : 0L);
    if (request.first_byte > 0) {
      set(CURLOPT_RANGE, fmt::format("{}-", request.first_byte).c_str());
    }
    if (!request.if_range.empty()) {
      add_header("If-Range: " + request.if_range);
    }
    if (with_secrets && !options_.user.empty()) {
      set(CURLOPT_USERNAME, options_.user.c_str());
      set(CURLOPT_PASSWORD, options_.password.c_str());
    } else if (with_secrets && !options_.token.empty()) {
      add_header("Authorization: Bearer " + options_.token);
    }
    const CURLcode code = curl_.easy_perform(handle_);
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
    if (code == CURLE_OUT_OF_MEMORY) {  // no fault of the hub: another try would not help
      throw std::bad_alloc();
    }
    if (code != CURLE_OK) {
      // libcurl quotes the addresses of proxies with their passwords.
      response_.failure =
          without_secrets(error_.front() != '\0' ? error_.data() : curl_.easy_strerror(code));
    }
    curl_off_t seconds = 0;  // a date is converted to the time from now on
    curl_.easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) {
      constexpr curl_off_t kDay = curl_off_t{24} * 60 * 60;  // more is the same to all callers
      response_.retry_after = std::chrono::seconds(std::min(seconds, kDay));
    }
    return std::move(response_);
  }

  // The absolute address that the answer redirects to; empty without a redirect.
  std::string redirect() const {
    const char* url = nullptr;
    curl_.easy_getinfo(handle_, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? std::string() : url;
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_.easy_setopt(handle_, option, value) != CURLE_OK) {
      throw Error(ErrorCode::out_of_resources,
                  fmt::format("download model: expected libcurl to take its option {}, found that "
                              "it does not",
                              static_cast<int>(option)));
    }
  }

  [[noreturn]] static void throw_too_long(const char* part) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("download model: expected {} of a usual length, found an endless one", part));
  }

  void add_header(const std::string& line) {
    curl_slist* longer = curl_.slist_append(headers_, line.c_str());
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    headers_ = longer;
    set(CURLOPT_HTTPHEADER, headers_);
  }

  void read_status() { curl_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &response_.status); }

  static size_t on_header(char* bytes, size_t /*one*/, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.keep_exception(size, [&] {
      transfer.header_bytes_ += size;
      if (transfer.header_bytes_ > kMostHeaderBytes) {
        throw_too_long("headers");
      }
      std::string_view line(bytes, size);
      line = line.substr(0, line.find_last_not_of("\r\n") + 1);
      const size_t colon = line.find(':');
      if (line.starts_with("HTTP/")) {
        transfer.response_.headers.clear();  // of "100 Continue", or of a proxy
      } else if (colon != std::string_view::npos) {
        const size_t value = line.find_first_not_of(" \t", colon + 1);
        transfer.response_.headers[lower_case(std::string(line.substr(0, colon)))] =
            value == std::string_view::npos ? "" : line.substr(value);
      }
      transfer.read_status();
    });
  }

  static size_t on_body(char* bytes, size_t /*one*/, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.keep_exception(size, [&] {
      if (!transfer.response_.ok()) {
        transfer.refusal_bytes_ += static_cast<int64_t>(size);
        if (transfer.refusal_bytes_ > kMostRefusalBytes) {
          throw_too_long("a refusal or redirect");
        }
      } else if (transfer.body_) {
        transfer.body_(transfer.response_, {bytes, size});
      }
    });
  }

  static int on_progress(
      void* self, curl_off_t /*down*/, curl_off_t /*of*/, curl_off_t /*up*/, curl_off_t /*of*/) {
    auto& transfer = *static_cast<Transfer*>(self);
    const size_t go_on = transfer.keep_exception(1, [&] {
      if (transfer.options_.should_stop && transfer.options_.should_stop()) {
        throw Error(ErrorCode::interrupted,
                    "download model: stopped as asked; what has arrived is kept");
      }
    });
    return go_on == 1 ? 0 : 1;
  }

  // Runs `call`; returns `size`, or a number that stops the transfer.
  template <class Call>
  size_t keep_exception(size_t size, Call call) {
    try {
      call();
      return size;
    } catch (...) {
      thrown_ = std::current_exception();
      return size + 1;  // libcurl fails on any other number than `size`
    }
  }

  const Libcurl& curl_;
  void* handle_;
  const Options& options_;
  const Body& body_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  size_t header_bytes_ = 0;
  int64_t refusal_bytes_ = 0;
  std::exception_ptr thrown_;
};

HttpClient::HttpClient(Options options)
    : options_(std::move(options)), handle_(libcurl().easy_init(), libcurl().easy_cleanup) {
  if (handle_ == nullptr) {
    throw Error(ErrorCode::out_of_resources,
                "download model: expected libcurl to begin, found that it cannot");
  }
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const Body& body) {
  std::string url = request.url;
  bool with_secrets = true;
  HttpResponse lost;
  lost.is_final = true;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    Transfer transfer(handle_.get(), options_, body);
    HttpResponse response = transfer.run(request, url, with_secrets);
    const std::string next = transfer.redirect();
    const bool asked_for =
        !request.until_header.empty() && response.headers.count(request.until_header) > 0;
    if (!response.failure.empty() || next.empty() || asked_for) {
      return response;
    }
    if (is_downgrade(url, next)) {
      lost.failure =
          fmt::format("a redirect from https to {}, which is refused", without_secrets(next));
      return lost;
    }
    with_secrets = with_secrets && origin_of(next) == origin_of(request.url);
    url = next;
  }
  lost.failure = fmt::format("more than {} redirects", kMostRedirects);
  return lost;
}

}  // namespace fastintent
