#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/json_document.h"
#include "checkpoint/sentence_folder.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"
#include "model/calibration.h"
#include "model/model_config.h"

namespace fastintent {

/// An opened Hugging Face model folder: its configuration and the location of its tensors. There
/// are two forms: a transformers folder (config.json, model.safetensors), with or without a
/// classifier, and a sentence-transformers folder (modules.json with Transformer, Pooling, then
/// perhaps Dense or Normalize). All files are those of one snapshot of the folder, which keeps the
/// small ones in memory and the weights open: what is read later belongs to the same model, even if
/// the folder has been replaced or removed since. Immutable after construction.
class ModelFolder {
 public:
  /// Throws missing_input or bad_checkpoint.
  explicit ModelFolder(const SnapshotPath& folder);
  /// Of a new snapshot; loads again when the folder changes meanwhile. Throws io_error, too.
  explicit ModelFolder(const std::filesystem::path& folder);

  /// Sizes, the folder's own head and, with a trained head, its intents.
  const ModelConfig& config() const { return config_; }
  bool has_trained_head() const { return !no_classifier_; }
  /// Throws bad_checkpoint with the reason unless has_trained_head().
  void require_classifier() const;
  /// Throws invalid_argument when the folder's texts are changed before the tokenizer, by a prompt
  /// for example: only a folder of sentence-transformers can be saved with that.
  void require_plain_texts(const char* operation) const;
  /// What the files of sentence-transformers say; nothing for a folder of transformers.
  const std::optional<SentenceFolder>& sentence() const { return sentence_; }
  const Calibration& calibration() const { return calibration_; }

  std::filesystem::path path() const { return folder_.path(); }
  const SnapshotPath& folder() const { return folder_; }
  /// The folder of config.json, the tokenizer and the encoder's tensors: `folder()`, or a folder in
  /// it.
  const SnapshotPath& encoder() const { return encoder_; }
  const JsonDocument& config_json() const { return *config_json_; }
  /// The tokenizer's files that there are, by name, with their contents. Throws as SnapshotPath::text.
  std::map<std::string, std::shared_ptr<const std::string>> tokenizer_files() const;

  /// Throws io_error when something wrote to the weights since they were opened: what was read last
  /// may be another model's.
  void require_unchanged_weights(const char* operation) const;

  /// Throws bad_checkpoint when a tokenizer of `tokenizer_size` ids can return ids that the word
  /// table lacks.
  void require_vocabulary(int64_t tokenizer_size) const;

  /// Throws invalid_argument when a text of `tokens` tokens needs more positions than the model
  /// has.
  void require_length(int tokens) const;

  /// Finds an encoder tensor by its name without prefix, under any name used on the hub; nullptr
  /// when there is none.
  const StoredTensor* find_encoder_tensor(const std::string& name) const;
  /// All tensors that accompany config.json, as stored.
  const std::map<std::string, StoredTensor, std::less<>>& encoder_tensors() const {
    return tensors_->tensors();
  }
  /// These and those of a Dense module.
  std::vector<const StoredTensor*> all_tensors() const;
  /// Identifies the model by its content: configuration, tokenizer, calibration and weights, all of
  /// which it reads. Folders with the same content have the same. Throws io_error.
  std::string fingerprint() const;
  /// Finds a tensor of the head by a name of name_head_tensors; nullptr when there is none.
  const StoredTensor* find_head_tensor(const std::string& name) const;

 private:
  void read_modules();
  void read_pooling(const SnapshotPath& file);
  void read_dense(const SnapshotPath& folder);
  void require_model_files() const;
  void require_plain_names() const;
  std::vector<std::string> read_classifier() const;
  [[noreturn]] void fail_without_classifier() const;
  void check_intents(const std::vector<std::string>& labels) const;

  SnapshotPath folder_;
  SnapshotPath encoder_;
  std::optional<SentenceFolder> sentence_;
  std::optional<JsonDocument> config_json_;
  std::optional<TensorFiles> tensors_;
  std::optional<TensorFiles> dense_;
  ModelConfig config_;
  std::optional<Error> no_classifier_;  // why there is no classifier
  Calibration calibration_;
};

}  // namespace fastintent
