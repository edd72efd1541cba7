#include <fastintent/intent_classifier.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: answer MODEL TEXT\n";
    return 64;
  }
  fastintent::ClassifierOptions options;
  options.model_path = argv[1];
  fastintent::IntentClassifier classifier(options);
  std::cout << classifier.predict(argv[2]).intent << '\n';
}
