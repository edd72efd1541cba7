#pragma once

#include <initializer_list>
#include <string>

namespace fastintent::cli {

/// A file or folder that an option names; an empty path names none.
struct NamedFile {
  const char* option;  ///< for messages
  std::string path;
};

/// The file that the standard stream is, where `path` is empty or "-".
std::string or_standard_input(const std::string& path);
std::string or_standard_output(const std::string& path);

/// Throws invalid_argument when one of `outputs`, which will be written, is one of `inputs`, another
/// one of them, or a file of the model folder `model`, which may be empty. Files are the same by
/// their place, also when they do not exist yet, or by being the same on the disk (links). Devices
/// and pipes may be named more than once.
void require_distinct_files(const char* command,
                            std::initializer_list<NamedFile> inputs,
                            std::initializer_list<NamedFile> outputs,
                            const std::string& model);

/// Throws invalid_argument when one of `inputs` has the name of a file of a model in the folder
/// `output`, where the new model would replace it.
void require_apart_from_model(const char* command,
                              std::initializer_list<NamedFile> inputs,
                              const std::string& output);

/// Whether `file` is in `folder`, or is it, when links are followed.
bool is_inside(const std::string& file, const std::string& folder);

}  // namespace fastintent::cli
