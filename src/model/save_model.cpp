#include "model/save_model.h"

#include <fmt/format.h>

#include "base/file_writer.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/error.h"
#include "model/family.h"
#include "model/saved_tokenizer.h"

namespace fastintent {
namespace {

using nlohmann::json;

constexpr const char* kWeightsFile = "model.safetensors";
// The modules of a folder of sentence-transformers.
const std::string kPooling = "1_Pooling";
const std::string kDense = "2_Dense";

std::string config_of(const std::string& module) {
  return module + "/config.json";
}

TensorToWrite to_write(const NamedTensor& named, const std::string& prefix) {
  const Tensor& tensor = named.tensor;
  std::vector<int64_t> shape{tensor.columns};
  if (!named.is_vector) {
    shape.insert(shape.begin(), tensor.rows);
  }
  return {prefix + named.name, shape, tensor.flat()};
}

// Format of transformers: encoder tensors under the family's prefix, the head's tensors beside
// them.
void write_classifier_weights(const std::filesystem::path& out,
                              const ModelConfig& config,
                              const ModelWeights& weights) {
  const Family& family = *config.encoder.family;
  const std::string prefix(family.prefix);
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& named : name_encoder_tensors(weights.encoder, config.encoder)) {
    tensors.push_back(to_write(named, prefix));
  }
  for (const NamedTensor& named : name_head_tensors(weights.head, config)) {
    tensors.push_back(to_write(named, family.is_in_encoder(named.name) ? prefix : ""));
  }
  write_safetensors(out / kWeightsFile, tensors);
}

// The pooler of the base's encoder: a cls or mean head does not use it, but transformers' model has
// it.
void keep_unused(ModelFiles& files, const ModelFolder& base, const ModelConfig& config) {
  const std::string_view pooler = config.encoder.family->encoder.pooler;
  if (pooler.empty()) {
    return;
  }
  for (const char* part : {".weight", ".bias"}) {
    const std::string name = std::string(pooler) + part;
    const StoredTensor* stored = base.find_encoder_tensor(name);
    if (stored == nullptr) {
      continue;
    }
    int64_t size = 1;
    for (const int64_t extent : stored->shape) {
      size *= extent;
    }
    std::vector<float> values(static_cast<size_t>(size));
    const int64_t rows = stored->shape.size() == 2 ? stored->shape[0] : 1;
    read_tensor(*stored, Tensor(values.data(), rows, rows == 0 ? 0 : size / rows));
    files.unused.push_back({name, stored->shape, std::move(values)});
  }
}

void write_sentence_weights(const std::filesystem::path& out,
                            const ModelFiles& files,
                            const ModelConfig& config,
                            const ModelWeights& weights) {
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& named : name_encoder_tensors(weights.encoder, config.encoder)) {
    tensors.push_back(to_write(named, ""));
  }
  for (const ModelFiles::Unused& tensor : files.unused) {
    tensors.push_back({tensor.name, tensor.shape, tensor.values});
  }
  write_safetensors(out / kWeightsFile, tensors);

  std::vector<TensorToWrite> dense;
  for (const NamedTensor& named : name_head_tensors(weights.head, config)) {
    dense.push_back(to_write(named, ""));
  }
  write_safetensors(out / kDense / kWeightsFile, dense);
}

void add_sentence_config(ModelFiles& files, const SentenceFolder& texts, int max_length) {
  JsonWriter transformer;
  transformer.begin_object();
  transformer.member("max_seq_length", max_length);
  transformer.member("do_lower_case", texts.lower_case);
  transformer.end_object();
  files.texts["sentence_bert_config.json"] = json_text(transformer);
  if (texts.prompt.empty()) {
    return;
  }
  JsonWriter prompts;
  prompts.begin_object();
  prompts.key("prompts");
  prompts.begin_object();
  prompts.member(texts.prompt_name, texts.prompt);
  prompts.end_object();
  prompts.member("default_prompt_name", texts.prompt_name);
  prompts.end_object();
  files.texts["config_sentence_transformers.json"] = json_text(prompts);
}

void add_modules(ModelFiles& files,
                 const ModelFolder& base,
                 const ModelConfig& config,
                 int max_length) {
  JsonWriter modules;
  modules.begin_array();
  const auto add = [&](int index, const std::string& path, const char* type) {
    modules.begin_object();
    modules.member("idx", index);
    modules.member("name", std::to_string(index));
    modules.member("path", path);
    modules.member("type", std::string("sentence_transformers.models.") + type);
    modules.end_object();
  };
  add(0, "", "Transformer");
  add(1, kPooling, "Pooling");
  add(2, kDense, "Dense");
  modules.end_array();
  files.texts["modules.json"] = json_text(modules);

  const bool mean = config.head == HeadKind::mean;
  JsonWriter pooling;
  pooling.begin_object();
  pooling.member("word_embedding_dimension", config.encoder.hidden);
  pooling.member("pooling_mode_cls_token", !mean);
  pooling.member("pooling_mode_mean_tokens", mean);
  pooling.member("pooling_mode_max_tokens", false);
  pooling.member("pooling_mode_mean_sqrt_len_tokens", false);
  pooling.end_object();
  files.texts[config_of(kPooling)] = json_text(pooling);

  JsonWriter dense;
  dense.begin_object();
  dense.member("in_features", config.encoder.hidden);
  dense.member("out_features", config.intents.size());
  dense.member("bias", true);
  dense.member("activation_function", "torch.nn.modules.linear.Identity");
  dense.end_object();
  files.texts[config_of(kDense)] = json_text(dense);
  add_sentence_config(files, base.sentence().value_or(SentenceFolder()), max_length);
}

void add_config(ModelFiles& files, const ModelFolder& base, const ModelConfig& config) {
  JsonTree document(base.config_json().value());
  json& id2label = document.renew("id2label") = json::object();
  json& label2id = document.renew("label2id") = json::object();
  for (size_t id = 0; id < config.intents.size(); ++id) {
    id2label[std::to_string(id)] = config.intents[id];
    label2id[config.intents[id]] = id;
  }
  const std::string family(config.encoder.family->architecture);
  const bool classifier = config.head == HeadKind::pooler;
  json& architectures = document.renew("architectures") = json::array();
  architectures.push_back(family + (classifier ? "ForSequenceClassification" : "Model"));
  document.erase("num_labels");
  document.erase("_name_or_path");  // the base's name; this is another model now
  document.erase("problem_type");
  if (classifier) {
    document.renew("problem_type") = "single_label_classification";
  }
  // The weights are written in 32 bits, whatever the type of the base.
  for (const char* key : {"dtype", "torch_dtype"}) {
    if (document->contains(key)) {
      document.renew(key) = "float32";
    }
  }
  files.texts["config.json"] = json_text(document, "config.json");
}

void add_tokenizer(ModelFiles& files, const ModelFolder& base, int max_length) {
  const TokenizerConfig config = read_tokenizer_config(base.encoder());
  for (const auto& [name, content] : base.tokenizer_files()) {
    files.texts[name] = *content;
  }
  if (!files.texts.contains("tokenizer.json") && !files.texts.contains("vocab.txt")) {
    throw Error(ErrorCode::missing_input,
                fmt::format("save model: expected tokenizer.json or vocab.txt, found neither ({})",
                            base.encoder().string()));
  }
  const SnapshotPath file = base.encoder() / "tokenizer.json";
  std::optional<JsonDocument> header;
  if (files.texts.contains("tokenizer.json")) {
    header = read_tokenizer_header(file);
  }
  files.texts["tokenizer_config.json"] =
      json_text(saved_tokenizer_config(config, header ? &*header : nullptr, max_length),
                "tokenizer_config.json");
  if (header) {
    if (const auto changed = saved_tokenizer_json(file, config)) {
      files.texts["tokenizer.json"] = json_text(*changed, "tokenizer.json");
    }
  }
}

}  // namespace

int64_t ModelFiles::bytes() const {
  size_t sum = 0;
  for (const auto& [name, text] : texts) {
    sum += text.size();
  }
  for (const Unused& tensor : unused) {
    sum += tensor.values.size() * sizeof(float);
  }
  return static_cast<int64_t>(sum);
}

std::vector<std::filesystem::path> ModelFiles::paths() const {
  std::vector<std::filesystem::path> paths = {kWeightsFile, kCalibrationFile};
  if (texts.contains(config_of(kDense))) {
    paths.push_back(std::filesystem::path(kDense) / kWeightsFile);
  }
  for (const auto& [name, text] : texts) {
    paths.emplace_back(name);
  }
  return paths;
}

ModelFiles compose_model_files(const ModelFolder& base, const ModelConfig& config, int max_length) {
  ModelFiles files;
  add_config(files, base, config);
  add_tokenizer(files, base, max_length);
  if (config.head != HeadKind::pooler) {
    add_modules(files, base, config, max_length);
    keep_unused(files, base, config);
  }
  base.require_unchanged_weights("save model");
  return files;
}

void save_model(const std::filesystem::path& out,
                const ModelFiles& files,
                const ModelConfig& config,
                const ModelWeights& weights,
                const Calibration& calibration) {
  try {
    for (const auto& [name, text] : files.texts) {
      std::filesystem::create_directories((out / name).parent_path());
      write_file(out / name, text);
    }
    write_calibration(out, calibration);
    if (config.head == HeadKind::pooler) {
      write_classifier_weights(out, config, weights);
    } else {
      write_sentence_weights(out, files, config, weights);
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(ErrorCode::io_error, fmt::format("save model: {}", error.what()));
  }
}

}  // namespace fastintent
