#include "server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "access_log.h"
#include "api_keys.h"
#include "base/thread_pool.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "http_server.h"
#include "line_stream.h"
#include "messages.h"
#include "metrics.h"
#include "models.h"
#include "operations.h"
#include "pages.h"
#include "router.h"
#include "systemd.h"
#include "tracing.h"

namespace fastintent::serve {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Bodies above this are read and tokenised beside the I/O thread, where they take milliseconds.
constexpr size_t kLargeBody = 64 << 10;
constexpr milliseconds kWatchPeriod{2000};
constexpr int kClientLeft = 499;  // as nginx logs it
constexpr size_t kMostIdBytes = 128;
constexpr int kDefaultAlternatives = 5;  // of a line, as in `fastintent predict`

// The client's id of the request, or a new one.
std::string request_id(const HttpRequest& request) {
  const auto given = request.header("X-Request-Id");
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\'; };
  if (given && !given->empty() && given->size() <= kMostIdBytes &&
      std::ranges::all_of(*given, is_plain)) {
    return std::string(*given);
  }
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}{:016x}", random(), random());
}

std::optional<milliseconds> timeout_header(const HttpRequest& request) {
  for (const char* name : {"X-Request-Timeout-Ms", "x-envoy-expected-rq-timeout-ms"}) {
    if (const auto value = request.header(name)) {
      int64_t count = 0;
      const auto [end, error] =
          std::from_chars(value->data(), value->data() + value->size(), count);
      if (error == std::errc() && end == value->data() + value->size() && count > 0 &&
          count <= 86'400'000) {
        return milliseconds(count);
      }
    }
  }
  return std::nullopt;
}

Failure failure_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::overloaded:
      return Failure::overloaded;
    case ErrorCode::deadline_exceeded:
      return Failure::deadline_exceeded;
    case ErrorCode::invalid_argument:  // more tokens than the queue ever takes
      return Failure::too_large;
    case ErrorCode::invalid_data:
      return Failure::invalid_text;
    default:
      return Failure::internal;
  }
}

class Server;

// A request from its header to its answer. Destroyed before that, it cancels its prediction. Other
// threads hand their references back to the I/O thread, so it is always destroyed there, as long as
// its connection exists.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Server& server, HttpRequest request, Respond respond);
  ~Exchange();

  void begin();
  void predict();  // reads the body and queues its texts
  void fail(Failure failure, std::string_view message);

 private:
  static void on_done(std::shared_ptr<Exchange> exchange,
                      std::vector<IntentPrediction> predictions,
                      std::exception_ptr error);
  void finish();
  void fail_by_current_exception();
  void respond(HttpResponse response);

  Server& server_;
  HttpRequest request_;
  Respond respond_;
  Clock::time_point arrival_ = Clock::now();
  Clock::time_point queued_;
  std::chrono::system_clock::time_point begin_ = std::chrono::system_clock::now();
  AccessRecord record_;
  std::optional<TraceContext> trace_;  // where the client or a collector wants to know it
  Timings timings_;
  std::optional<Match> match_;
  PredictionCall call_;
  std::shared_ptr<ServedModel> model_;
  std::vector<IntentPrediction> predictions_;
  std::exception_ptr error_;
  bool has_responded_ = false;
  PredictionTicket ticket_;  // the first to end: nothing above is used by on_done after it
};

class Server : public RequestHandler {
 public:
  explicit Server(const ServerOptions& options)
      : options_(options),
        log_(options.access_log),
        keys_(options.api_key_file.empty() ? ApiKeys() : ApiKeys(options.api_key_file)),
        traces_(make_trace_exporter([](const std::string& sentence) { cli::say("{}", sentence); })),
        operations_(make_operations(
            [this] { return metrics_.text(models_, http_.connections(), in_flight_); })),
        pages_(make_pages()),
        http_(*this, options.http),
        models_(
            options,
            [](const std::string& sentence) { cli::say("{}", sentence); },
            [this](std::unique_ptr<ServedModel> model) { retire(std::move(model)); }) {
    for (const auto& dialect : dialects()) {
      router_.add(*dialect);
    }
    router_.add(*operations_);
    router_.add(*pages_);
  }

  int run();

  Beginning begin(const HttpRequest& head, std::function<void()> on_progress) override;
  std::shared_ptr<void> answer(HttpRequest request, Respond respond) override {
    const auto exchange = std::make_shared<Exchange>(*this, std::move(request), std::move(respond));
    exchange->begin();
    return exchange;
  }
  HttpResponse refuse(const HttpRequest& head, Failure failure, std::string message) override {
    if (failure == Failure::too_large) {
      metrics_.count_rejected(Rejection::too_large);
    }
    return router_.owner(head.path).write_failure(failure, message);
  }

 private:
  friend class Exchange;

  bool is_on_io_thread() const { return std::this_thread::get_id() == io_thread_; }
  // Whether the request may have an answer; the name of its key is put into `name`.
  bool is_authorized(const HttpRequest& request, std::string& name) const;
  HttpResponse write_failure(const Dialect& dialect,
                             Failure failure,
                             std::string_view message,
                             const std::string& allowed = {}) const;
  HttpResponse show(const Match& match, const HttpRequest& request) const;
  std::shared_ptr<AccessRecord> record_stream(const HttpRequest& head,
                                              const std::string& key_name,
                                              const ModelInfo& model);
  void background(std::function<void()> task) {
    std::list<ThreadPool::Task> tasks;
    tasks.emplace_back([task = std::move(task)](int) { task(); });
    background_.submit(std::move(tasks));
  }
  void retire(std::unique_ptr<ServedModel> model) {
    const std::shared_ptr<ServedModel> ended = std::move(model);
    background([this, ended] { metrics_.forget(*ended); });
  }
  void load();
  void reload(bool only_changed);
  void on_reloaded(const Models::Reload& result);
  void show_ready() const;
  void keep_watchdog_quiet();
  void on_signal(int signal);
  void stop();

  const ServiceManager service_;  // the first: it changes the environment
  const ServerOptions& options_;
  AccessLog log_;
  ApiKeys keys_;
  Metrics metrics_;
  std::atomic<int64_t> in_flight_{0};
  std::unique_ptr<TraceExporter> traces_;  // null without a collector
  std::unique_ptr<Dialect> operations_;
  std::unique_ptr<Dialect> pages_;
  Router router_;
  HttpServer http_;           // what the two below do ends in its post()
  ThreadPool background_{1};  // loads and ends models and reads large bodies
  Models models_;
  std::thread::id io_thread_;
  bool is_warm_ = false;
  bool is_stopping_ = false;
  bool reload_is_running_ = false;
  bool reload_again_ = false;  // SIGHUP came while one was running
  std::exception_ptr load_failure_;
};

Exchange::Exchange(Server& server, HttpRequest request, Respond respond)
    : server_(server), request_(std::move(request)), respond_(std::move(respond)) {
  ++server_.in_flight_;
  server_.metrics_.count_received();
  record_.request_id = request_id(request_);
  const auto parent = request_.header("traceparent");
  if (parent || server_.traces_ != nullptr) {
    trace_ = begin_trace(parent);
    record_.trace_id = trace_->trace_id;
  }
  record_.route = "unknown";
  record_.bytes_in = static_cast<int64_t>(request_.body.size());
}

Exchange::~Exchange() {
  ticket_.cancel();
  if (!has_responded_) {  // the client has left
    record_.status = kClientLeft;
    record_.duration = Clock::now() - arrival_;
    server_.metrics_.count_rejected(Rejection::disconnected);
    server_.metrics_.count_answered(record_.route, kClientLeft, record_.duration);
    server_.log_.write(record_);
    --server_.in_flight_;
  }
}

void Exchange::begin() {
  const Router& router = server_.router_;
  match_ = router.find(request_.method, request_.path);
  if (!match_) {
    if (request_.method == "OPTIONS" && !server_.options_.cors_origin.empty()) {
      respond({.status = 204,
               .content_type = "",
               .headers = {{"Access-Control-Allow-Methods", "GET, POST"},
                           {"Access-Control-Allow-Headers", "Content-Type, Authorization"}}});
      return;
    }
    const std::string allowed = router.allowed(request_.path);
    const Dialect& owner = router.owner(request_.path);
    respond(allowed.empty()
                ? server_.write_failure(owner, Failure::unknown_path, "expected a known path")
                : server_.write_failure(
                      owner, Failure::wrong_method, fmt::format("expected {}", allowed), allowed));
    return;
  }
  record_.route = match_->route->path;
  // Metrics name the intents and say how busy the server is.
  const bool needs_key =
      match_->route->path == "/metrics" ||
      (match_->dialect != server_.pages_.get() && match_->dialect != server_.operations_.get());
  if (needs_key && !server_.is_authorized(request_, record_.key_name)) {
    fail(Failure::unauthorized, "expected a known API key");
  } else if (match_->route->show) {
    try {
      respond(server_.show(*match_, request_));
    } catch (...) {
      fail_by_current_exception();
    }
  } else if (!server_.is_warm_) {
    fail(Failure::not_ready, "expected a loaded model; try again in a moment");
  } else if (request_.body.size() > kLargeBody) {
    server_.background([weak = weak_from_this()] {
      if (auto exchange = weak.lock()) {
        exchange->predict();
        HttpServer& http = exchange->server_.http_;
        http.post([exchange = std::move(exchange)] {});
      }
    });
  } else {
    predict();
  }
}

void Exchange::predict() {
  try {
    call_ = match_->route->read(request_, match_->values);
    const int64_t most = server_.options_.http.limits.texts;
    if (static_cast<int64_t>(call_.texts.size()) > most) {
      throw RequestError(Failure::too_large,
                         fmt::format("expected at most {} texts, found {}; send them as lines of "
                                     "JSON (application/x-ndjson) to /v1/predict",
                                     most,
                                     call_.texts.size()));
    }
    model_ = server_.models_.find(call_.model, call_.version);
    if (model_ == nullptr) {
      throw RequestError(Failure::unknown_model, "expected the name of a served model");
    }
    const int others = static_cast<int>(model_->info.intents.size()) - 1;
    PredictOptions options;
    options.top_k = std::min(call_.top_k, others);
    options.with_logits = call_.with_logits;
    options.errors_in_place = call_.errors_in_place;
    Clock::duration time = server_.options_.timeout;
    if (const auto header = timeout_header(request_)) {
      time = std::min<Clock::duration>(time, *header);
    }
    if (call_.timeout) {
      time = std::min<Clock::duration>(time, *call_.timeout);
    }
    options.deadline = arrival_ + time;
    record_.texts = static_cast<int64_t>(call_.texts.size());
    record_.from_cache = true;  // until on_done is called later than predict_async returns
    queued_ = Clock::now();
    const std::weak_ptr<Exchange> weak = weak_from_this();
    PredictionTicket ticket = model_->classifier.predict_async(
        std::move(call_.texts),
        options,
        [weak](std::vector<IntentPrediction> predictions, std::exception_ptr error) {
          if (auto exchange = weak.lock()) {
            on_done(std::move(exchange), std::move(predictions), std::move(error));
          }
        });
    ticket_ = std::move(ticket);
  } catch (...) {
    fail_by_current_exception();
  }
}

void Exchange::on_done(std::shared_ptr<Exchange> exchange,
                       std::vector<IntentPrediction> predictions,
                       std::exception_ptr error) {
  exchange->predictions_ = std::move(predictions);
  exchange->error_ = std::move(error);
  Server& server = exchange->server_;
  if (server.is_on_io_thread()) {
    exchange->finish();
    return;
  }
  server.http_.post([exchange = std::move(exchange)] {
    exchange->record_.from_cache = false;
    exchange->finish();
  });
}

void Exchange::finish() {
  try {
    if (error_ != nullptr) {
      std::rethrow_exception(error_);
    }
    for (const IntentPrediction& prediction : predictions_) {
      record_.tokens += prediction.tokens;
      if (call_.refuse_truncated && prediction.truncated) {
        throw RequestError(Failure::invalid_text,
                           fmt::format("expected texts of at most {} tokens, found a longer one",
                                       model_->info.max_length));
      }
    }
    server_.metrics_.count_predictions(model_->info, predictions_);
    const Clock::time_point now = Clock::now();
    timings_ = {now - arrival_, queued_ - arrival_, now - queued_};
    HttpResponse response = call_.write({model_->info, predictions_, timings_});
    const auto ms = [](std::chrono::nanoseconds time) {
      return static_cast<double>(time.count() / 1000) / 1000;
    };
    response.headers.emplace_back("Server-Timing",
                                  fmt::format("cache;desc={}, tokenize;dur={}, predict;dur={}",
                                              record_.from_cache ? "hit" : "miss",
                                              ms(timings_.tokenize),
                                              ms(timings_.predict)));
    respond(std::move(response));
  } catch (...) {
    fail_by_current_exception();
  }
}

void Exchange::fail_by_current_exception() {
  std::string reason = "unknown";
  try {
    throw;
  } catch (const RequestError& error) {
    fail(error.failure(), error.what());
    return;
  } catch (const Error& error) {
    if (failure_of(error) != Failure::internal) {
      fail(failure_of(error), error.what());
      return;
    }
    reason = error.what();
  } catch (const std::exception& error) {  // such as no memory
    reason = error.what();
  }
  // The reason may name files, which are not for clients.
  cli::say("request {}: internal error: {}", record_.request_id, printable(reason));
  fail(Failure::internal, "the server failed; its log says why");
}

void Exchange::fail(Failure failure, std::string_view message) {
  switch (failure) {
    case Failure::overloaded:
      server_.metrics_.count_rejected(Rejection::queue_full);
      break;
    case Failure::deadline_exceeded:
      server_.metrics_.count_rejected(Rejection::deadline);
      break;
    case Failure::too_large:
      server_.metrics_.count_rejected(Rejection::too_large);
      break;
    case Failure::unauthorized:
      server_.metrics_.count_rejected(Rejection::auth);
      break;
    case Failure::not_ready:
      server_.metrics_.count_rejected(Rejection::draining);
      break;
    default:
      break;
  }
  respond(server_.write_failure(*match_->dialect, failure, message));
}

void Exchange::respond(HttpResponse response) {
  if (!server_.is_on_io_thread()) {  // a large body that failed
    server_.http_.post([exchange = shared_from_this(), response = std::move(response)]() mutable {
      exchange->respond(std::move(response));
    });
    return;
  }
  has_responded_ = true;
  --server_.in_flight_;
  response.headers.emplace_back("X-Request-Id", record_.request_id);
  if (!server_.options_.cors_origin.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Origin", server_.options_.cors_origin);
    response.headers.emplace_back("Vary", "Origin");
  }
  if (trace_) {
    response.headers.emplace_back("traceparent", trace_->traceparent());
  }
  record_.status = response.status;
  record_.bytes_out = static_cast<int64_t>(response.body.size());
  record_.duration = Clock::now() - arrival_;
  if (model_ != nullptr) {
    record_.model = model_->info.name;
    record_.version = model_->info.version;
  }
  server_.metrics_.count_answered(record_.route, record_.status, record_.duration);
  server_.log_.write(record_);
  if (server_.traces_ != nullptr) {
    timings_.total = record_.duration;
    server_.traces_->add(
        {*trace_, request_.method, record_.route, record_.status, begin_, timings_});
  }
  respond_(std::move(response));
}

bool Server::is_authorized(const HttpRequest& request, std::string& name) const {
  if (!keys_.are_required()) {
    return true;
  }
  const std::optional<std::string> found = keys_.name_of(request);
  name = found.value_or("");
  return found.has_value();
}

HttpResponse Server::write_failure(const Dialect& dialect,
                                   Failure failure,
                                   std::string_view message,
                                   const std::string& allowed) const {
  HttpResponse response = dialect.write_failure(failure, message);
  if (failure == Failure::overloaded) {
    double rate = 0;
    for (const auto& model : models_.all()) {
      rate += model->classifier.get_prediction_counters().tokens_per_second;
    }
    const auto queued = static_cast<double>(models_.workers().queued_tokens());
    const double wait = rate > 0 ? queued / rate : 1;
    response.headers.emplace_back("Retry-After",
                                  std::to_string(std::max(1, static_cast<int>(wait + 0.999))));
    response.headers.emplace_back("retry-after-ms",
                                  std::to_string(std::max(1, static_cast<int>(wait * 1000))));
  } else if (failure == Failure::not_ready) {
    response.headers.emplace_back("Retry-After", "1");
  } else if (failure == Failure::unauthorized) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  if (!allowed.empty()) {
    response.headers.emplace_back("Allow", allowed);
  }
  return response;
}

HttpResponse Server::show(const Match& match, const HttpRequest& request) const {
  std::vector<std::shared_ptr<const ModelInfo>> infos;
  std::vector<int64_t> texts;
  for (const auto& model : models_.all()) {
    infos.emplace_back(model, &model->info);
    const CacheStats cache = model->classifier.get_cache_stats();
    const PredictionCounters counters = model->classifier.get_prediction_counters();
    texts.push_back(counters.texts + counters.repeated_texts + cache.hits);
  }
  const ServerView view{infos, options_.http.limits, is_warm_ && !is_stopping_, texts};
  return match.route->show(request, match.values, view);
}

// Written to the log at the end of the stream, which releases it.
std::shared_ptr<AccessRecord> Server::record_stream(const HttpRequest& head,
                                                    const std::string& key_name,
                                                    const ModelInfo& model) {
  ++in_flight_;
  auto record = std::make_unique<AccessRecord>(AccessRecord{.request_id = request_id(head),
                                                            .route = head.path,
                                                            .status = 200,
                                                            .key_name = key_name,
                                                            .model = model.name,
                                                            .version = model.version});
  return {record.release(), [this, arrival = Clock::now()](AccessRecord* ended) {
            const std::unique_ptr<AccessRecord> owned(ended);
            owned->duration = Clock::now() - arrival;
            metrics_.count_answered(owned->route, owned->status, owned->duration);
            log_.write(*owned);
            --in_flight_;
          }};
}

RequestHandler::Beginning Server::begin(const HttpRequest& head,
                                        std::function<void()> on_progress) {
  const std::string_view type = head.header("Content-Type").value_or("");
  if (head.method != "POST" || head.path != "/v1/predict" ||
      !(type.starts_with("application/x-ndjson") || type.starts_with("application/jsonlines"))) {
    return {};
  }
  const Dialect& native = router_.owner(head.path);
  metrics_.count_received();
  const auto refused = [&](Failure failure, std::string_view message) {
    HttpResponse response = write_failure(native, failure, message);
    metrics_.count_answered(head.path, response.status, {});
    return Beginning{.refusal = std::move(response)};
  };
  std::string key;
  if (!is_authorized(head, key)) {
    metrics_.count_rejected(Rejection::auth);
    return refused(Failure::unauthorized, "expected a known API key");
  }
  if (!is_warm_) {
    return refused(Failure::not_ready, "expected a loaded model; try again in a moment");
  }
  std::shared_ptr<ServedModel> model = models_.find(head.query_value("model").value_or(""), {});
  if (model == nullptr) {
    return refused(Failure::unknown_model, "expected the name of a served model");
  }
  PredictOptions options;
  options.top_k = kDefaultAlternatives;
  if (const auto top_k = head.query_value("top_k")) {
    const auto [end, error] =
        std::from_chars(top_k->data(), top_k->data() + top_k->size(), options.top_k);
    if (error != std::errc() || end != top_k->data() + top_k->size() || options.top_k < 0) {
      return refused(Failure::invalid_request, "expected a whole number from 0 as top_k");
    }
  }
  const auto record = record_stream(head, key, model->info);
  LineStreamEvents events{
      .on_progress = on_progress,
      .call_later = [this, on_progress](milliseconds delay) { http_.after(delay, on_progress); },
      .on_answers =
          [this, record](const ModelInfo& info, std::span<const IntentPrediction> answers) {
            metrics_.count_predictions(info, answers);
            for (const IntentPrediction& answer : answers) {
              ++record->texts;
              record->tokens += answer.tokens;
            }
          }};
  Beginning beginning;
  beginning.stream =
      std::make_unique<LineStream>(std::move(model),
                                   options,
                                   static_cast<size_t>(options_.http.limits.body_bytes),
                                   std::move(events));
  beginning.content_type = "application/x-ndjson";
  return beginning;
}

void Server::load() {
  background([this] {
    try {
      models_.load();
      http_.post([this] {
        is_warm_ = true;
        cli::say("ready: {}", http_.url());
        show_ready();
      });
    } catch (...) {
      load_failure_ = std::current_exception();
      http_.post([this] { stop(); });
    }
  });
}

void Server::show_ready() const {
  const size_t count = options_.models.size();
  service_.ready(fmt::format("{} model{} at {}", count, count == 1 ? "" : "s", http_.url()));
}

void Server::keep_watchdog_quiet() {
  if (const auto period = service_.watchdog_period()) {
    service_.alive();  // from the I/O thread: what blocks it stops these messages
    http_.after(*period, [this] { keep_watchdog_quiet(); });
  }
}

void Server::reload(bool only_changed) {
  if (std::exchange(reload_is_running_, true)) {
    reload_again_ |= !only_changed;
    return;
  }
  if (!only_changed) {
    service_.reloading();
  }
  background([this, only_changed] {
    const Models::Reload result = models_.reload(only_changed);
    http_.post([this, result] { on_reloaded(result); });
  });
}

void Server::on_reloaded(const Models::Reload& result) {
  for (int i = 0; i < result.loaded + result.failed; ++i) {
    metrics_.count_reload(i < result.loaded);
  }
  reload_is_running_ = false;
  if (std::exchange(reload_again_, false)) {
    reload(/*only_changed=*/false);
  } else if (is_warm_ && !is_stopping_) {
    show_ready();
  }
}

void Server::on_signal(int signal) {
  if (signal != SIGHUP) {
    stop();
    return;
  }
  try {
    if (!options_.api_key_file.empty()) {
      keys_ = ApiKeys(options_.api_key_file);
    }
    if (!options_.http.tls_certificate.empty()) {
      http_.reload_tls();
    }
    log_.reopen();
  } catch (const Error& error) {
    cli::say("reload: what was in use stays: {}", error.what());
  }
  reload(/*only_changed=*/false);
}

// The first call lets requests in progress end; the second ends them.
void Server::stop() {
  if (std::exchange(is_stopping_, true)) {
    http_.abort();
    return;
  }
  service_.stopping(fmt::format("{} requests in progress", in_flight_.load()));
  http_.close_after(options_.drain_wait);
  http_.after(options_.drain_wait + options_.drain, [this] { http_.abort(); });
}

int Server::run() {
  io_thread_ = std::this_thread::get_id();
  http_.on_signal([this](int signal) { on_signal(signal); });
  if (options_.watch) {
    http_.every(kWatchPeriod, [this] {
      if (is_warm_ && !is_stopping_) {
        reload(/*only_changed=*/true);
      }
    });
  }
  keep_watchdog_quiet();
  load();
  http_.run();
  // What still loads must not see its server end.
  std::promise<void> idle;
  background([&idle] { idle.set_value(); });
  idle.get_future().wait();
  if (load_failure_ != nullptr) {
    std::rethrow_exception(load_failure_);
  }
  return cli::kOk;
}

}  // namespace

int run_server(const ServerOptions& options) {
  Server server(options);
  return server.run();
}

}  // namespace fastintent::serve
