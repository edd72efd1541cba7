#include "predict/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <numeric>
#include <set>
#include <utility>

#include "base/available_cores.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr const char* kPending = "predictions in flight";

// The workers of a pool, used if they are free when there is work.
class PoolTeam final : public Team {
 public:
  explicit PoolTeam(ThreadPool& pool) : pool_(pool) {}

  int size() const override { return pool_.size(); }
  void run(const std::function<void(const TeamMember&)>& task) override {
    if (!pool_.try_run_as_team(task)) {
      Team::run(task);
    }
  }

 private:
  ThreadPool& pool_;
};

}  // namespace

// State shared by the workers and the waiting caller; it exists as long as either uses it.
class PendingRankings::Job {
 public:
  const HomeProcess home{};
  TokenizedTexts texts;
  Rankings rankings;

  void expect(size_t ranges) { ranges_left_ = ranges; }
  int64_t tokens_of(SequenceRange range) const {
    const auto first = texts.lengths.begin();
    return std::accumulate(first + range.begin, first + range.end, int64_t{0});
  }

  bool is_cancelled() const { return cancelled_; }
  void cancel() { cancelled_ = true; }

  void finish_range(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (error != nullptr && error_ == nullptr) {
      error_ = std::move(error);
      cancelled_ = true;
    }
    if (--ranges_left_ == 0) {
      done_.notify_all();
    }
  }

  bool wait_for(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, timeout, [this] { return ranges_left_ == 0; });
  }

  Rankings take() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return ranges_left_ == 0; });
    // Takes ownership, so that a worker releasing the job later does not destroy the exception.
    if (error_ != nullptr) {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return std::move(rankings);
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::atomic<bool> cancelled_{false};
  size_t ranges_left_ = 0;
  std::exception_ptr error_;  // the first
};

PendingRankings::PendingRankings(std::shared_ptr<Job> job) : job_(std::move(job)) {}
PendingRankings::PendingRankings(PendingRankings&&) noexcept = default;

PendingRankings& PendingRankings::operator=(PendingRankings&& other) noexcept {
  std::swap(job_, other.job_);
  return *this;
}

PendingRankings::~PendingRankings() {
  if (job_ != nullptr) {
    job_->cancel();
  }
}

bool PendingRankings::wait_for(std::chrono::milliseconds timeout) const {
  job_->home.require(kPending);
  return job_->wait_for(timeout);
}

Rankings PendingRankings::get() {
  job_->home.require(kPending);
  return job_->take();
}

Predictor::Predictor(std::shared_ptr<const TrainedModel> trained,
                     const BackendFactory& create_backend,
                     Precision precision,
                     int threads,
                     std::shared_ptr<const PreparedModel> prepared)
    : trained_(std::move(trained)),
      precision_(precision),
      replicas_(static_cast<size_t>(threads > 0 ? threads : available_cores())),
      pool_(static_cast<int>(replicas_.size())) {
  // Created on the workers: a backend may configure its thread for single-threaded work, which must
  // not happen to the caller's thread.
  std::vector<std::unique_ptr<Backend>> backends(replicas_.size());
  pool_.run([&](int worker) { backends[static_cast<size_t>(worker)] = create_backend(worker); });
  // By worker: the first worker of each memory space prepares a model, the others share it.
  std::vector<std::shared_ptr<const PreparedModel>> models(replicas_.size());
  const auto first_of_space = [&](size_t index) {
    size_t first = 0;
    while (backends[first]->traits().memory_space != backends[index]->traits().memory_space) {
      ++first;
    }
    return first;
  };
  pool_.run([&](int worker) {
    const auto index = static_cast<size_t>(worker);
    if (first_of_space(index) == index) {
      models[index] = prepared != nullptr
                          ? prepared
                          : prepare_trained_model(trained_, *backends[index], precision_);
    }
  });
  for (size_t index = 0; index < models.size(); ++index) {
    models[index] = models[first_of_space(index)];
  }
  model_ = models.front();
  work_sizes_ = backends.front()->traits().work_sizes;
  device_name_ = backends.front()->name();
  const auto spaces = std::set(models.begin(), models.end()).size();
  if (spaces > 1) {
    device_name_ += fmt::format(" and {} more", spaces - 1);
  }
  fast_precisions_ = backends.front()->traits().fast;
  plain_precision_ = backends.front()->traits().plain;
  const double temperature = calibration().temperature;
  if (pool_.size() > 1) {
    now_replica_ = std::make_unique<Replica>(create_backend(0), model_, temperature);
  }
  pool_.run([&](int worker) {
    const auto index = static_cast<size_t>(worker);
    replicas_[index] =
        std::make_unique<Replica>(std::move(backends[index]), models[index], temperature);
  });
}

Predictor::~Predictor() = default;

PrecisionChoice Predictor::automatic_precision(double label_agreement) const {
  std::string passed_over;
  for (const PrecisionChoice& choice : fast_precisions_) {
    const auto& measured = calibration().label_agreement;
    const auto found = measured.find(choice.precision);
    if (found == measured.end()) {
      return {choice.precision, passed_over + choice.reason};
    }
    const std::string kept = fmt::format("{} keeps {:.4g} % of the labels of the validation rows",
                                         precision_name(choice.precision),
                                         100 * found->second);
    if (found->second >= label_agreement) {
      return {choice.precision, fmt::format("{}{}, and {}", passed_over, choice.reason, kept)};
    }
    passed_over += fmt::format("{}, fewer than {:.4g} %; ", kept, 100 * label_agreement);
  }
  return {plain_precision_.precision,
          passed_over.empty() ? plain_precision_.reason : passed_over + "fp32 keeps all"};
}

void Predictor::tokenize(std::span<const std::string_view> texts, TokenizedTexts& out) {
  const Stopwatch::Running running(tokenizer_time_);
  for (const std::string_view text : texts) {
    const size_t start = out.ids.size();
    out.starts.push_back(start);
    out.truncated.push_back(static_cast<char>(trained_->tokenizer.append_ids(text, out.ids)));
    out.lengths.push_back(static_cast<int32_t>(out.ids.size() - start));
    if (out.lengths.back() > 0) {
      continue;
    }
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("tokenize: expected special tokens around every text, found none ({})",
                            trained_->folder.encoder().string()));
  }
}

PendingRankings Predictor::start(std::span<const std::string_view> texts, RankingRequest request) {
  home_.require("IntentClassifier");  // of a call that was under way when this process was made
  auto job = std::make_shared<PendingRankings::Job>();
  tokenize(texts, job->texts);
  job->rankings = Rankings(texts.size(), config().intents.size(), request);
  job->rankings.truncated = job->texts.truncated;

  // A batch is spread over all workers when they are idle. With other batches waiting that is not
  // needed, and larger ranges run faster. On a GPU, which its workers share, it is never spread.
  const auto tokens = static_cast<int64_t>(job->texts.ids.size());
  const bool one_device = work_sizes_.prediction_workers > 0;
  const int spread = tokens_waiting_ == 0 && !one_device ? threads() : 1;
  const auto ranges = split_by_tokens(job->texts.lengths, work_sizes_.forward_tokens, spread);
  std::list<Waiting> parts;
  std::list<ThreadPool::Task> tasks;
  for (const SequenceRange range : ranges) {
    parts.push_back({job, range, job->tokens_of(range)});
    tasks.emplace_back(
        [this](int worker) { run_waiting(*replicas_[static_cast<size_t>(worker)]); });
  }
  job->expect(ranges.size());
  // Nothing from here on can fail: a part without a task would wait for ever.
  tokens_waiting_ += tokens;
  {
    const std::lock_guard lock(queue_);
    waiting_.splice(waiting_.end(), parts);
  }
  pool_.submit(std::move(tasks));
  return PendingRankings(std::move(job));
}

std::optional<Rankings> Predictor::try_run_now(std::span<const std::string_view> texts,
                                               RankingRequest request) {
  if (now_replica_ == nullptr) {
    return std::nullopt;
  }
  const std::unique_lock turn(now_, std::try_to_lock);
  if (!turn.owns_lock() || !pool_.idle()) {
    return std::nullopt;
  }
  TokenizedTexts tokens;
  tokenize(texts, tokens);
  Rankings rankings(texts.size(), config().intents.size(), request);
  rankings.truncated = tokens.truncated;
  const RangeToRun all{tokens, {0, static_cast<int64_t>(texts.size())}, rankings.places()};
  const Stopwatch::Running running(encoder_time_);
  PoolTeam team(pool_);
  now_replica_->run(all, &team);
  return rankings;
}

// Takes the next range and the following ones, of any calls, that fit into one pass with it; leaves
// one for each idle worker. Empty when other workers took them all.
std::list<Predictor::Waiting> Predictor::take_waiting() {
  const std::lock_guard lock(queue_);
  std::list<Waiting> taken;
  if (waiting_.empty()) {
    return taken;
  }
  ++running_;
  const auto idle = static_cast<size_t>(threads() - running_);
  int64_t tokens = 0;
  do {
    tokens += waiting_.front().tokens;
    taken.splice(taken.end(), waiting_, waiting_.begin());
  } while (waiting_.size() > idle &&
           tokens + waiting_.front().tokens <= work_sizes_.forward_tokens);
  return taken;
}

void Predictor::run_waiting(Replica& replica) {
  std::list<Waiting> taken = take_waiting();
  if (taken.empty()) {
    return;
  }
  {
    const Stopwatch::Running running(encoder_time_);
    run_parts(replica, taken);
  }
  {
    const std::lock_guard lock(queue_);
    --running_;
  }
  for (const Waiting& part : taken) {
    tokens_waiting_ -= part.tokens;
  }
  for (Waiting& part : taken) {
    part.job->finish_range(std::move(part.error));  // so that the caller destroys it
  }
}

// Runs `parts` in one pass. If that fails, runs each by itself, so that an error belongs to the call
// that causes it.
void Predictor::run_parts(Replica& replica, std::list<Waiting>& parts) {
  const auto range_of = [](const Waiting& part) {
    const auto [begin, end] = part.range;
    const Answers answers = part.job->rankings.places().of_texts(begin, end - begin);
    return RangeToRun{part.job->texts, part.range, answers};
  };
  if (parts.size() > 1) {
    try {
      std::vector<RangeToRun> ranges;
      for (const Waiting& part : parts) {
        if (!part.job->is_cancelled()) {
          ranges.push_back(range_of(part));
        }
      }
      if (!ranges.empty()) {
        replica.run_together(ranges);
      }
      return;
    } catch (...) {  // an error that remains is met again below
    }
  }
  for (Waiting& part : parts) {
    if (part.job->is_cancelled()) {
      continue;
    }
    try {
      replica.run(range_of(part));
    } catch (...) {
      part.error = std::current_exception();
    }
  }
}

bool Predictor::wants_more() const {
  // A full range for each worker to run, and another one to continue with.
  return tokens_waiting_ < 2 * work_sizes_.forward_tokens * threads();
}

void Predictor::warm_up(const std::function<bool()>& should_stop) {
  const std::lock_guard lock(warm_up_);
  const int longest = trained_->tokenizer.max_length();
  StopFlag stop(should_stop);
  // The first worker prepares the replica of the calling threads as well, so that this one can
  // poll. It is in use by one of them at most for a text.
  pool_.run(
      [&](int worker) {
        replicas_[static_cast<size_t>(worker)]->warm_up(longest, stop);
        if (worker == 0 && now_replica_ != nullptr) {
          const std::lock_guard turn(now_);
          now_replica_->warm_up(longest, stop);
        }
      },
      [&] { stop.poll(); });
  stop.poll();
  if (stop.is_set()) {
    throw Error(ErrorCode::interrupted, "warm_up: stopped by the caller");
  }
}

PredictorTimes Predictor::times() const {
  return {tokenizer_time_.total(), encoder_time_.total()};
}

}  // namespace fastintent
