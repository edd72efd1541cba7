# The core of prometheus-cpp: metrics and their text, without a server of its own. The CMake package that Debian installs
# also requires civetweb and curl, which the core does not use. Makes the target prometheus-cpp::core.
find_path(PROMETHEUS_CPP_INCLUDE_DIR prometheus/registry.h)
find_library(PROMETHEUS_CPP_CORE_LIBRARY prometheus-cpp-core)
mark_as_advanced(PROMETHEUS_CPP_INCLUDE_DIR PROMETHEUS_CPP_CORE_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  PrometheusCppCore
  REQUIRED_VARS PROMETHEUS_CPP_CORE_LIBRARY PROMETHEUS_CPP_INCLUDE_DIR
)

if(PrometheusCppCore_FOUND AND NOT TARGET prometheus-cpp::core)
  add_library(prometheus-cpp::core UNKNOWN IMPORTED)
  set_target_properties(
    prometheus-cpp::core
    PROPERTIES
      IMPORTED_LOCATION ${PROMETHEUS_CPP_CORE_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${PROMETHEUS_CPP_INCLUDE_DIR}
  )
endif()
