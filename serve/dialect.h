#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/prediction.h"
#include "http.h"

namespace fastintent::serve {

/// Facts of a served model, constant while it is in use.
struct ModelInfo {
  std::string name;                  ///< as clients name it
  std::string version;               ///< first 12 hexadecimal digits of the folder's fingerprint
  std::vector<std::string> intents;  ///< id2label order
  int max_length = 0;                ///< tokens of a text, special ones included
  std::string precision;             ///< "int8"
  std::string device;                ///< "cpu (avx512)"
};

/// Bounds that a server holds its clients to.
struct Limits {
  int64_t queued_tokens = 65'536;  ///< of all requests in progress
  int64_t body_bytes = 2 << 20;    ///< of one request; a stream of lines has none
  int64_t texts = 1'024;           ///< of one request
  int64_t connections = 1'024;
};

/// Why a request has no answer. Each dialect has its own body, and some their own status, for each.
enum class Failure {
  invalid_request,  ///< not JSON, or a member that is missing, of a wrong type or out of range: 400
  empty_request,    ///< no text at all: 400
  invalid_text,     ///< a blank text, in a dialect without a place for its error: 400
  too_large,        ///< body, texts or tokens beyond the limits: 413
  unsupported_media,  ///< a content type or encoding that the route does not read: 415
  unauthorized,       ///< no or a wrong key: 401
  unknown_path,       ///< 404
  unknown_model,      ///< 404
  wrong_method,       ///< 405
  overloaded,         ///< the queue is full: 429
  deadline_exceeded,  ///< 504
  not_ready,          ///< loading or stopping: 503
  internal            ///< 500
};

/// The status of a failure where a dialect has no other.
int default_status(Failure failure);

/// Thrown by a dialect that cannot read a request. The message is "expected X, found Y (where)"; it
/// contains no text of the request longer than a name.
class RequestError : public std::runtime_error {
 public:
  RequestError(Failure failure, const std::string& message)
      : std::runtime_error(message), failure_(failure) {}
  Failure failure() const { return failure_; }

 private:
  Failure failure_;
};

/// What was measured of one request. Phases of a request that was divided over workers overlap.
struct Timings {
  std::chrono::nanoseconds total{};     ///< from the last byte of the request
  std::chrono::nanoseconds tokenize{};  ///< before its texts were queued
  std::chrono::nanoseconds predict{};   ///< from the queue to the answer
};

/// The engine's answer to a PredictionCall.
struct CallAnswer {
  const ModelInfo& model;
  std::span<const IntentPrediction> predictions;  ///< in the order of the texts
  Timings timings = {};
};

/// What a request asks of the engine, whichever dialect it came in, and how its answer is written.
struct PredictionCall {
  std::string model = {};          ///< empty: the first model
  std::string version = {};        ///< empty: any
  std::vector<std::string> texts;  ///< not empty, at most Limits::texts
  int top_k = 0;                   ///< alternatives after the winner; the intents bound it
  bool with_logits = false;
  /// A text longer than the model's maximum is an error, not cut.
  bool refuse_truncated = false;
  /// A blank text has an error in its place; otherwise it fails the request with invalid_text.
  bool errors_in_place = false;
  /// Since the request's arrival; none: the server's.
  std::optional<std::chrono::microseconds> timeout = {};
  /// Writes the answer. May throw RequestError. Runs on one thread at a time.
  std::function<HttpResponse(const CallAnswer& answer)> write;
};

/// What routes without prediction can show.
struct ServerView {
  std::span<const std::shared_ptr<const ModelInfo>> models;  ///< the first is the default
  const Limits& limits;
  bool is_ready = false;
  /// Texts and tokens answered, by model in the order of `models`.
  std::span<const int64_t> answered_texts;
};

/// Values of the braces in a route's path, in their order.
using PathValues = std::vector<std::string>;

/// A path of the server: exactly one of the two functions is set.
struct Route {
  std::string_view method;  ///< "GET", which also serves HEAD, or "POST"
  /// "/v2/models/{model}/infer": a name in braces takes one segment, or what is left of one before
  /// a literal: "/v1/models/{model}:predict".
  std::string_view path;
  /// Reads a request for predictions. Throws RequestError.
  std::function<PredictionCall(const HttpRequest&, const PathValues&)> read = {};
  /// Answers any other request at once. Throws RequestError.
  std::function<HttpResponse(const HttpRequest&, const PathValues&, const ServerView&)> show = {};
};

/// One client's protocol: a codec between its messages and PredictionCall. It keeps no state, so any
/// thread may use it.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::span<const Route> routes() const = 0;
  /// The answer to a request for one of its routes that failed.
  virtual HttpResponse write_failure(Failure failure, std::string_view message) const = 0;
};

/// All dialects; the first answers failures of paths that belong to none.
std::span<const std::unique_ptr<Dialect>> dialects();

}  // namespace fastintent::serve
