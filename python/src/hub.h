#pragma once

#include <string>

namespace fastintent::python {

/// Where libcurl is not installed and the Python package huggingface_hub is: downloads a model that
/// is not in the hub's cache into it, so that find_model finds it there. Needs the GIL.
void download_without_libcurl(const std::string& model_name, bool show_progress);

}  // namespace fastintent::python
