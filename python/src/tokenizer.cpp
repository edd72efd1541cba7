#include "fastintent/tokenizer.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <string>

#include "bindings.h"
#include "gil.h"
#include "texts.h"

namespace fastintent::python {

void init_tokenizer(nb::module_& m) {
  nb::class_<Tokenizer::Encoding>(
      m, "Encoding", "The tokens of one text, as Tokenizer.encode returns them.")
      .def_ro("ids", &Tokenizer::Encoding::ids, "the ids, with the special tokens")
      .def_ro("truncated",
              &Tokenizer::Encoding::truncated,
              "whether the text had more tokens than max_length holds")
      .def("__repr__", [](const Tokenizer::Encoding& encoding) {
        return nb::str("Encoding(ids={}, truncated={})").format(encoding.ids, encoding.truncated);
      });

  nb::class_<Tokenizer>(
      m,
      "Tokenizer",
      R"(WordPiece, Unigram or BPE tokenizer of a Hugging Face folder: returns exactly the ids of AutoTokenizer
(WordPiece), or those of the package tokenizers for the folder's tokenizer.json (all others), for every
input, the special tokens included. Immutable, so any number of threads may use one.)")
      .def(
          nb::init<const std::filesystem::path&, int>(),
          nb::arg("folder"),
          nb::arg("max_length") = 0,
          R"(Reads the tokenizer of the model in `folder` by the rules of transformers, and the default prompt and
the lower case of sentence-transformers.

max_length: most tokens of a text, the special tokens included; 0 takes the folder's own.

Raises MissingInputError when there is no tokenizer, BadCheckpointError when it is malformed or
has rules that are not followed, InvalidArgumentError when `max_length` is negative, cannot hold the
special tokens and one more, or exceeds the model's positions.)")
      .def(
          "encode",
          [](const Tokenizer& tokenizer, nb::handle text) {
            const Text utf8 = read_text(text, "text");
            const WithoutGil unlocked;
            return tokenizer.encode(utf8.view);
          },
          nb::arg("text"),
          nb::sig("def encode(self, text: str) -> Encoding"),
          "Returns the ids of `text`, truncated to max_length with the special tokens kept.")
      .def_prop_ro("max_length",
                   &Tokenizer::max_length,
                   "Most tokens of a text, the special tokens included.")
      .def_prop_ro("vocabulary_size", &Tokenizer::vocabulary_size, "Number of ids.");
}

}  // namespace fastintent::python
