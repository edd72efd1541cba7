#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "base/expect_error.h"
#include "model/families/families.h"
#include "model/model_config.h"
#include "model/model_weights.h"
#include "random_encoder.h"

namespace fastintent {
namespace {

// Keys of every family's configuration; each reader uses those of its family.
constexpr const char* kSizes =
    R"("vocab_size": 50, "max_position_embeddings": 20, "pad_token_id": 1,
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "type_vocab_size": 2, "dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16)";

EncoderConfig read(const Family& family) {
  const std::string text =
      R"({"model_type": ")" + std::string(family.model_type) + R"(", )" + kSizes + "}";
  return read_encoder_config(JsonDocument::parse(text, "config.json"));
}

TEST(Family, IsFoundByItsModelType) {
  std::set<std::string_view> types;
  for (const Family* family : families()) {
    EXPECT_EQ(find_family(family->model_type), family);
    EXPECT_TRUE(types.insert(family->model_type).second) << family->model_type;
  }
  EXPECT_EQ(find_family(""), nullptr);
}

TEST(Family, IsListedInMessages) {
  for (const Family* family : families()) {
    EXPECT_NE(known_families().find('"' + std::string(family->model_type) + '"'),
              std::string::npos);
  }
}

TEST(Family, ReadsItsConfiguration) {
  for (const Family* family : families()) {
    SCOPED_TRACE(family->model_type);
    const EncoderConfig encoder = read(*family);
    EXPECT_EQ(encoder.family, family);
    EXPECT_EQ(encoder.vocabulary, 50);
    EXPECT_EQ(encoder.hidden, 8);
    EXPECT_EQ(encoder.layers, 2);
    EXPECT_EQ(encoder.heads, 2);
    EXPECT_EQ(encoder.intermediate, 16);
    const bool has_table = !family->encoder.position.empty();
    EXPECT_EQ(encoder.positions, has_table ? 20 : 0);
    EXPECT_GT(encoder.max_tokens(), 0);
  }
}

TEST(Family, NamesEveryTensorOnce) {
  for (const Family* family : families()) {
    SCOPED_TRACE(family->model_type);
    EXPECT_FALSE(family->architecture.empty());
    EXPECT_TRUE(family->prefix.ends_with('.'));
    ModelConfig config;
    config.encoder = read(*family);
    config.intents = {"a", "b"};
    const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
    std::vector<NamedTensor> tensors =
        name_encoder_tensors(weights.weights.encoder, config.encoder);
    const std::vector<NamedTensor> head = name_head_tensors(weights.weights.head, config);
    tensors.insert(tensors.end(), head.begin(), head.end());
    std::set<std::string> names;
    for (const NamedTensor& tensor : tensors) {
      EXPECT_FALSE(tensor.name.starts_with('.') || tensor.name.find("..") != std::string::npos)
          << tensor.name;
      EXPECT_TRUE(tensor.name.ends_with(".weight") || tensor.name.ends_with(".bias"))
          << tensor.name;
      EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
    }
    const EncoderConfig& encoder = config.encoder;
    const size_t tables = 1U + (encoder.positions > 0 ? 1 : 0) + (encoder.segments > 0 ? 1 : 0) +
                          (encoder.distance_bias_rows > 0 ? 1 : 0);
    const size_t linear = encoder.has_biases ? 2 : 1;
    const size_t norm = encoder.has_shifts ? 2 : 1;
    const size_t products = family->encoder.query_key_value.empty() ? 6 : 4;
    const HeadShape& own = encoder.own_head;
    const size_t head_parts =
        (own.dense_has_bias ? 2U : 1U) + (own.has_norm ? norm : 0U) + 2U;  // and the classifier
    const size_t projection = encoder.embedding > 0 ? 2 : 0;
    EXPECT_EQ(tensors.size(),
              tables + projection + norm + 2 * (products * linear + 2 * norm) + head_parts);
  }
}

// Layer-wise learning rates: also of a norm that is kept with the layer before the one that names it.
TEST(Family, GivesTensorsTheDepthOfTheLayerThatNamesThem) {
  for (const Family* family : families()) {
    ModelConfig config;
    config.encoder = read(*family);
    config.intents = {"a", "b"};
    const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
    const EncoderNames& names = family->encoder;
    const std::string layers = std::string(names.layers) + ".";
    for (const NamedTensor& tensor :
         name_encoder_tensors(weights.weights.encoder, config.encoder)) {
      int expected = 0;
      if (tensor.name.starts_with(layers)) {
        expected = tensor.name[layers.size()] - '0' + 1;
      } else if (!names.final_norm.empty() && tensor.name.starts_with(names.final_norm)) {
        expected = 2;
      }
      EXPECT_EQ(tensor.depth, expected) << family->model_type << ": " << tensor.name;
    }
  }
}

// The rows before the first token's are stored with the table, and no token uses them.
TEST(Family, KeepsTheRowsBeforeTheFirstPosition) {
  ModelConfig config;
  config.encoder = read(*find_family("bert"));
  config.encoder.first_position = 2;
  config.intents = {"a", "b"};
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  const EncoderWeights& encoder = weights.weights.encoder;
  EXPECT_EQ(encoder.position.rows, 18);
  EXPECT_EQ(encoder.position.data, encoder.position_table.row(2));
  for (const NamedTensor& tensor : name_encoder_tensors(encoder, config.encoder)) {
    if (tensor.name == config.encoder.family->encoder.position) {
      EXPECT_EQ(tensor.tensor.data, encoder.position_table.data);
      EXPECT_EQ(tensor.tensor.rows, 20);
    }
  }
}

TEST(Family, DropsTheHeadsInputAsTransformersDoes) {
  for (const Family* family : families()) {
    const bool expected = family->head.dense == "classifier.dense";  // the head of RoBERTa
    EXPECT_EQ(read(*family).own_head.dropout_before_dense, expected) << family->model_type;
  }
}

TEST(Family, PositionsBeginBehindThePaddingTokens) {
  for (const char* model_type : {"roberta", "xlm-roberta", "camembert"}) {
    const auto read_with = [&](const std::string& padding) {
      const std::string text = std::string(R"({"model_type": ")") + model_type +
                               R"(", "vocab_size": 50, "max_position_embeddings": 20)" + padding +
                               "}";
      return read_encoder_config(JsonDocument::parse(text, "config.json"));
    };
    EXPECT_EQ(read_with("").max_tokens(), 18) << "the padding token is 1 by default";
    EXPECT_EQ(read_with(R"(, "pad_token_id": 0)").max_tokens(), 19);
    EXPECT_EQ(read_with(R"(, "pad_token_id": 3)").first_position, 3);
    EXPECT_EQ(read_with(R"(, "pad_token_id": 3)").padding_id, 3);
    for (const char* bad : {"-1", "50", "9223372036854775807"}) {
      expect_error(ErrorCode::bad_checkpoint, "pad_token_id", [&] {
        read_with(std::string(R"(, "pad_token_id": )") + bad);
      });
    }
    expect_error(ErrorCode::bad_checkpoint, "more than the 20 rows", [&] {
      read_with(R"(, "pad_token_id": 19)");
    });
  }
}

// The distances at which transformers' MPNetEncoder begins another bucket, in both directions.
TEST(Family, MpnetsBucketsAreThoseOfTransformers) {
  const auto read_with = [](const std::string& more) {
    return read_encoder_config(JsonDocument::parse(
        R"({"model_type": "mpnet", "max_position_embeddings": 514)" + more + "}", "config.json"));
  };
  const EncoderConfig encoder = read_with("");
  EXPECT_EQ(encoder.max_tokens(), 512);
  EXPECT_EQ(encoder.distance_bias_rows, 32);
  EXPECT_EQ(encoder.segments, 0);
  ASSERT_EQ(encoder.distance_buckets.size(), 2 * 511 + 1);
  constexpr int kBegin[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91};
  int bucket = 0;
  for (int distance = 0; distance <= 511; ++distance) {
    if (bucket < 15 && distance == kBegin[bucket + 1]) {
      ++bucket;
    }
    EXPECT_EQ(encoder.distance_buckets[511 - distance], bucket) << distance << " before the query";
    if (distance > 0) {
      EXPECT_EQ(encoder.distance_buckets[511 + distance], 16 + bucket) << distance << " behind it";
    }
  }
  // The padding token is 1 and the head's dropout that of the layers, whatever the file says.
  const EncoderConfig other =
      read_with(R"(, "pad_token_id": 3, "hidden_dropout_prob": 0.25, "classifier_dropout": 0.5)");
  EXPECT_EQ(other.padding_id, 1);
  EXPECT_EQ(other.first_position, 1);
  EXPECT_EQ(other.head_dropout, 0.25F);
  expect_error(ErrorCode::bad_checkpoint, "expected 32, the number that the family", [&] {
    read_with(R"(, "relative_attention_num_buckets": 16)");
  });
}

// The forms of transformers before 5 and since, and the defaults of both.
TEST(Family, ReadsModernBertsLayersInBothForms) {
  const auto read_with = [](const std::string& settings) {
    const std::string text =
        R"({"model_type": "modernbert", "hidden_size": 8, "num_attention_heads": 2,
            "num_hidden_layers": 4)" +
        settings + "}";
    return read_encoder_config(JsonDocument::parse(text, "config.json"));
  };
  const auto expect_layers = [](const EncoderConfig& encoder,
                                const std::vector<float>& bases,
                                const std::vector<int64_t>& windows) {
    ASSERT_EQ(encoder.layer_kinds.size(), 4U);
    for (size_t layer = 0; layer < 4; ++layer) {
      EXPECT_EQ(encoder.kind_of(layer).rotary_base, bases[layer]) << layer;
      EXPECT_EQ(encoder.kind_of(layer).window, windows[layer]) << layer;
      EXPECT_EQ(encoder.kind_of(layer).norm, NormPlacement::before) << layer;
      EXPECT_EQ(encoder.kind_of(layer).feed_forward, FeedForward::gated) << layer;
    }
  };
  expect_layers(read_with(""), {160000, 10000, 10000, 160000}, {0, 64, 64, 0});
  expect_layers(read_with(R"(, "global_rope_theta": 500.0, "local_rope_theta": 50.0,
                              "local_attention": 20, "global_attn_every_n_layers": 2)"),
                {500, 50, 500, 50},
                {0, 10, 0, 10});
  expect_layers(read_with(R"(, "global_rope_theta": 500.0, "local_rope_theta": null)"),
                {500, 500, 500, 500},
                {0, 64, 64, 0});
  expect_layers(read_with(R"(, "rope_parameters":
                              {"full_attention": {"rope_type": "default", "rope_theta": 700.0},
                               "sliding_attention": {"rope_type": "default"}},
                              "layer_types": ["sliding_attention", "full_attention",
                                              "full_attention", "sliding_attention"])"),
                {10000, 700, 700, 10000},
                {64, 0, 0, 64});
  for (const auto& [settings, named] :
       {std::pair{R"(, "layer_types": ["full_attention"])", "layer_types: expected 4"},
        {R"(, "layer_types": ["full_attention", "linear", "full_attention", "full_attention"])",
         "found \"linear\""},
        {R"(, "rope_parameters": {"full_attention": {"rope_type": "yarn"}})", "found \"yarn\""},
        {R"(, "rope_parameters": {"full_attention": {"type": "yarn", "factor": 4.0}})",
         "found \"yarn\""},
        {R"(, "rope_parameters": {"rope_type": "yarn", "factor": 4.0})", "rope_type"},
        {R"(, "rope_parameters": {"sliding_attention": {"rope_theta": 1.0}})",
         "rope_parameters.sliding_attention.rope_theta"},
        {R"(, "max_position_embeddings": 65536)", "max_position_embeddings"},
        {R"(, "rope_scaling": {"type": "linear", "factor": 2.0})", "rope_scaling"},
        {R"(, "global_rope_theta": 1.0)", "global_rope_theta"},
        {R"(, "local_attention": 1)", "local_attention"},
        {R"(, "mlp_bias": true)", "mlp_bias"},
        {R"(, "hidden_size": 6)", "an even width"},
        {R"(, "classifier_pooling": "max")", "found \"max\""}}) {
    expect_error(ErrorCode::bad_checkpoint, named, [&, text = settings] { read_with(text); });
  }
}

TEST(Family, ElectraProjectsEmbeddingsOfAnotherWidth) {
  const auto read_with = [](const std::string& sizes) {
    return read_encoder_config(
        JsonDocument::parse(R"({"model_type": "electra")" + sizes + "}", "config.json"));
  };
  const EncoderConfig small = read_with("");
  EXPECT_EQ(small.embedding, 128);
  EXPECT_EQ(small.hidden, 256);
  EXPECT_EQ(small.heads, 4);
  EXPECT_EQ(small.intermediate, 1024);
  EXPECT_EQ(small.embedding_width(), 128);
  EXPECT_EQ(static_cast<int>(small.own_head.dense_activation), static_cast<int>(Activation::gelu));
  const EncoderConfig base = read_with(R"(, "embedding_size": 768, "hidden_size": 768)");
  EXPECT_EQ(base.embedding, 0);
  EXPECT_EQ(base.embedding_width(), 768);
}

TEST(Family, AbsentPartsHaveNeitherMemoryNorName) {
  ModelConfig config;
  config.encoder = read(*find_family("bert"));
  config.intents = {"a", "b"};
  const int64_t all = flat_parameter_count(config);
  config.encoder.has_biases = false;
  config.encoder.has_shifts = false;
  config.encoder.positions = 0;
  config.encoder.segments = 0;
  const OwnedWeights weights = allocate_host_weights(config, config.encoder.vocabulary);
  int64_t named = 0;
  for (const NamedTensor& tensor : name_encoder_tensors(weights.weights.encoder, config.encoder)) {
    EXPECT_FALSE(tensor.tensor.empty()) << tensor.name;
    EXPECT_FALSE(tensor.name.ends_with(".bias")) << tensor.name;
    ++named;
  }
  // The word table, a norm and, per layer, the weights of six dense parts and two norms.
  EXPECT_EQ(named, 1 + 1 + config.encoder.layers * 8);
  EXPECT_LT(flat_parameter_count(config), all);
}

// Whether the device runs the family's encoder in its own way, in that precision.
bool is_fused(Backend& backend, const ModelConfig& config, Precision precision) {
  const OwnedWeights weights = random_weights(config, 1);
  const PreparedModel model =
      prepare_model(backend, config, weights.weights, precision, WeightUse::inference);
  const PackedBatch texts = pack({{3, 4, 5}});
  const Buffer out = backend.allocate(texts.tokens(), config.encoder.hidden);
  return backend.try_encode(inputs_of(texts),
                            texts.starts,
                            model.encoder,
                            nullptr,
                            out.tensor(texts.tokens(), config.encoder.hidden));
}

std::string row_of(const Family& family) {
  ModelConfig config;
  config.encoder = read(family);
  config.head = HeadKind::mean;
  config.intents = {"a", "b"};
  const std::unique_ptr<Backend> backend = create_backend(Device::cpu);
  std::string fused;
  std::string other;
  for (const SupportedPrecision& each : backend->traits().precisions) {
    std::string& list = is_fused(*backend, config, each.precision) ? fused : other;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", precision_name(each.precision));
  }
  constexpr int64_t kPositions = 20;  // of kSizes
  const int64_t unused = kPositions - config.encoder.max_tokens();
  return fmt::format("| `{}` | {}ForSequenceClassification | {} | {} | {} |\n",
                     family.model_type,
                     family.architecture,
                     fused.empty() ? "none" : fused,
                     other.empty() ? "none" : other,
                     unused == 0 ? "all positions" : fmt::format("positions - {}", unused));
}

// Writes the table where FASTINTENT_WRITE_TABLES is set.
TEST(Family, HasItsRowInTheDocumentation) {
  constexpr const char* kFile = "docs/models.md";
  constexpr std::string_view kBegin = "<!-- families -->\n";
  constexpr std::string_view kEnd = "<!-- end of families -->\n";
  std::string table =
      "\n| `model_type` | class in transformers | fused on a processor | operation by operation | "
      "longest text |\n|---|---|---|---|---|\n";
  for (const Family* family : families()) {
    table += row_of(*family);
  }
  table += "\n";
  std::ifstream stream(kFile);
  std::string page(std::istreambuf_iterator<char>(stream), {});
  const size_t begin = page.find(kBegin) + kBegin.size();
  const size_t end = page.find(kEnd);
  ASSERT_TRUE(begin < end && end < page.size()) << kFile;
  const std::string found = page.substr(begin, end - begin);
  if (std::getenv("FASTINTENT_WRITE_TABLES") != nullptr) {
    std::ofstream(kFile) << page.replace(begin, end - begin, table);
    return;
  }
  EXPECT_EQ(found, table) << "run this test with FASTINTENT_WRITE_TABLES=1, which writes " << kFile;
}

}  // namespace
}  // namespace fastintent
