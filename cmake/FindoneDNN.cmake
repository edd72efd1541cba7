# oneDNN's headers and the major number of their version, which the name of its library has. Its own CMake package looks
# for OpenMP and OpenCL as well, which only the library itself needs.
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
mark_as_advanced(ONEDNN_INCLUDE_DIR)

if(ONEDNN_INCLUDE_DIR)
  file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h lines REGEX "define DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
  list(TRANSFORM lines REPLACE "[^0-9]+" "")
  list(JOIN lines "." ONEDNN_VERSION)
  list(GET lines 0 ONEDNN_VERSION_MAJOR)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  oneDNN
  REQUIRED_VARS ONEDNN_INCLUDE_DIR
  VERSION_VAR ONEDNN_VERSION
  HANDLE_VERSION_RANGE
)
