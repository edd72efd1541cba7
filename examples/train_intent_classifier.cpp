// Fine-tunes an intent classifier on a labelled file, showing its progress, and saves it.
//
//   train_intent_classifier BASE TRAIN_FILE OUTPUT [EPOCHS]

#include <cstdio>
#include <cstdlib>
#include <string>

#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"

using namespace fastintent;

namespace {

void show_step(const StepReport& report) {
  // One line in ten steps, and the last one, is enough to see the loss fall.
  if (report.step % 10 != 0 && report.step != report.total_steps) {
    return;
  }
  std::printf("step %lld/%lld  loss %.4f  %.0f examples/s\n",
              static_cast<long long>(report.step),
              static_cast<long long>(report.total_steps),
              report.loss,
              report.examples_per_second);
}

void show_epoch(const EpochReport& report) {
  if (!report.validation) {
    return;
  }
  std::printf("epoch %d  validation accuracy %.1f %%%s\n",
              report.epoch,
              100 * report.validation->accuracy,
              report.best ? ", the best so far" : "");
}

void train(const std::string& base,
           const std::string& train_file,
           const std::string& output,
           int epochs) {
  // 1. The data: a CSV with the columns text and label (or intent, or category).
  const LabelledTexts data = read_labelled_texts(train_file);
  std::printf("%zu texts, %zu intents\n", data.texts.size(), data.label_names.size());

  // 2. A classifier that has learnt nothing yet. The base is looked up when training begins.
  ClassifierOptions options;
  options.model_name = base;
  IntentClassifier classifier(options);

  // 3. Training. A tenth of the texts is held out to choose the best epoch by; all settings that
  //    are not given have good defaults (docs/training.md). An output that holds a model already
  //    is refused before any work.
  TrainingOptions training;
  training.output = output;
  if (epochs > 0) {
    training.epochs = epochs;
  }
  TrainingCallbacks callbacks;
  callbacks.on_step = show_step;
  callbacks.on_epoch = show_epoch;
  const TrainingReport report = classifier.train(data, nullptr, training, callbacks);
  std::printf("trained in %.1f s, best epoch %d, saved to %s\n",
              report.seconds,
              report.best_epoch,
              output.c_str());

  // 4. The classifier has the new model and is ready to answer. So is everything else that opens
  //    the folder: verify_intent_classifier, the command line, transformers.
  const std::string& text = data.texts.front();
  const IntentPrediction prediction = classifier.predict(text);
  std::printf("%s: %s (%.2f)\n", text.c_str(), prediction.intent.c_str(), prediction.confidence);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5 || (argc == 5 && std::atoi(argv[4]) < 1)) {
    std::fprintf(stderr, "usage: %s BASE TRAIN_FILE OUTPUT [EPOCHS]\n", argv[0]);
    return 64;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line at once, also into a pipe
  try {
    train(argv[1], argv[2], argv[3], argc == 5 ? std::atoi(argv[4]) : 0);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
