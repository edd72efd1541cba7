# `cpack` makes two Debian packages of an installed tree, one a component of install(): fastintent has the program,
# libfastintent-dev the library. scripts/build_debs.sh runs it and checks the result.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fastintent)
set(CPACK_PACKAGE_CONTACT "The fastintent authors <maintainers@fastintent.invalid>") # Debian requires an address
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian/complete_packages.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1) # of the packaging; 0.1.0-1 sorts before 0.1.0-1ubuntu1
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME fastintent)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "libdnnl${ONEDNN_VERSION_MAJOR}") # loaded when training begins
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ca-certificates, libcurl4, libssl3 | libssl3t64") # models by name
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "python3-pip") # the demo's weights where the hub is not reached
set(
  CPACK_DEBIAN_PROGRAM_DESCRIPTION
  "fine-tunes and runs intent classifiers of the BERT family
fastintent turns labelled messages and a Hugging Face model folder into a
trained classifier, with honest measures, and answers texts with ranked
intents and calibrated probabilities, on processors and NVIDIA GPUs.
transformers and sentence-transformers read the folders that it writes."
)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libfastintent-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(
  CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS # what find_package(fastintent) looks for
  "libcsv-dev, libfmt-dev, libhwy-dev, nlohmann-json3-dev"
)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "libdnnl${ONEDNN_VERSION_MAJOR}")
set(
  CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
  "intent classifiers of the BERT family (development files)
fastintent turns labelled messages and a Hugging Face model folder into a
trained classifier and answers texts with ranked intents.

This package has the C++20 headers, the static libraries and the CMake
package: find_package(fastintent)."
)
include(CPack)
