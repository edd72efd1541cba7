#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dialect.h"
#include "fastintent/intent_classifier.h"
#include "options.h"

namespace fastintent::serve {

/// A model in use. Requests in progress keep it while a newer one has taken its place.
struct ServedModel {
  ModelInfo info;
  IntentClassifier classifier;
  double load_seconds = 0;  ///< until it was warm
};

/// The models of a server, by their names. All share one set of workers. Safe from many threads.
class Models {
 public:
  /// Called with a sentence for the operator.
  using Log = std::function<void(const std::string& sentence)>;

  /// Loads nothing yet. `retire` gets each model that has no request any more, on any thread, to
  /// destroy it where that may take a moment.
  Models(const ServerOptions& options,
         Log log,
         std::function<void(std::unique_ptr<ServedModel>)> retire);

  /// Loads all models and warms them up. Throws what IntentClassifier throws, with the name.
  void load();
  /// Loads models again: all of them, or only those whose folder has changed. One that cannot be
  /// loaded leaves the old one. Returns the number of new ones and of failures.
  struct Reload {
    int loaded = 0;
    int failed = 0;
  };
  Reload reload(bool only_changed);

  /// The model of that name (empty: the first) and version (empty: any); null when there is none.
  std::shared_ptr<ServedModel> find(std::string_view name, std::string_view version) const;
  /// All models, the first one first; empty before load().
  std::vector<std::shared_ptr<ServedModel>> all() const;

  const Workers& workers() const { return *workers_; }

 private:
  struct Place {
    NamedFolder folder;
    std::string identity;  // of the folder's files when they were loaded
    std::shared_ptr<ServedModel> model;
  };
  std::shared_ptr<ServedModel> open(const NamedFolder& folder) const;

  ServerOptions options_;
  Log log_;
  std::function<void(std::unique_ptr<ServedModel>)> retire_;
  std::shared_ptr<Workers> workers_;
  mutable std::mutex mutex_;
  std::vector<Place> places_;
};

}  // namespace fastintent::serve
