#include "predict/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

// How soon a warm-up that waits for another one notices that it should stop.
constexpr std::chrono::milliseconds kPollForTurn{5};

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

Predictor::Predictor(std::shared_ptr<const TrainedModel> trained,
                     const BackendFactory& create_backend,
                     Precision precision,
                     std::shared_ptr<WorkQueue> queue,
                     std::shared_ptr<const PreparedModel> prepared)
    : queue_(std::move(queue)),
      trained_(std::move(trained)),
      precision_(precision),
      replicas_(std::make_shared<ModelReplicas>()) {
  std::vector<std::unique_ptr<Replica>>& replicas = replicas_->by_worker;
  replicas.resize(static_cast<size_t>(threads()));
  // On other threads than the caller's, because a backend may configure its thread for
  // single-threaded work, and than the queue's, which may be answering for another model.
  ThreadPool pool(threads());
  std::vector<std::unique_ptr<Backend>> backends(replicas.size());
  pool.run([&](int worker) { backends[static_cast<size_t>(worker)] = create_backend(worker); });
  // By worker: the first worker of each memory space prepares a model, the others share it.
  std::vector<std::shared_ptr<const PreparedModel>> models(replicas.size());
  const auto first_of_space = [&](size_t index) {
    size_t first = 0;
    while (backends[first]->traits().memory_space != backends[index]->traits().memory_space) {
      ++first;
    }
    return first;
  };
  pool.run([&](int worker) {
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
  replicas_->tokens_of_pass = work_sizes_.forward_tokens;
  device_name_ = backends.front()->name();
  const auto spaces = std::set(models.begin(), models.end()).size();
  if (spaces > 1) {
    device_name_ += fmt::format(" and {} more", spaces - 1);
  }
  fast_precisions_ = backends.front()->traits().fast;
  plain_precision_ = backends.front()->traits().plain;
  const double temperature = calibration().temperature;
  if (pool.size() > 1) {
    now_replica_ = std::make_unique<Replica>(create_backend(0), model_, temperature);
  }
  pool.run([&](int worker) {
    const auto index = static_cast<size_t>(worker);
    replicas[index] =
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

PendingRankings Predictor::start(std::span<const std::string_view> texts,
                                 RankingRequest request,
                                 Schedule schedule) {
  // A call may have been under way when this process was made.
  queue_->require_this_process("IntentClassifier");
  const bool bounded = schedule.bounded;
  TokenizedTexts tokens;
  tokenize(texts, tokens);
  Rankings empty(texts.size(), config().intents.size(), request);
  empty.describe(tokens);
  const auto job =
      std::make_shared<RankingJob>(std::move(tokens), std::move(empty), std::move(schedule));

  // A batch is spread over all workers when they are idle. With other batches waiting that is not
  // needed, and larger ranges run faster. On a GPU, which its workers share, it is never spread.
  const bool one_device = work_sizes_.prediction_workers > 0;
  const int spread = queue_->tokens() == 0 && !one_device ? threads() : 1;
  const auto ranges = split_by_tokens(job->texts.lengths, work_sizes_.forward_tokens, spread);
  std::list<WorkQueue::Part> parts;
  for (const SequenceRange range : ranges) {
    parts.push_back({replicas_, job, range, job->tokens_of(range)});
  }
  job->expect(ranges.size());
  queue_->submit(std::move(parts), bounded);
  return PendingRankings(job);
}

std::optional<Rankings> Predictor::try_run_now(std::span<const std::string_view> texts,
                                               RankingRequest request) {
  if (now_replica_ == nullptr) {
    return std::nullopt;
  }
  const std::unique_lock turn(now_, std::try_to_lock);
  if (!turn.owns_lock() || !queue_->pool().idle()) {
    return std::nullopt;
  }
  TokenizedTexts tokens;
  tokenize(texts, tokens);
  Rankings rankings(texts.size(), config().intents.size(), request);
  rankings.describe(tokens);
  const RangeToRun all{tokens, {0, static_cast<int64_t>(texts.size())}, rankings.places()};
  const Stopwatch::Running running(replicas_->time);
  PoolTeam team(queue_->pool());
  now_replica_->run(all, &team);
  replicas_->tokens += std::ssize(tokens.ids);
  return rankings;
}

bool Predictor::wants_more() const {
  // A full range for each worker to run, and another one to continue with.
  return queue_->tokens() < 2 * work_sizes_.forward_tokens * threads();
}

void Predictor::warm_up(const std::function<bool()>& should_stop) {
  StopFlag stop(should_stop);
  const auto throw_if_stopped = [&stop] {
    stop.poll();
    if (stop.is_set()) {
      throw Error(ErrorCode::interrupted, "warm_up: stopped by the caller");
    }
  };
  // Another call may keep its turn for long, and for ever where its `should_stop` does not return, as in a thread of
  // Python that outlives the interpreter. So this one polls while it waits.
  std::unique_lock lock(warm_up_, std::try_to_lock);
  while (!lock.owns_lock()) {
    throw_if_stopped();
    std::this_thread::sleep_for(kPollForTurn);
    lock.try_lock();
  }
  const int longest = trained_->tokenizer.max_length();
  // The first worker prepares the replica of the calling threads as well, so that this one can
  // poll. It is in use by one of them at most for a text.
  queue_->pool().run(
      [&](int worker) {
        replicas_->by_worker[static_cast<size_t>(worker)]->warm_up(longest, stop);
        if (worker == 0 && now_replica_ != nullptr) {
          const std::lock_guard turn(now_);
          now_replica_->warm_up(longest, stop);
        }
      },
      [&] { stop.poll(); });
  throw_if_stopped();
}

PredictorTimes Predictor::times() const {
  return {tokenizer_time_.total(), replicas_->time.total()};
}

double Predictor::tokens_per_second() const {
  const std::chrono::duration<double> time = replicas_->time.total();
  return time.count() > 0 ? static_cast<double>(replicas_->tokens) / time.count() : 0;
}

}  // namespace fastintent
