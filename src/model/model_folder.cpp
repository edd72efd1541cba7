#include "model/model_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checkpoint/checksum.h"
#include "checkpoint/foreign_folder.h"
#include "fastintent/error.h"
#include "fastintent/options.h"
#include "model/config_numbers.h"
#include "model/family.h"
#include "model/model_weights.h"

namespace fastintent {
namespace {

[[noreturn]] void fail(const std::string& file, std::string_view expected, std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {}, found {}", file, expected, found));
}

// The last part of a Python class's name.
std::string class_of(const std::string& type) {
  return type.substr(type.rfind('.') + 1);
}

// Says what `folder` is by its `files`, or else what it has not.
[[noreturn]] void fail_without_model(const std::filesystem::path& folder,
                                     std::string_view found,
                                     const std::vector<std::string>& files) {
  const std::optional<ForeignFolder> foreign = recognise_foreign_folder(files);
  throw Error(foreign ? ErrorCode::bad_checkpoint : ErrorCode::missing_input,
              fmt::format("load model: expected config.json and model.safetensors, found {} ({}){}",
                          foreign ? foreign->what : found,
                          folder.string(),
                          foreign ? ". " + foreign->way_out : ""));
}

// The modes of a Pooling module. Newer files name them; older ones have a flag for each.
std::vector<std::string> pooling_modes(const JsonDocument& document) {
  std::vector<std::string> modes;
  if (document.has("pooling_mode")) {
    for (const std::string& mode : document.texts("pooling_mode", "names of modes")) {
      modes.push_back(mode.substr(0, kMaxShown));
    }
    return modes;
  }
  for (const auto& [flag, mode] : {std::pair{"pooling_mode_cls_token", "cls"},
                                   {"pooling_mode_mean_tokens", "mean"},
                                   {"pooling_mode_max_tokens", "max"},
                                   {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
                                   {"pooling_mode_weightedmean_tokens", "weightedmean"},
                                   {"pooling_mode_lasttoken", "lasttoken"}}) {
    if (document.boolean_or(flag, false)) {
      modes.emplace_back(mode);
    }
  }
  if (modes.empty()) {
    modes.emplace_back("mean");
  }
  return modes;
}

// Checkpoints converted from TensorFlow call a norm's scale gamma and its shift beta.
std::string tensorflow_name(const std::string& name) {
  for (const auto& [suffix, old] : {std::pair{"LayerNorm.weight", "LayerNorm.gamma"},
                                    std::pair{"LayerNorm.bias", "LayerNorm.beta"}}) {
    if (name.ends_with(suffix)) {
      return name.substr(0, name.size() - std::string_view(suffix).size()) + old;
    }
  }
  return name;
}

// What to do about the prefix of a wrapper.
std::string_view way_out_of(std::string_view prefix) {
  if (prefix.starts_with("module.")) {
    return ", of torch's DataParallel. Save the model inside it, "
           "model.module.save_pretrained(FOLDER), or rename the tensors";
  }
  if (prefix.starts_with("_orig_mod.")) {
    return ", of torch.compile. Save the model inside it, "
           "model._orig_mod.save_pretrained(FOLDER), or rename the tensors";
  }
  return ". Save the model itself with save_pretrained(FOLDER), or rename the tensors";
}

}  // namespace

ModelFolder::ModelFolder(const std::filesystem::path& folder)
    : ModelFolder(load_unchanged(folder, [](const SnapshotPath& at) { return ModelFolder(at); })) {}

ModelFolder::ModelFolder(const SnapshotPath& folder)
    : folder_(folder), encoder_(folder), sentence_(read_sentence_folder(folder)) {
  if (sentence_) {
    encoder_ = folder_ / sentence_->encoder;
  }
  require_model_files();
  config_json_ = JsonDocument::read(encoder_ / "config.json");
  config_.encoder = read_encoder_config(*config_json_);
  if (sentence_) {
    read_modules();
  }
  tensors_.emplace(encoder_);
  require_plain_names();
  calibration_ = read_calibration(folder_);
  try {
    config_.intents = read_classifier();
  } catch (const Error& reason) {
    no_classifier_ = reason;  // a base needs none
  }
}

// Throws for a folder of transformers that has not the files of a model.
void ModelFolder::require_model_files() const {
  if ((encoder_ / "adapter_config.json").exists()) {
    // transformers would add the adapter to the weights.
    fail_without_model(encoder_.path(), "an adapter", {"adapter_config.json"});
  }
  if (!(encoder_ / "config.json").exists()) {
    fail_without_model(encoder_.path(), "no config.json", list_files(encoder_.path()));
  }
  if (!(encoder_ / "model.safetensors").exists() &&
      !(encoder_ / "model.safetensors.index.json").exists()) {
    fail_without_model(encoder_.path(), "no model.safetensors", list_files(encoder_.path()));
  }
}

// Wrappers of a model save its tensors under their own prefix.
void ModelFolder::require_plain_names() const {
  const std::string word(config_.encoder.family->encoder.word);
  if (find_encoder_tensor(word) != nullptr) {
    return;
  }
  for (const auto& [name, stored] : tensors_->tensors()) {
    if (!name.ends_with("." + word)) {
      continue;
    }
    std::string_view prefix = std::string_view(name).substr(0, name.size() - word.size());
    if (prefix.ends_with(config_.encoder.family->prefix)) {
      prefix.remove_suffix(config_.encoder.family->prefix.size());
    }
    fail(tensors_->description(),
         fmt::format("a tensor {}", word),
         fmt::format("{}: the names begin with \"{}\"{}", name, prefix, way_out_of(prefix)));
  }
}

std::vector<std::string> ModelFolder::read_classifier() const {
  const std::string name = classifier_name(config_) + ".weight";
  if (sentence_ ? !dense_ : find_head_tensor(name) == nullptr) {
    fail_without_classifier();
  }
  if (!sentence_) {
    require_intent_classifier(*config_json_);
  }
  std::vector<std::string> intents = read_intents(*config_json_);
  check_intents(intents);
  return intents;
}

void ModelFolder::fail_without_classifier() const {
  for (const char* file : {"model_head.pkl", "config_setfit.json"}) {
    if ((folder_ / file).exists()) {
      throw Error(ErrorCode::bad_checkpoint,
                  fmt::format("load classifier: expected a folder with a trained classifier, found "
                              "a model of SetFit ({}), whose classifier is a pickle and is not "
                              "read, since opening it can run any code ({}); train one on this "
                              "folder",
                              file,
                              folder_.string()));
    }
  }
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("load classifier: expected a folder with a trained classifier, found a "
                          "model without one ({}); train it first",
                          folder_.string()));
}

void ModelFolder::require_classifier() const {
  if (no_classifier_) {
    throw *no_classifier_;
  }
}

void ModelFolder::require_plain_texts(const char* operation) const {
  if (!sentence_ || (sentence_->prompt.empty() && !sentence_->lower_case)) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: expected the pooling cls or mean, since the base {}, which only a "
                          "folder of sentence-transformers can say, found pooler ({})",
                          operation,
                          sentence_->prompt.empty() ? "lower-cases every text"
                                                    : "puts a prompt before every text",
                          folder_.string()));
}

void ModelFolder::read_modules() {
  const std::string name = (folder_ / "modules.json").string();
  size_t found = 0;
  for (const ModuleEntry& module : sentence_->modules) {
    const std::filesystem::path path = module.path;
    if (module.type == "Pooling" && found == 1) {
      read_pooling(folder_ / path / "config.json");
    } else if (module.type == "Dense" && found == 2) {
      read_dense(folder_ / path);
    } else if (found > 0 && (module.type != "Normalize" || found != 2)) {
      // Base models end in Normalize after Pooling; it has no place before a linear head, so it is
      // skipped.
      fail(name,
           "Transformer, Pooling and perhaps Dense or Normalize, in this order",
           module.type.substr(0, kMaxShown));
    }
    ++found;
  }
  if (found < 2) {
    fail(name, "Transformer and Pooling", fmt::format("{} modules", found));
  }
}

void ModelFolder::read_pooling(const SnapshotPath& file) {
  const JsonDocument document = JsonDocument::read(file);
  const std::vector<std::string> modes = pooling_modes(document);
  if (modes.size() != 1 || (modes[0] != "cls" && modes[0] != "mean")) {
    fail(document.name(),
         "pooling by \"cls\" or \"mean\"",
         fmt::format("{}", fmt::join(modes, " and ")));
  }
  const auto include_prompt = document.value().find("include_prompt");
  const bool excludes = include_prompt != document.value().end() && *include_prompt != true;
  if (excludes && !sentence_->prompt.empty()) {
    fail(document.name(), "true as include_prompt, since the folder has a prompt", "another value");
  }
  config_.head = modes[0] == "cls" ? HeadKind::cls : HeadKind::mean;
}

void ModelFolder::read_dense(const SnapshotPath& folder) {
  const JsonDocument document = JsonDocument::read(folder / "config.json");
  // Without one, and for classes outside torch, sentence-transformers uses Tanh.
  const std::string activation = document.text_or("activation_function", "none, which means Tanh");
  if (!activation.starts_with("torch.") || class_of(activation) != "Identity") {
    fail(document.name(), "the activation torch.nn.Identity", activation.substr(0, kMaxShown));
  }
  if (!document.boolean_or("bias", true)) {
    fail(document.name(), "a Dense module with a bias", "one without");
  }
  if (document.boolean_or("use_residual", false)) {
    fail(document.name(), "a Dense module without a residual", "one with use_residual");
  }
  for (const char* key : {"module_input_name", "module_output_name"}) {
    require_text(document, key, "sentence_embedding");
  }
  if (!(folder / "model.safetensors").exists()) {
    fail_without_model(folder.path(), "no model.safetensors", list_files(folder.path()));
  }
  dense_ = TensorFiles::open_file(folder / "model.safetensors");
}

void ModelFolder::check_intents(const std::vector<std::string>& labels) const {
  const std::string name = classifier_name(config_) + ".weight";
  const StoredTensor* classifier = find_head_tensor(name);
  if (classifier == nullptr) {
    fail(dense_->description(), "a tensor " + name, "none");
  }
  const auto intents = static_cast<int64_t>(labels.size());
  if (classifier->shape.empty() || classifier->shape[0] != intents || intents == 0) {
    fail(config_json_->name(),
         fmt::format("an id2label as long as {} has rows ({})",
                     name,
                     classifier->shape.empty() ? 0 : classifier->shape[0]),
         fmt::format("{} labels", intents));
  }
}

std::vector<const StoredTensor*> ModelFolder::all_tensors() const {
  std::vector<const StoredTensor*> all;
  for (const auto* files : {&tensors_, &dense_}) {
    if (files->has_value()) {
      for (const auto& [name, stored] : (*files)->tensors()) {
        all.push_back(&stored);
      }
    }
  }
  return all;
}

std::string ModelFolder::fingerprint() const {
  std::string parts = fmt::format("{}\n{} {} {}\n",
                                  config_json_->value().dump(),
                                  static_cast<int>(config_.head),
                                  calibration_.temperature,
                                  calibration_.review_threshold.value_or(-1));
  for (const auto& [precision, share] : calibration_.label_agreement) {
    parts += fmt::format("{} {}\n", precision_name(precision), share);
  }
  for (const auto& [name, content] : tokenizer_files()) {
    parts += fmt::format("{} {}\n", name, checksum(*content));
  }
  for (const StoredTensor* stored : all_tensors()) {
    parts += fmt::format("{} {} {}\n", stored->name, stored->type_name, checksum(*stored));
  }
  require_unchanged_weights("fingerprint");
  return checksum(parts);
}

std::map<std::string, std::shared_ptr<const std::string>> ModelFolder::tokenizer_files() const {
  std::map<std::string, std::shared_ptr<const std::string>> files;
  for (const char* name : {"tokenizer.json",
                           "vocab.txt",
                           "vocab.json",
                           "merges.txt",
                           "sentencepiece.bpe.model",
                           "spiece.model",
                           "spm.model",
                           "special_tokens_map.json",
                           "added_tokens.json",
                           "tokenizer_config.json"}) {
    const SnapshotPath file = encoder_ / name;
    if (file.exists()) {
      files.emplace(name, file.text(kMaxJsonBytes));
    }
  }
  return files;
}

void ModelFolder::require_unchanged_weights(const char* operation) const {
  tensors_->require_unchanged(operation);
  if (dense_) {
    dense_->require_unchanged(operation);
  }
}

void ModelFolder::require_vocabulary(int64_t tokenizer_size) const {
  if (tokenizer_size <= config_.encoder.vocabulary) {
    return;
  }
  fail(config_json_->name(),
       fmt::format("a vocab_size that holds the tokenizer's {} ids", tokenizer_size),
       fmt::format("{}", config_.encoder.vocabulary));
}

void ModelFolder::require_length(int tokens) const {
  const EncoderConfig& encoder = config_.encoder;
  if (tokens <= encoder.max_tokens()) {
    return;
  }
  if (encoder.positions == 0) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{}: expected a maximum length of at most {} tokens, found {}",
                            config_json_->name(),
                            encoder.max_tokens(),
                            tokens));
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: expected a maximum length of at most {} tokens (the first uses row "
                          "{} of {} positions), found {}",
                          config_json_->name(),
                          encoder.max_tokens(),
                          encoder.positions - encoder.max_tokens(),
                          encoder.positions,
                          tokens));
}

const StoredTensor* ModelFolder::find_encoder_tensor(const std::string& name) const {
  const std::string prefix(config_.encoder.family->prefix);
  const std::string old = tensorflow_name(name);
  const StoredTensor* tensor = nullptr;
  for (const std::string& candidate : {name, prefix + name, old, prefix + old}) {
    const StoredTensor* found = tensors_->find(candidate);
    if (tensor != nullptr && found != nullptr && found != tensor) {
      // transformers takes the one that comes first in the file.
      fail(tensors_->description(),
           "each tensor under one name",
           fmt::format("both {} and {}", tensor->name, found->name));
    }
    tensor = tensor != nullptr ? tensor : found;
  }
  return tensor;
}

const StoredTensor* ModelFolder::find_head_tensor(const std::string& name) const {
  if (name.starts_with("linear.")) {
    return dense_ ? dense_->find(name) : nullptr;
  }
  // Tensors of the encoder may carry its prefix; the other head tensors never do.
  if (config_.encoder.family->is_in_encoder(name)) {
    return find_encoder_tensor(name);
  }
  return tensors_->find(name);
}

}  // namespace fastintent
