#pragma once

#include <string>
#include <vector>

#include "compute/backend.h"
#include "compute/host_memory.h"
#include "model/model_config.h"

namespace fastintent {

// Weights, and their gradients: one set of structs for both. Everything but the word table lies in
// one line of memory, so that optimizer and reductions run over flat ranges.

struct LinearWeights {
  Tensor weight;  // [N,K]
  Tensor bias;    // [1,N]
};

/// Parts of a fused projection [3H,H]: the rows that make the queries, and those that make keys and
/// values.
LinearWeights query_rows(const LinearWeights& fused);      // [H,H]
LinearWeights key_value_rows(const LinearWeights& fused);  // [2H,H]

struct NormWeights {
  Tensor scale;  // [1,H]
  Tensor shift;  // [1,H]
};

struct LayerWeights {
  LinearWeights query_key_value;   // [3H,H], the three projections one below the other
  LinearWeights attention_output;  // [H,H]
  NormWeights attention_norm;
  LinearWeights intermediate;  // [I,H]
  LinearWeights output;        // [H,I]
  NormWeights output_norm;
};

struct EncoderWeights {
  Tensor word;  // [vocabulary,H]; as a gradient: one row for each distinct word piece of the step,
                /// [U,H]
  Tensor position_table;  // [positions,H], as it is stored
  Tensor position;        // [max_tokens,H]: its rows from the first token's on
  Tensor segment;         // [segments,H] or empty
  NormWeights embedding_norm;
  std::vector<LayerWeights> layers;
};

struct HeadWeights {
  LinearWeights dense;       // [H,H], or empty
  LinearWeights classifier;  // [C,H]
};

struct ModelWeights {
  EncoderWeights encoder;
  HeadWeights head;
};

/// Weights in memory of their own.
struct OwnedWeights {
  ModelWeights weights;
  Buffer flat;  // all but the word table
  Buffer word;
};

/// Floats of a model's weights without the word table, as allocate_weights lays them out.
int64_t flat_parameter_count(const ModelConfig& config);

/// Zeroed memory for a line of `floats`, without the filler rows of a tensor that is one row wide.
Buffer allocate_flat(Backend& backend, int64_t floats);

/// Zeroed weights of a model in a backend's memory, with a word table of `word_rows` rows (0: none,
/// to be set by the caller).
OwnedWeights allocate_weights(Backend& backend, const ModelConfig& config, int64_t word_rows);
/// The same in host memory.
OwnedWeights allocate_host_weights(const ModelConfig& config, int64_t word_rows);

/// A model's weights where the host can read and write them: themselves where the backend shares
/// host memory, else a copy. Backend and weights must outlive it.
class HostWeights {
 public:
  HostWeights(Backend& backend, const OwnedWeights& weights, const ModelConfig& config);

  const ModelWeights& get() const { return view_; }
  /// Takes the backend's values over, and gives it these.
  void read();
  void write() const;

 private:
  HostView flat_;
  HostView word_;
  ModelWeights view_;
};

/// One tensor under the name that Hugging Face gives it, a view into ModelWeights.
struct NamedTensor {
  std::string
      name;  // without the family's prefix for the encoder; "linear.weight" for a cls or mean head
  Tensor tensor;
  int depth = 0;  // 0 embeddings, 1.. layers, layers + 1 head: for layer-wise learning rates
  bool is_vector = false;  // stored with one dimension
  bool decays = false;     // takes weight decay: no bias, no layer norm
};

/// Every encoder tensor under the name of its family, without the family's prefix
/// ("embeddings.word_embeddings.weight").
std::vector<NamedTensor> name_encoder_tensors(const EncoderWeights& weights,
                                              const EncoderConfig& config);

/// The head's tensors under the names of the family ("pooler.dense.weight", "classifier.weight"
/// for BERT), or "linear.weight", "linear.bias" for cls and mean (the Dense module of
/// sentence-transformers).
std::vector<NamedTensor> name_head_tensors(const HeadWeights& weights, const ModelConfig& config);

/// The classifier's name among them, without ".weight" and ".bias".
std::string classifier_name(const ModelConfig& config);

}  // namespace fastintent
