# add_fastintent_layer(name SOURCES a.cpp ... [DEPENDS layer ...] [LIBRARIES lib ...])
# makes the static library fastintent_<name> from the calling folder. DEPENDS names the layers below it,
# as in the table of docs/architecture.md; scripts/check_layers.py holds the includes to the same table.
# Installed as fastintent::internal_<name>, which only the public targets fastintent::predict and
# fastintent::fastintent link; the package needs every LIBRARIES, see fastintentConfig.cmake.in.
function(add_fastintent_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBRARIES")
  set(target fastintent_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM arg_DEPENDS PREPEND fastintent_)
  target_link_libraries(${target} PUBLIC fastintent_headers ${arg_DEPENDS} PRIVATE fmt::fmt ${arg_LIBRARIES})
  # Same bits in every build: no contraction of a*b+c unless a kernel requests it by name.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
  # Shared libraries link these archives: the Python module, and those of users.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  if(TARGET fastintent_library_headers)
    target_compile_options(${target} PRIVATE ${precompiled_header_options})
    target_precompile_headers(${target} REUSE_FROM fastintent_library_headers)
  endif()
  if(FASTINTENT_DEVELOPER_MODE)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow>")
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME internal_${name})
  if(FASTINTENT_INSTALL)
    install(TARGETS ${target} EXPORT fastintent COMPONENT development)
  endif()
endfunction()
