#include "models.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>

#include "fastintent/error.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

constexpr size_t kVersionDigits = 12;  // of the fingerprint's 16: enough to tell models apart

// Changes when the folder, or a file that a model's content depends on, is replaced or written.
std::string identity_of(const std::string& folder) {
  std::string identity;
  for (const char* file : {"",
                           "/config.json",
                           "/model.safetensors",
                           "/model.safetensors.index.json",
                           "/fastintent.json",
                           "/fastintent.safetensors",
                           "/modules.json",
                           "/tokenizer.json"}) {
    struct stat found{};
    if (stat((folder + file).c_str(), &found) == 0) {
      identity += fmt::format("{} {} {} {}.{}\n",
                              found.st_dev,
                              found.st_ino,
                              *file == '\0' ? 0 : found.st_size,
                              *file == '\0' ? 0 : found.st_mtim.tv_sec,
                              *file == '\0' ? 0 : found.st_mtim.tv_nsec);
    } else {
      identity += "-\n";
    }
  }
  return identity;
}

}  // namespace

Models::Models(const ServerOptions& options,
               Log log,
               std::function<void(std::unique_ptr<ServedModel>)> retire)
    : options_(options),
      log_(std::move(log)),
      retire_(std::move(retire)),
      workers_(std::make_shared<Workers>(options.classifier.threads,
                                         options.http.limits.queued_tokens)) {
  for (const NamedFolder& folder : options_.models) {
    places_.push_back({folder, {}, nullptr});
  }
}

std::shared_ptr<ServedModel> Models::open(const NamedFolder& folder) const {
  const auto begin = std::chrono::steady_clock::now();
  const auto& [name, path] = folder;
  ClassifierOptions options = options_.classifier;
  options.model_path = path;
  options.workers = workers_;
  auto model = std::make_unique<ServedModel>(ServedModel{{}, IntentClassifier(options)});
  IntentClassifier& classifier = model->classifier;
  if (!classifier.is_loaded()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("serve: expected a trained model, found a base without a classifier "
                            "({})",
                            path));
  }
  std::string reason = "as asked for";
  if (options_.fastest) {
    reason = classifier.optimize_for_inference().reason;
  }
  classifier.warm_up();
  model->info = {.name = name,
                 .version = classifier.fingerprint().substr(0, kVersionDigits),
                 .intents = classifier.intents(),
                 .max_length = classifier.max_length(),
                 .precision = std::string(precision_name(classifier.precision())),
                 .device = classifier.device_name()};
  model->load_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  log_(fmt::format("model {} version {}: {} intents, {}, {} ({})",
                   name,
                   model->info.version,
                   model->info.intents.size(),
                   model->info.device,
                   model->info.precision,
                   reason));
  const auto retire = retire_;
  return {model.release(),
          [retire](ServedModel* ended) { retire(std::unique_ptr<ServedModel>(ended)); }};
}

void Models::load() {
  for (Place& place : places_) {
    const std::string identity = identity_of(place.folder.second);
    std::shared_ptr<ServedModel> model = open(place.folder);
    const std::lock_guard lock(mutex_);
    place.identity = identity;
    place.model = std::move(model);
  }
}

Models::Reload Models::reload(bool only_changed) {
  Reload result;
  for (Place& place : places_) {
    const std::string identity = identity_of(place.folder.second);
    if (only_changed && identity == place.identity) {
      continue;
    }
    place.identity = identity;  // a folder that fails is tried again when it has changed again
    try {
      std::shared_ptr<ServedModel> model = open(place.folder);
      if (place.model != nullptr && model->info.intents != place.model->info.intents) {
        log_(fmt::format("model {}: the intents have changed", place.folder.first));
      }
      const std::lock_guard lock(mutex_);
      place.model.swap(model);
      ++result.loaded;
    } catch (const std::exception& error) {
      log_(fmt::format("model {}: the old one stays in use, the new one failed: {}",
                       place.folder.first,
                       error.what()));
      ++result.failed;
    }
  }
  return result;
}

std::shared_ptr<ServedModel> Models::find(std::string_view name, std::string_view version) const {
  const std::lock_guard lock(mutex_);
  for (const Place& place : places_) {
    if (place.model != nullptr && (name.empty() || name == place.folder.first)) {
      return version.empty() || version == place.model->info.version ? place.model : nullptr;
    }
  }
  return nullptr;
}

std::vector<std::shared_ptr<ServedModel>> Models::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ServedModel>> models;
  for (const Place& place : places_) {
    if (place.model != nullptr) {
      models.push_back(place.model);
    }
  }
  return models;
}

}  // namespace fastintent::serve
