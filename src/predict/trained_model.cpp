#include "predict/trained_model.h"

#include <utility>

#include "model/load_weights.h"

namespace fastintent {
namespace {

// A prepared model with all memory it refers to.
struct OwnedModel {
  std::shared_ptr<const TrainedModel> trained;
  Buffer word_table;  // empty where the one in the mapped file is used
  PreparedModel prepared;
};

const PackedWeights* usable_weights(const TrainedModel& trained,
                                    const Backend& backend,
                                    Precision precision) {
  if (!trained.packed || trained.packed->precision() != precision) {
    return nullptr;
  }
  const bool same_layout = trained.packed->layout() == backend.traits().packed_layout(precision);
  return same_layout ? &*trained.packed : nullptr;
}

}  // namespace

TrainedModel::TrainedModel(const std::filesystem::path& path,
                           int max_length,
                           std::shared_ptr<const ScratchFolder> temporary)
    : scratch(std::move(temporary)),
      folder(path),
      tokenizer(path, max_length),
      packed(PackedWeights::open(folder)) {
  folder.require_classifier();
  folder.require_vocabulary(tokenizer.vocabulary_size());
  folder.require_length(tokenizer.max_length());
}

std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision) {
  const ModelFolder& folder = trained->folder;
  const ModelConfig& config = folder.config();
  const ConstTensor word = view_word_table(folder);
  OwnedWeights weights =
      allocate_host_weights(config, word.empty() ? config.encoder.vocabulary : 0);
  const PackedWeights* packed = usable_weights(*trained, backend, precision);
  load_trained_weights(
      folder, config, weights.weights, packed != nullptr ? Matrices::left_out : Matrices::loaded);
  auto model = std::make_shared<OwnedModel>();
  model->prepared =
      prepare_model(backend, config, weights.weights, precision, WeightUse::inference, packed);
  if (word.empty()) {
    model->word_table = std::move(weights.word);
  } else {
    use_word_table(backend, word, model->prepared);
  }
  backend.synchronize();  // other backends, with other streams, use it too
  model->trained = std::move(trained);
  return {model, &model->prepared};
}

}  // namespace fastintent
