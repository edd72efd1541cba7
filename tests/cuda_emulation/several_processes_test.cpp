#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "api/tiny_training.h"
#include "emulated_device.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"
#include "model/load_weights.h"
#include "processes/launch_environment.h"
#include "processes/tcp_connection.h"

// Processes as torchrun starts them, on two emulated GPUs: the model that they train, and how they
// stop.
namespace fastintent {
namespace {

// How a process ended.
enum Ending { kDone, kUnexpected, kStopped, kRefused };

const std::vector<int> kBothDone = {kDone, kDone};
const std::vector<int> kBothStopped = {kStopped, kStopped};
const std::vector<int> kBothRefused = {kRefused, kRefused};

Ending ending_of(const std::function<void()>& work) {
  try {
    work();
    return kDone;
  } catch (const Error& error) {
    std::fprintf(stderr, "process %s: %s\n", ::getenv("RANK"), error.what());
    if (error.code() == ErrorCode::interrupted) {
      return kStopped;
    }
    if (error.code() == ErrorCode::invalid_argument) {
      return kRefused;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "process %s: %s\n", ::getenv("RANK"), error.what());
  }
  return kUnexpected;
}

// Runs `work` in `size` processes; returns how each ended, by rank.
std::vector<int> launch(int size, const std::function<void(int rank)>& work) {
  const int port = TcpListener("127.0.0.1", 0).port();
  std::vector<pid_t> processes;
  for (int rank = 0; rank < size; ++rank) {
    const pid_t process = ::fork();
    if (process == 0) {
      set_launch_environment({{"RANK", std::to_string(rank)},
                              {"WORLD_SIZE", std::to_string(size)},
                              {"LOCAL_RANK", std::to_string(rank)},
                              {"MASTER_ADDR", "127.0.0.1"},
                              {"MASTER_PORT", std::to_string(port - 1)},
                              {"FASTINTENT_LAUNCH_SECRET", "known to both of them"}});
      cuda::emulation::set_device_count(2);
      ::_exit(ending_of([&] { work(rank); }));
    }
    processes.push_back(process);
  }
  std::vector<int> endings;
  for (const pid_t process : processes) {
    int status = 0;
    ::waitpid(process, &status, 0);
    endings.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : kUnexpected);
  }
  return endings;
}

class SeveralProcesses : public testing::Test {
 protected:
  // Without dropout, which each process draws separately. The batch is odd: one process has more of
  // it.
  TrainingOptions options(const std::string& name) const {
    TrainingOptions tiny = tiny_options(folder_ / name);
    tiny.device = Device::cuda;
    tiny.epochs = 2;
    tiny.batch_size = 15;
    tiny.dropout = 0;
    return tiny;
  }

  using Change = std::function<void(TrainingOptions& options, int rank)>;

  // Trains in `size` processes with these options, changed for each by `change`; returns how each
  // ended. Once process 0 has done step `stop_after`, only the last process is requested to stop,
  // unless it has been asked fewer than `patience` times since.
  std::vector<int> train(
      const TrainingOptions& options,
      int size,
      int64_t stop_after = 0,
      const Change& change = [](TrainingOptions&, int) {},
      int patience = 0) const {
    const std::filesystem::path reached = folder_ / "reached";
    std::filesystem::remove(reached);
    return launch(size, [&](int rank) {
      TrainingOptions chosen = options;
      change(chosen, rank);
      TrainingCallbacks callbacks;
      callbacks.on_step = [&](const StepReport& step) {
        if (step.step == stop_after) {
          std::ofstream(reached) << "yes";
        }
      };
      int seen = 0;
      callbacks.should_stop = [&] {
        return rank == size - 1 && std::filesystem::exists(reached) && ++seen > patience;
      };
      Trainer(chosen, callbacks).train(data_);
    });
  }

  const TemporaryFolder folder_;
  const LabelledTexts data_ = tiny_texts();
};

std::vector<float> weights_in(const std::filesystem::path& path) {
  const ModelFolder folder(path);
  const ModelConfig& config = folder.config();
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  load_trained_weights(folder, config, weights.weights);
  std::vector<float> all(weights.flat.data(), weights.flat.data() + weights.flat.size());
  all.insert(all.end(), weights.word.data(), weights.word.data() + weights.word.size());
  return all;
}

TEST_F(SeveralProcesses, TrainAsOne) {
  const auto work = [&](const char* name) {
    return [this, name](int rank) {
      int steps = 0;
      TrainingCallbacks callbacks;
      callbacks.on_step = [&](const StepReport&) { ++steps; };
      const TrainingReport report = Trainer(options(name), callbacks).train(data_);
      const std::string gpu = "cuda:" + std::to_string(rank) + " (emulated)";
      const bool good = report.device_name == gpu && report.steps == 16 &&
                        steps == (rank == 0 ? 16 : 0) &&
                        std::filesystem::exists(options(name).output / "config.json");
      if (!good) {
        throw std::runtime_error("unexpected report or callbacks of " + gpu);
      }
    };
  };
  EXPECT_EQ(launch(1, work("alone")), std::vector<int>{kDone});
  EXPECT_EQ(launch(2, work("together")), kBothDone);
  // AdamW divides by the root of small second moments, which makes rounding larger.
  EXPECT_LT(relative_distance(weights_in(folder_ / "together"), weights_in(folder_ / "alone"), 0),
            1e-3);
  EXPECT_FALSE(std::filesystem::exists(training_folder_of(folder_ / "together")));
  EXPECT_FALSE(std::filesystem::exists(training_folder_of(folder_ / "together").string() + ".1"));
}

TEST_F(SeveralProcesses, StopTogetherAndGoOn) {
  TrainingOptions stopped = options("stopped");
  EXPECT_EQ(train(options("whole"), 2), kBothDone);
  EXPECT_EQ(train(stopped, 2, 11), kBothStopped);
  const std::filesystem::path first = training_folder_of(stopped.output);
  const std::filesystem::path second = first.string() + ".1";
  EXPECT_EQ(read_whole(first / "state/tensors.safetensors"),
            read_whole(second / "state/tensors.safetensors"))
      << "not the same bits in both";
  EXPECT_FALSE(std::filesystem::exists(stopped.output));

  stopped.resume = true;
  EXPECT_EQ(train(stopped, 2), kBothDone);
  EXPECT_EQ(folder_bytes(stopped.output), folder_bytes(folder_ / "whole"));
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_FALSE(std::filesystem::exists(second));
}

TEST_F(SeveralProcesses, StopTogetherInAValidation) {
  EXPECT_EQ(train(options("whole"), 2), kBothDone);
  TrainingOptions stopped = options("stopped");
  // The last process may see the file after step 7 or not, then after step 8, the last of the epoch,
  // then in the validation.
  EXPECT_EQ(train(stopped, 2, 7, [](TrainingOptions&, int) {}, 2), kBothStopped);
  stopped.resume = true;
  EXPECT_EQ(train(stopped, 2), kBothDone);
  EXPECT_EQ(folder_bytes(stopped.output), folder_bytes(folder_ / "whole"));
}

// Processes that are killed while they save have the newest state in some of their folders only.
TEST_F(SeveralProcesses, ContinueFromTheNewestStateThatAllHave) {
  namespace fs = std::filesystem;
  EXPECT_EQ(train(options("whole"), 2), kBothDone);
  const auto expected = folder_bytes(folder_ / "whole");
  TrainingOptions killed = options("killed");
  const fs::path first = training_folder_of(killed.output);
  const fs::path second = first.string() + ".1";
  EXPECT_EQ(train(killed, 2, 3), kBothStopped);
  killed.resume = true;
  EXPECT_EQ(train(killed, 2, 11), kBothStopped);
  fs::copy(second / "previous", folder_ / "older");
  fs::copy(first, folder_ / "first", fs::copy_options::recursive);
  fs::copy(second, folder_ / "second", fs::copy_options::recursive);

  // The second process was killed before it renamed its older state, or after that.
  for (const char* name : {"state", "previous"}) {
    SCOPED_TRACE(name);
    fs::remove_all(second / "state");
    fs::remove_all(second / "previous");
    fs::copy(folder_ / "older", second / name);
    EXPECT_EQ(train(killed, 2), kBothDone);
    EXPECT_EQ(folder_bytes(killed.output), expected);
    EXPECT_FALSE(fs::exists(first));
    EXPECT_FALSE(fs::exists(second));
    fs::remove_all(killed.output);
    fs::copy(folder_ / "first", first, fs::copy_options::recursive);
    fs::copy(folder_ / "second", second, fs::copy_options::recursive);
  }
  // Its folder was lost, which no kill does.
  fs::remove_all(second);
  EXPECT_EQ(train(killed, 2), kBothRefused);
  // Killed in its first state.
  fs::remove_all(first / "previous");
  fs::remove_all(second);
  EXPECT_EQ(train(killed, 2), kBothDone);
  EXPECT_EQ(folder_bytes(killed.output), expected);
}

TEST_F(SeveralProcesses, RefuseToTrainDifferentThings) {
  const TrainingOptions tried = options("refused");
  const Change other_seed = [](TrainingOptions& chosen, int rank) {
    chosen.seed += static_cast<uint64_t>(rank);
  };
  EXPECT_EQ(train(tried, 2, 0, other_seed), kBothRefused);
  EXPECT_EQ(train(tried, 2, 1), kBothStopped);
  const Change one_begins_anew = [](TrainingOptions& chosen, int rank) {
    chosen.resume = rank == 0;
    chosen.overwrite = rank == 1;
  };
  EXPECT_EQ(train(tried, 2, 0, one_begins_anew), kBothRefused);
  EXPECT_FALSE(std::filesystem::exists(tried.output));
}

// One process does not resume a run that several processes stopped: it would have other dropout and
// sums.
TEST_F(SeveralProcesses, ResumeWithAsManyAsBefore) {
  TrainingOptions stopped = options("stopped");
  EXPECT_EQ(train(stopped, 2, 1), kBothStopped);
  stopped.resume = true;
  EXPECT_EQ(train(stopped, 1), std::vector<int>{kRefused});
}

TEST_F(SeveralProcesses, OnlyTheFirstUsesTheModel) {
  const auto endings = launch(2, [&](int rank) {
    ClassifierOptions chosen;
    chosen.device = Device::cuda;
    IntentClassifier classifier(chosen);
    TrainingOptions training = options("");
    training.output.clear();
    training.epochs = 1;
    if (classifier.train(data_, nullptr, training).steps != 8) {
      throw std::runtime_error("unexpected report");
    }
    if (classifier.is_loaded() != (rank == 0)) {
      throw std::runtime_error("unexpected model");
    }
  });
  EXPECT_EQ(endings, kBothDone);
}

}  // namespace
}  // namespace fastintent
