#include <gtest/gtest.h>

#include <set>

#include "base/expect_error.h"
#include "model/families/families.h"
#include "model/model_config.h"
#include "model/model_weights.h"

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
    EXPECT_EQ(encoder.positions, 20);
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
    // Word, position and norm (2), per layer eight parts of two, in the head two of two.
    const size_t tables =
        2 + (config.encoder.segments > 0 ? 1 : 0) + (config.encoder.distance_bias_rows > 0 ? 1 : 0);
    EXPECT_EQ(tensors.size(), tables + 2 + 2 * 16 + 4);
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

}  // namespace
}  // namespace fastintent
