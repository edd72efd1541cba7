#include "cuda/encoder_steps.h"

#include "cuda/kernels/activation.h"
#include "cuda/kernels/encoder_rows.h"
#include "cuda/kernels/tile_attention.h"
#include "cuda/linear.h"
#include "cuda/pieces.h"

namespace fastintent::cuda {
namespace {

// Runs one batch through the encoder, one member function per step.
class EncoderSteps {
 public:
  EncoderSteps(Workspace& workspace,
               const PreparedEncoder& encoder,
               const EncoderBiases& biases,
               const BatchBucket& bucket,
               const EncoderPlaces& places)
      : workspace_(workspace),
        stream_(workspace.stream),
        encoder_(encoder),
        biases_(biases),
        bucket_(bucket),
        at_(places),
        factors_(factors_of(encoder)),
        H_(encoder.width()),
        tokens_{bucket.tokens, &places.inputs.counts->tokens},
        sequences_{bucket.sequences, &places.inputs.counts->sequences} {}

  void run() {
    const BatchInputs& in = at_.inputs;
    embed_rows(stream_,
               factors_,
               tokens_,
               {in.ids, in.positions, in.segments},
               encoder_.tables,
               encoder_.embedding_norm,
               encoder_.projects_embeddings() ? at_.embedded : at_.hidden);
    if (encoder_.projects_embeddings()) {
      multiply(tokens_, at_.embedded, encoder_.embedding_projection, Epilogue::bias, at_.hidden);
    }
    for (const PreparedLayer& layer : encoder_.layers) {
      run_layer(layer);
    }
  }

 private:
  void run_layer(const PreparedLayer& layer) {
    if (layer.first_rows_only()) {
      gather_rows(stream_, factors_, sequences_, at_.hidden, at_.inputs.starts, H_, at_.first_rows);
      multiply(tokens_, at_.hidden, layer.key_value, Epilogue::bias, at_.query_key_value);
      multiply(sequences_, at_.first_rows, layer.query, Epilogue::bias, at_.first_query);
      attend_first_rows();
      feed_forward(layer, sequences_, at_.first_rows);
    } else {
      multiply(tokens_, at_.hidden, layer.query_key_value, Epilogue::bias, at_.query_key_value);
      attend();
      feed_forward(layer, tokens_, at_.hidden);
    }
  }

  void attend() {
    attend(at_.query_key_value,
           3 * H_,
           column(H_),
           3 * H_,
           at_.inputs.tiles,
           &at_.inputs.counts->tiles,
           bucket_.most_tiles());
  }

  void attend_first_rows() {
    attend(at_.first_query,
           H_,
           at_.query_key_value,
           2 * H_,
           at_.inputs.first_row_tiles,
           &at_.inputs.counts->sequences,
           bucket_.sequences);
  }

  // context = attention of the queries. The values are H columns to the right of their keys.
  void attend(const std::byte* query,
              int64_t query_stride,
              const std::byte* key,
              int64_t key_value_stride,
              const AttentionTile* tiles,
              const int32_t* tile_count,
              int64_t most_tiles) {
    tile_attention(stream_,
                   factors_,
                   {.q = query,
                    .q_stride = query_stride,
                    .k = key,
                    .v = key + H_ * bytes_of(factors_),
                    .kv_stride = key_value_stride,
                    .tiles = tiles,
                    .tile_count = tile_count,
                    .most_tiles = most_tiles,
                    .longest_keys = bucket_.longest_keys,
                    .heads = encoder_.heads,
                    .head_width = H_ / encoder_.heads,
                    .distance_bias = biases_.distance_bias(),
                    .out = at_.context,
                    .out_stride = H_});
  }

  // attended = layer_norm(context · output + residual)
  // hidden = layer_norm(activation(attended · intermediate) · output + attended)
  void feed_forward(const PreparedLayer& layer, const BucketRows& rows, const std::byte* residual) {
    multiply(rows, at_.context, layer.attention_output, Epilogue::none, at_.projected);
    normalize(rows, layer.attention_output, residual, layer.attention_norm, at_.attended);
    intermediate(layer, rows);
    multiply(rows, at_.activated, layer.output, Epilogue::none, at_.projected);
    normalize(rows, layer.output, at_.attended, layer.output_norm, at_.hidden);
  }

  // activated = activation(attended · weight). In 16 bits, both forms of GELU are computed inside
  // the product as the tanh form, which differs from the exact one by 0.0005 at most, half a step of
  // fp16 at 1.
  void intermediate(const PreparedLayer& layer, const BucketRows& rows) {
    const PreparedLinear& linear = layer.intermediate;
    const Activation activation = layer.kind.activation;
    const bool is_gelu = activation == Activation::gelu || activation == Activation::gelu_tanh;
    if (is_gelu && bytes_of(factors_) != sizeof(float) && !linear.bias.empty()) {
      multiply(rows, at_.attended, linear, Epilogue::bias_gelu_tanh, at_.activated);
      return;
    }
    multiply(rows, at_.attended, linear, Epilogue::bias, at_.activated);
    activate_rows(stream_, factors_, rows, activation, linear.weight->rows(), at_.activated);
  }

  // out = layer_norm(projected + the product's bias + residual)
  void normalize(const BucketRows& rows,
                 const PreparedLinear& product,
                 const std::byte* residual,
                 const LayerNorm& layer_norm,
                 std::byte* out) {
    normalize_sums(stream_, factors_, rows, at_.projected, product.bias, residual, layer_norm, out);
  }

  // Multiplies all rows of the bucket; rows past the batch hold garbage, and so do their results.
  void multiply(const BucketRows& rows,
                const std::byte* in,
                const PreparedLinear& linear,
                Epilogue epilogue,
                std::byte* out) {
    if (linear.bias.empty()) {
      epilogue = Epilogue::none;
    }
    const void* bias = epilogue == Epilogue::none ? nullptr : biases_.of(linear);
    multiply_rows(workspace_,
                  rows.bucket,
                  in,
                  CudaWeight::of(*linear.weight),
                  epilogue,
                  bias,
                  Result::factors,
                  out);
  }

  // A column of the first row of query_key_value.
  const std::byte* column(int64_t index) const {
    return at_.query_key_value + index * bytes_of(factors_);
  }

  Workspace& workspace_;
  const Stream& stream_;
  const PreparedEncoder& encoder_;
  const EncoderBiases& biases_;
  const BatchBucket& bucket_;
  const EncoderPlaces& at_;
  Factors factors_;
  int64_t H_;
  BucketRows tokens_;
  BucketRows sequences_;
};

}  // namespace

EncoderPlaces EncoderPlaces::in(std::byte* block,
                                const BatchBucket& bucket,
                                const PreparedEncoder& encoder) {
  const int64_t bytes = bytes_of(factors_of(encoder));
  const int64_t H = encoder.width();
  const int64_t I = encoder.layers.back().intermediate.weight->rows();
  Pieces pieces(block);
  const auto rows = [&](int64_t count, int64_t width) {
    return pieces.take(count * width * bytes);
  };
  EncoderPlaces places;
  places.input_block = pieces.take(static_cast<int64_t>(BatchInputs::in(nullptr, bucket).bytes));
  places.inputs = BatchInputs::in(places.input_block, bucket);
  if (encoder.projects_embeddings()) {
    places.embedded = rows(bucket.tokens, encoder.tables.word.columns);
  }
  places.hidden = rows(bucket.tokens, H);
  places.query_key_value = rows(bucket.tokens, 3 * H);
  places.context = rows(bucket.tokens, H);
  places.projected = rows(bucket.tokens, H);
  places.attended = rows(bucket.tokens, H);
  places.activated = rows(bucket.tokens, I);
  if (encoder.layers.back().first_rows_only()) {
    places.first_rows = rows(bucket.sequences, H);
    places.first_query = rows(bucket.sequences, H);
  }
  places.bytes = pieces.taken();
  return places;
}

void run_encoder_steps(Workspace& workspace,
                       const PreparedEncoder& encoder,
                       const EncoderBiases& biases,
                       const BatchBucket& bucket,
                       const EncoderPlaces& places) {
  EncoderSteps(workspace, encoder, biases, bucket, places).run();
}

}  // namespace fastintent::cuda
