#include "model/model_folder.h"

#include <fmt/format.h>

#include "base/replace_folder.h"
#include "checkpoint/modules_json.h"
#include "fastintent/error.h"
#include "model/family.h"
#include "model/model_weights.h"

namespace fastintent {
namespace {

[[noreturn]] void fail(const std::string& file, std::string_view expected, std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {}, found {}", file, expected, found));
}

// "sentence_transformers.models.Pooling" and the longer paths of later versions all end in the
// class name.
std::string class_of(const std::string& type) {
  return type.substr(type.rfind('.') + 1);
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

}  // namespace

ModelFolder::ModelFolder(const std::filesystem::path& folder)
    : path_(complete_folder(folder)), encoder_path_(path_) {
  std::error_code error;  // a path that cannot be examined counts as a missing folder
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::missing_input,
                fmt::format("load model: expected a folder, found none at {}", folder.string()));
  }
  const bool sentence_transformers = std::filesystem::exists(path_ / "modules.json", error);
  if (sentence_transformers) {
    read_modules();
  }
  config_json_ = JsonDocument::read(encoder_path_ / "config.json");
  config_.encoder = read_encoder_config(*config_json_);
  tensors_.emplace(encoder_path_);
  calibration_ = read_calibration(path_);
  if (!sentence_transformers) {
    trained_head_ = find_head_tensor(classifier_name(config_) + ".weight") != nullptr;
  }
  if (!trained_head_) {
    return;
  }
  config_.intents = read_intents(*config_json_);
  check_intents();
}

void ModelFolder::read_modules() {
  const std::filesystem::path file = path_ / "modules.json";
  const std::string name = file.string();
  std::vector<std::string> found;
  for (const ModuleEntry& module : read_modules_json(file, Malformed::refused)) {
    const std::string type = class_of(module.type);
    const std::filesystem::path path = module.path;
    if (path.is_absolute() || path.string().find("..") != std::string::npos) {
      fail(name, "a path within the folder", path.string());
    }
    if (type == "Transformer" && found.empty()) {
      encoder_path_ = path.empty() ? path_ : path_ / path;
    } else if (type == "Pooling" && found.size() == 1) {
      read_pooling(path_ / path / "config.json");
    } else if (type == "Dense" && found.size() == 2) {
      read_dense(path_ / path);
    } else if (type != "Normalize" || found.size() != 2) {
      // Base models end in Normalize after Pooling; it has no place before a linear head, so it is
      // skipped.
      fail(name, "Transformer, Pooling and perhaps Dense or Normalize, in this order", type);
    }
    found.push_back(type);
  }
  if (found.size() < 2) {
    fail(name, "Transformer and Pooling", fmt::format("{} modules", found.size()));
  }
}

void ModelFolder::read_pooling(const std::filesystem::path& file) {
  const JsonDocument document = JsonDocument::read(file);
  // Newer files contain the mode; older ones have a flag for each mode.
  std::string mode = document.text_or("pooling_mode", "");
  if (mode.empty()) {
    const bool cls = document.boolean_or("pooling_mode_cls_token", false);
    const bool mean = document.boolean_or("pooling_mode_mean_tokens", false);
    if (cls != mean) {
      mode = cls ? "cls" : "mean";
    }
    for (const char* other : {"pooling_mode_max_tokens",
                              "pooling_mode_mean_sqrt_len_tokens",
                              "pooling_mode_weightedmean_tokens",
                              "pooling_mode_lasttoken"}) {
      if (document.boolean_or(other, false)) {
        mode = other;
      }
    }
  }
  if (mode != "cls" && mode != "mean") {
    fail(
        document.name(), "pooling by \"cls\" or \"mean\"", mode.empty() ? "neither or both" : mode);
  }
  config_.head = mode == "cls" ? HeadKind::cls : HeadKind::mean;
}

void ModelFolder::read_dense(const std::filesystem::path& folder) {
  const JsonDocument document = JsonDocument::read(folder / "config.json");
  const std::string activation = class_of(document.text_or("activation_function", "Identity"));
  if (activation != "Identity") {
    fail(document.name(), "the activation Identity", activation);
  }
  if (!document.boolean_or("bias", true)) {
    fail(document.name(), "a Dense module with a bias", "one without");
  }
  dense_ = TensorFiles::open_file(folder / "model.safetensors");
  trained_head_ = true;
}

void ModelFolder::check_intents() const {
  const std::string name = classifier_name(config_) + ".weight";
  const StoredTensor* classifier = find_head_tensor(name);
  if (classifier == nullptr) {
    fail(dense_->description(), "a tensor " + name, "none");
  }
  const auto intents = static_cast<int64_t>(config_.intents.size());
  if (classifier->shape.empty() || classifier->shape[0] != intents || intents == 0) {
    fail(config_json_->name(),
         fmt::format("an id2label as long as {} has rows ({})",
                     name,
                     classifier->shape.empty() ? 0 : classifier->shape[0]),
         fmt::format("{} labels", intents));
  }
}

void ModelFolder::release_pages() const {
  tensors_->release_pages();
  if (dense_) {
    dense_->release_pages();
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
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: expected a maximum length of at most {} tokens (the first uses row "
                          "{} of {} positions), found {}",
                          config_json_->name(),
                          encoder.max_tokens(),
                          encoder.first_position,
                          encoder.positions,
                          tokens));
}

const StoredTensor* ModelFolder::find_encoder_tensor(const std::string& name) const {
  const std::string prefix(config_.encoder.family->prefix);
  const std::string old = tensorflow_name(name);
  for (const std::string& candidate : {name, prefix + name, old, prefix + old}) {
    if (const StoredTensor* found = tensors_->find(candidate)) {
      return found;
    }
  }
  return nullptr;
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
