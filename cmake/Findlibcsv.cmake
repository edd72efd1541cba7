# libcsv comes without a CMake package: finds it and makes the target libcsv::libcsv. Installed with
# the fastintent package, whose static libraries need it. libcsv is LGPL: by default the shared library is found, as
# Debian has it; whoever links LIBCSV_LIBRARY=libcsv.a statically has the LGPL's duties for static linking.
find_path(LIBCSV_INCLUDE_DIR csv.h)
find_library(LIBCSV_LIBRARY csv)
mark_as_advanced(LIBCSV_INCLUDE_DIR LIBCSV_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libcsv REQUIRED_VARS LIBCSV_LIBRARY LIBCSV_INCLUDE_DIR)

if(libcsv_FOUND AND NOT TARGET libcsv::libcsv)
  add_library(libcsv::libcsv UNKNOWN IMPORTED)
  set_target_properties(
    libcsv::libcsv
    PROPERTIES IMPORTED_LOCATION ${LIBCSV_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBCSV_INCLUDE_DIR}
  )
endif()
