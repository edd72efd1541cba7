#include "cuda/head_steps.h"

#include "cuda/kernels/activation.h"
#include "cuda/linear.h"
#include "cuda/pieces.h"

// The products are the library's: one kernel per text for pooling, products and softmax would read
// the weights once per text, and a dense layer has as many weights as the rows of H texts. The work
// between products is done by kernels, since the library reads its factors from memory and has no
// tanh.
namespace fastintent::cuda {
namespace {

bool is_f32(Factors factors) {
  return bytes_of(factors) == sizeof(float);
}

bool is_dense(const PreparedHead& head) {
  return head.dense.weight != nullptr;
}

// Runs the head for one batch.
class HeadSteps {
 public:
  HeadSteps(Workspace& workspace,
            const PreparedHead& head,
            const BatchBucket& bucket,
            const BatchInputs& inputs,
            Factors factors,
            const std::byte* hidden,
            const HeadPlaces& places)
      : workspace_(workspace),
        head_(head),
        inputs_(inputs),
        factors_(factors),
        hidden_(hidden),
        at_(places),
        H_(head.classifier.weight->columns()),
        texts_{bucket.sequences, &inputs.counts->sequences} {}

  void run() {
    multiply(features(), head_.classifier, at_.logits);
    rank_rows(workspace_.stream,
              texts_,
              at_.logits,
              head_.classifier.weight->rows(),
              inputs_.ranking,
              at_.best);
  }

 private:
  // The input of the classifier, in f32.
  const void* features() {
    if (!is_dense(head_)) {
      const bool serve_as_they_are = !pools_mean() && is_f32(factors_);
      return serve_as_they_are ? hidden_ : pool(Result::fp32, at_.features);
    }
    const void* in = pools_mean() ? pool(Result::factors, at_.pooled) : hidden_;
    multiply(in, head_.dense, at_.features);
    if (head_.dense_activation != Activation::none) {
      activate_rows(
          workspace_.stream, Factors::fp32, texts_, head_.dense_activation, H_, at_.features);
    }
    return at_.features;
  }

  // One row per text; under first-token pooling the encoder left only that row.
  const void* pool(Result result, void* out) {
    const int32_t* starts = pools_mean() ? inputs_.starts : nullptr;
    pool_rows(workspace_.stream, factors_, texts_, hidden_, starts, H_, result, out);
    return out;
  }

  void multiply(const void* in, const PreparedLinear& linear, float* out) {
    multiply_rows(workspace_,
                  texts_.bucket,
                  in,
                  CudaWeight::of(*linear.weight),
                  linear.bias.empty() ? Epilogue::none : Epilogue::bias,
                  linear.bias.data(),
                  Result::fp32,
                  out);
  }

  bool pools_mean() const { return head_.pooling == Pooling::mean; }

  Workspace& workspace_;
  const PreparedHead& head_;
  const BatchInputs& inputs_;
  Factors factors_;
  const std::byte* hidden_;
  const HeadPlaces& at_;
  int64_t H_;
  BucketRows texts_;
};

}  // namespace

HeadPlaces HeadPlaces::in(std::byte* block,
                          const BatchBucket& bucket,
                          Factors factors,
                          const PreparedHead& head) {
  const int64_t H = head.classifier.weight->columns();
  const int64_t C = head.classifier.weight->rows();
  const bool mean = head.pooling == Pooling::mean;
  const bool dense = is_dense(head);
  Pieces pieces(block);
  HeadPlaces places;
  if (dense && mean) {
    places.pooled = pieces.take(bucket.sequences * H * bytes_of(factors));
  }
  if (dense || mean || !is_f32(factors)) {
    places.features = pieces.take_values<float>(bucket.sequences * H);
  }
  places.logits = pieces.take_values<float>(bucket.sequences * C);
  places.best = pieces.take_values<ScoredClass>(bucket.sequences * C);
  places.bytes = pieces.taken();
  return places;
}

void run_head_steps(Workspace& workspace,
                    const PreparedHead& head,
                    const BatchBucket& bucket,
                    const BatchInputs& inputs,
                    Factors factors,
                    const std::byte* hidden,
                    const HeadPlaces& places) {
  HeadSteps(workspace, head, bucket, inputs, factors, hidden, places).run();
}

}  // namespace fastintent::cuda
