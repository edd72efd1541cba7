#pragma once

namespace fastintent {

/// What a reader does with content that its format does not allow. Loading a model uses `refused`.
/// A search for the files that a folder needs uses `ignored`: the loading reports the content later.
enum class Malformed { refused, ignored };

}  // namespace fastintent
