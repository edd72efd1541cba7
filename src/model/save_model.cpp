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
using nlohmann::ordered_json;

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
  write_safetensors(out / "model.safetensors", tensors);
}

// The dense layer of the base's encoder: a cls or mean head does not use it, but transformers' model
// has it.
void keep_unused(ModelFiles& files, const ModelFolder& base, const ModelConfig& config) {
  const HeadNames& head = config.encoder.family->head;
  for (const char* part : {".weight", ".bias"}) {
    const std::string name = std::string(head.dense) + part;
    const StoredTensor* stored = base.find_encoder_tensor(name);
    if (!head.dense_in_encoder || stored == nullptr) {
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
  write_safetensors(out / "model.safetensors", tensors);

  std::vector<TensorToWrite> dense;
  for (const NamedTensor& named : name_head_tensors(weights.head, config)) {
    dense.push_back(to_write(named, ""));
  }
  write_safetensors(out / "2_Dense" / "model.safetensors", dense);
}

void add_json(ModelFiles& files, const std::string& name, const ordered_json& value) {
  files.texts[name] = json_text(value, name);
}

void add_modules(ModelFiles& files,
                 const ModelFolder& base,
                 const ModelConfig& config,
                 int max_length) {
  ordered_json modules = ordered_json::array();
  const auto add = [&](const char* path, const char* type) {
    const std::string index = std::to_string(modules.size());
    modules.push_back({{"idx", modules.size()},
                       {"name", index},
                       {"path", path},
                       {"type", std::string("sentence_transformers.models.") + type}});
  };
  add("", "Transformer");
  add("1_Pooling", "Pooling");
  add("2_Dense", "Dense");
  add_json(files, "modules.json", modules);

  const bool mean = config.head == HeadKind::mean;
  add_json(files,
           "1_Pooling/config.json",
           {{"word_embedding_dimension", config.encoder.hidden},
            {"pooling_mode_cls_token", !mean},
            {"pooling_mode_mean_tokens", mean},
            {"pooling_mode_max_tokens", false},
            {"pooling_mode_mean_sqrt_len_tokens", false}});
  add_json(files,
           "2_Dense/config.json",
           {{"in_features", config.encoder.hidden},
            {"out_features", config.intents.size()},
            {"bias", true},
            {"activation_function", "torch.nn.modules.linear.Identity"}});
  const SentenceFolder texts = base.sentence().value_or(SentenceFolder());
  add_json(files,
           "sentence_bert_config.json",
           {{"max_seq_length", max_length}, {"do_lower_case", texts.lower_case}});
  if (!texts.prompt.empty()) {
    add_json(files,
             "config_sentence_transformers.json",
             {{"prompts", {{texts.prompt_name, texts.prompt}}},
              {"default_prompt_name", texts.prompt_name}});
  }
}

void add_config(ModelFiles& files, const ModelFolder& base, const ModelConfig& config) {
  json document = base.config_json().value();
  json id2label = json::object();
  json label2id = json::object();
  for (size_t id = 0; id < config.intents.size(); ++id) {
    id2label[std::to_string(id)] = config.intents[id];
    label2id[config.intents[id]] = id;
  }
  const std::string family(config.encoder.family->architecture);
  const bool classifier = config.head == HeadKind::pooler;
  document["architectures"] = {family + (classifier ? "ForSequenceClassification" : "Model")};
  document["id2label"] = id2label;
  document["label2id"] = label2id;
  document.erase("num_labels");
  document.erase("_name_or_path");  // the base's name; this is another model now
  document.erase("problem_type");
  if (classifier) {
    document["problem_type"] = "single_label_classification";
  }
  // The weights are written in 32 bits, whatever the type of the base.
  for (const char* key : {"dtype", "torch_dtype"}) {
    if (document.contains(key)) {
      document[key] = "float32";
    }
  }
  add_json(files, "config.json", document);
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
  add_json(files, "tokenizer_config.json", saved_tokenizer_config(config, max_length));
  if (files.texts.contains("tokenizer.json")) {
    const SnapshotPath file = base.encoder() / "tokenizer.json";
    if (const auto changed = saved_tokenizer_json(file, config)) {
      add_json(files, "tokenizer.json", *changed);
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
