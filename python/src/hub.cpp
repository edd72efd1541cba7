#include "hub.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>

#include "bindings.h"
#include "fastintent/hub.h"
#include "gil.h"
#include "interruption.h"
#include "progress.h"

namespace fastintent::python {
namespace {

std::filesystem::path find(const std::string& model_name,
                           const std::optional<nb::callable>& on_progress,
                           bool show_progress) {
  download_without_libcurl(model_name, show_progress);
  Interruption interruption;
  Progress progress(show_progress, "MB");
  HubCallbacks callbacks;
  callbacks.on_progress = [&](const DownloadProgress& report) {
    interruption.allows([&] {
      update(progress, report);
      if (on_progress) {
        call(*on_progress, report);
      }
    });
  };
  callbacks.should_stop = [&] { return !interruption.allows(); };
  return interruption.run([&] { return find_model(model_name, callbacks); });
}

}  // namespace

void download_without_libcurl(const std::string& model_name, bool show_progress) {
  if (!find_local_model(model_name)) {
    call(
        import_attribute("fastintent._hub", "download_without_libcurl"), model_name, show_progress);
  }
}

void update(Progress& progress, const DownloadProgress& report) {
  constexpr int64_t kMegabyte = 1'000'000;
  progress.update(report.bytes_done / kMegabyte,
                  std::max<int64_t>(report.bytes_total, 0) / kMegabyte,
                  report.file);
}

void init_hub(nb::module_& m) {
  nb::class_<DownloadProgress>(m, "DownloadProgress", "Progress of a model download.")
      .def_ro("file", &DownloadProgress::file, "current file, by its name in the repository")
      .def_ro("bytes_done",
              &DownloadProgress::bytes_done,
              "of all files, including those already in the cache")
      .def_ro("bytes_total",
              &DownloadProgress::bytes_total,
              "of all files; -1 when the server does not report it");

  m.def("find_model",
        &find,
        nb::arg("model_name"),
        nb::kw_only(),
        nb::arg("on_progress") = nb::none(),
        nb::arg("show_progress") = false,
        nb::sig("def find_model(model_name: str, *, "
                "on_progress: collections.abc.Callable[[DownloadProgress], object] | None = None, "
                "show_progress: bool = False) -> pathlib.Path"),
        R"(The folder of the model that `model_name` names.

An existing folder, as it is; else the id of a Hugging Face model, `name` or `organisation/name`,
perhaps with `@revision` (a branch, tag or commit; main when there is none).

A model in the user's hub cache is used without any network, even if the hub has a newer one by now.
Otherwise it is downloaded into that cache, in the layout of the Python package huggingface_hub, so that
either finds what the other fetched. Only the files that fastintent reads are taken, each is checked
against the hub's checksum, and a download that was cut continues where it ended, within the call and in a
later one. HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean to huggingface_hub.

on_progress: called with a DownloadProgress for every piece that arrives.
show_progress: a bar on standard error.

Raises MissingInputError when there is neither such a folder nor such a model, when the hub does not let
this user read it, or when it is not in the cache and HF_HUB_OFFLINE is set; BadCheckpointError when the
repository has no safetensors weights; CannotCreateError or IoError when the cache cannot be written,
the network fails or a checksum differs. Ctrl-C stops it; a later call continues.)");
}

}  // namespace fastintent::python
