#include "predict/trained_model.h"

#include <utility>

#include "compute/host_memory.h"
#include "model/load_weights.h"
#include "text/open_tokenizer.h"

namespace fastintent {
namespace {

// A prepared model with all memory it refers to.
struct OwnedModel {
  std::shared_ptr<const TrainedModel> trained;
  Buffer word_table;  // empty where the one in the mapped file is used
  MappedTensor mapped_word_table;
  std::optional<PackedMatrices> packed;
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

TrainedModel::TrainedModel(const SnapshotPath& path,
                           int max_length,
                           WordTable where,
                           std::shared_ptr<const ScratchFolder> temporary)
    : scratch(std::move(temporary)),
      word_table(where),
      folder(path),
      tokenizer(open_tokenizer(path, max_length)),
      packed(PackedWeights::open(folder)) {
  folder.require_classifier();
  folder.require_vocabulary(tokenizer.vocabulary_size());
  folder.require_length(tokenizer.max_length());
  folder.tokenizer_files();  // kept from now on, so that saving writes those of this model
}

std::shared_ptr<const PreparedModel> prepare_trained_model(
    std::shared_ptr<const TrainedModel> trained, Backend& backend, Precision precision) {
  const ModelFolder& folder = trained->folder;
  const ModelConfig& config = folder.config();
  auto model = std::make_shared<OwnedModel>();
  if (trained->word_table == WordTable::mapped) {
    model->mapped_word_table = map_word_table(folder);
  }
  const ConstTensor word = model->mapped_word_table.view;
  OwnedWeights weights =
      allocate_host_weights(config, word.empty() ? config.encoder.vocabulary : 0);
  if (const PackedWeights* packed = usable_weights(*trained, backend, precision)) {
    model->packed = packed->read();
  }
  prefer_huge_pages(weights.word);
  if (!model->packed) {
    prefer_huge_pages(weights.flat);
  }
  load_trained_weights(
      folder, config, weights.weights, model->packed ? Matrices::left_out : Matrices::loaded);
  folder.require_unchanged_weights("load model");
  model->prepared = prepare_model(backend,
                                  config,
                                  weights.weights,
                                  precision,
                                  WeightUse::inference,
                                  model->packed ? &*model->packed : nullptr);
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
