# For ccache: hash what was included before, and no time of the file.
set(
  precompiled_header_options
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>"
)

# What most files of the library and of the tests include.
set(
  library_headers
  <fmt/format.h>
  <algorithm>
  <cmath>
  <filesystem>
  <fstream>
  <functional>
  <map>
  <memory>
  <optional>
  <span>
  <string>
  <thread>
  <vector>
)

# With a sanitizer the headers that most files of the library read are parsed once, which saves a second of each.
# Elsewhere they are not precompiled: there a file that forgets to include one does not compile, and the wheel of the
# tests finds the objects of `dev` in ccache.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  file(CONFIGURE OUTPUT library_headers.cpp CONTENT "")
  add_library(fastintent_library_headers OBJECT ${CMAKE_CURRENT_BINARY_DIR}/library_headers.cpp)
  # As in add_fastintent_layer: a compiler refuses a header that was compiled with other options.
  target_link_libraries(fastintent_library_headers PRIVATE fmt::fmt)
  target_compile_features(fastintent_library_headers PRIVATE cxx_std_20)
  target_compile_options(fastintent_library_headers PRIVATE -ffp-contract=off ${precompiled_header_options})
  set_target_properties(fastintent_library_headers PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  target_precompile_headers(fastintent_library_headers PRIVATE ${library_headers})
endif()
