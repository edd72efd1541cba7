#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "fastintent/options.h"
#include "fastintent/tokenizer.h"
#include "model/model_folder.h"
#include "model/prepared_model.h"
#include "predict/replica.h"

namespace fastintent {

/// Logits of some texts, in their order.
struct TextLogits {
  std::vector<float> values;    // [texts, C]
  std::vector<char> truncated;  // by text: it had more tokens than the model takes
};

/// Texts in, logits out: tokenises and runs a trained model on all workers. Results do not depend
/// on how texts are split between workers (law 2). One thread at a time.
class Predictor {
 public:
  /// `threads` 0: one worker for each core. `max_length` 0: the folder's own. Throws as
  /// ModelFolder, Tokenizer and create_backend do, and bad_checkpoint when the folder has no
  /// trained head.
  Predictor(const std::filesystem::path& folder, Device device, int threads, int max_length);

  TextLogits run(std::span<const std::string_view> texts);

  const ModelConfig& config() const { return model_->config; }
  const Calibration& calibration() const { return folder_.calibration(); }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const std::string& device_name() const { return device_name_; }

 private:
  void load(Device device);
  void prepare(Backend& backend);
  void tokenize(std::span<const std::string_view> texts, TextLogits& out);

  ModelFolder folder_;
  Tokenizer tokenizer_;
  ThreadPool pool_;
  std::shared_ptr<const PreparedModel> model_;
  std::vector<std::unique_ptr<Replica>> replicas_;  // by worker
  Buffer word_table_;                               // empty where the mapped file's serves
  std::string device_name_;
  std::vector<std::vector<int32_t>> ids_;  // by text of the current call; kept for its memory
  std::vector<int32_t> lengths_;
};

}  // namespace fastintent
