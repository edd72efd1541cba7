#include "model/save_model.h"

#include <fmt/format.h>

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

// The dense layer of the base's encoder: this head does not use it, but transformers' model has it.
std::vector<float> read_unused(const StoredTensor& stored) {
  int64_t size = 1;
  for (const int64_t extent : stored.shape) {
    size *= extent;
  }
  std::vector<float> values(static_cast<size_t>(size));
  const int64_t rows = stored.shape.size() == 2 ? stored.shape[0] : 1;
  read_tensor(stored, Tensor(values.data(), rows, rows == 0 ? 0 : size / rows));
  return values;
}

void write_sentence_weights(const std::filesystem::path& out,
                            const ModelFolder& base,
                            const ModelConfig& config,
                            const ModelWeights& weights) {
  std::vector<TensorToWrite> tensors;
  for (const NamedTensor& named : name_encoder_tensors(weights.encoder, config.encoder)) {
    tensors.push_back(to_write(named, ""));
  }
  std::vector<std::vector<float>> unused;
  const HeadNames& head = config.encoder.family->head;
  for (const char* part : {".weight", ".bias"}) {
    const std::string name = std::string(head.dense) + part;
    const StoredTensor* stored = base.find_encoder_tensor(name);
    if (!head.dense_in_encoder || stored == nullptr) {
      continue;
    }
    unused.push_back(read_unused(*stored));
    tensors.push_back({name, stored->shape, unused.back()});
  }
  write_safetensors(out / "model.safetensors", tensors);

  std::vector<TensorToWrite> dense;
  for (const NamedTensor& named : name_head_tensors(weights.head, config)) {
    dense.push_back(to_write(named, ""));
  }
  write_safetensors(out / "2_Dense" / "model.safetensors", dense);
}

void write_modules(const std::filesystem::path& out,
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
  write_json(out / "modules.json", modules);

  const bool mean = config.head == HeadKind::mean;
  std::filesystem::create_directory(out / "1_Pooling");
  write_json(out / "1_Pooling" / "config.json",
             {{"word_embedding_dimension", config.encoder.hidden},
              {"pooling_mode_cls_token", !mean},
              {"pooling_mode_mean_tokens", mean},
              {"pooling_mode_max_tokens", false},
              {"pooling_mode_mean_sqrt_len_tokens", false}});
  std::filesystem::create_directory(out / "2_Dense");
  write_json(out / "2_Dense" / "config.json",
             {{"in_features", config.encoder.hidden},
              {"out_features", config.intents.size()},
              {"bias", true},
              {"activation_function", "torch.nn.modules.linear.Identity"}});
  const SentenceFolder texts = base.sentence().value_or(SentenceFolder());
  write_json(out / "sentence_bert_config.json",
             {{"max_seq_length", max_length}, {"do_lower_case", texts.lower_case}});
  if (!texts.prompt.empty()) {
    write_json(out / "config_sentence_transformers.json",
               {{"prompts", {{texts.prompt_name, texts.prompt}}},
                {"default_prompt_name", texts.prompt_name}});
  }
}

void write_config(const std::filesystem::path& out,
                  const ModelFolder& base,
                  const ModelConfig& config) {
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
  write_json(out / "config.json", document);
}

void write_tokenizer(const std::filesystem::path& out, const ModelFolder& base, int max_length) {
  const std::filesystem::path& folder = base.encoder_path();
  if (!std::filesystem::exists(folder / "tokenizer.json") &&
      !std::filesystem::exists(folder / "vocab.txt")) {
    throw Error(ErrorCode::missing_input,
                fmt::format("save model: expected tokenizer.json or vocab.txt, found neither; was "
                            "the folder moved? ({})",
                            folder.string()));
  }
  for (const char* name :
       {"tokenizer.json", "vocab.txt", "special_tokens_map.json", "added_tokens.json"}) {
    const auto file = base.encoder_path() / name;
    if (std::filesystem::exists(file)) {
      std::filesystem::copy_file(file, out / name);
    }
  }
  const TokenizerConfig config = read_tokenizer_config(folder);
  write_json(out / "tokenizer_config.json", saved_tokenizer_config(config, max_length));
  if (std::filesystem::exists(folder / "tokenizer.json")) {
    if (const auto changed = saved_tokenizer_json(folder / "tokenizer.json", config)) {
      write_json(out / "tokenizer.json", *changed);
    }
  }
}

}  // namespace

void save_model(const std::filesystem::path& out,
                const ModelFolder& base,
                const ModelConfig& config,
                const ModelWeights& weights,
                int max_length,
                const Calibration& calibration) {
  try {
    write_config(out, base, config);
    write_tokenizer(out, base, max_length);
    write_calibration(out, calibration);
    if (config.head == HeadKind::pooler) {
      write_classifier_weights(out, config, weights);
    } else {
      write_modules(out, base, config, max_length);
      write_sentence_weights(out, base, config, weights);
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(ErrorCode::io_error, fmt::format("save model: {}", error.what()));
  }
}

}  // namespace fastintent
