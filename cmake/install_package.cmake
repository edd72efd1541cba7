# What find_package(fastintent) reads. The public headers and the layers' libraries are in the export
# set already (include/CMakeLists.txt, add_fastintent_layer).
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/fastintent)

install(
  EXPORT fastintent
  NAMESPACE fastintent::
  FILE fastintentTargets.cmake
  DESTINATION ${package_folder}
  COMPONENT development
)
configure_package_config_file(
  cmake/fastintentConfig.cmake.in
  ${PROJECT_BINARY_DIR}/fastintentConfig.cmake
  INSTALL_DESTINATION ${package_folder}
)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fastintentConfigVersion.cmake COMPATIBILITY SameMinorVersion) # before 1.0 a minor version may break
install(
  FILES
    ${PROJECT_BINARY_DIR}/fastintentConfig.cmake
    ${PROJECT_BINARY_DIR}/fastintentConfigVersion.cmake
    cmake/Findlibcsv.cmake
  DESTINATION ${package_folder}
  COMPONENT development
)
