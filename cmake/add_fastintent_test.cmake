# add_fastintent_test(name [PER_INSTRUCTION_SET] [EMULATED | ALSO_EMULATED] [LIBRARIES layer ...] [LABELS label ...])
# adds <name>.cpp to the test program of the calling folder, <folder>_tests, and registers it with ctest, which runs
# `<folder>_tests <name>`: the tests of that file alone (tests/main.cpp).
# PER_INSTRUCTION_SET registers it once more for each instruction set below the best one of this machine, which the
# plain run uses; one that the processor lacks shows as skipped.
# EMULATED is for a test of the CUDA device: it belongs to a second program of the folder, <folder>_cuda_tests, which
# links the device of tests/cuda_emulation, and has the label `emulated`. ALSO_EMULATED is for a test of all devices:
# <name> runs it for the others, <name>.emulated for its parameters `cuda`. In a build with CUDA the device is real, and
# the label `gpu`; without a GPU such a test skips with a line that says so.
# The folder's name is a label, too.
# The label `races` is for tests of the emulated device whose kernels the thread sanitizer watches, too. A build with the
# thread sanitizer has the tests with the label `threads` or `races` alone.

# Targets that build the programs of a group of tests: `host_tests` all without the CUDA device, `threads` what the
# thread sanitizer runs (labels `threads` and `races`), `gpu` what a build with CUDA runs (label `gpu`).
add_custom_target(host_tests)
add_custom_target(threads)
add_custom_target(gpu)

# The headers that most tests read are parsed once. The precompiled header serves every test program, so all of them
# have the options of fastintent_test_options.
# The tests' own code is not measured. With a sanitizer it is compiled twice as fast without optimisation as with;
# elsewhere -Og takes the least time: without optimisation more functions of templates are written.
# FASTINTENT_TEST_OPTIONS: further options of a preset for this code.
set(test_optimisation -Og)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(test_optimisation -O0)
endif()
add_library(fastintent_test_options INTERFACE)
target_compile_options(
  fastintent_test_options
  INTERFACE -Wall -Wextra -Wshadow ${test_optimisation} ${FASTINTENT_TEST_OPTIONS} ${precompiled_header_options}
)
target_compile_features(fastintent_test_options INTERFACE cxx_std_20)
target_link_libraries(fastintent_test_options INTERFACE fmt::fmt GTest::gtest nlohmann_json::nlohmann_json)
add_library(fastintent_test_headers OBJECT ${PROJECT_SOURCE_DIR}/tests/main.cpp)
target_link_libraries(fastintent_test_headers PUBLIC fastintent_test_options)
target_compile_options(fastintent_test_headers PRIVATE -fPIE) # as the programs; GCC wants the same for its header
target_precompile_headers(
  fastintent_test_headers
  PRIVATE <gtest/gtest.h> <nlohmann/json.hpp> <numeric> <random> ${library_headers}
)

# The program of the calling folder that <name>.cpp goes to, made at its first test.
function(add_to_test_program program name)
  if(NOT TARGET ${program})
    add_executable(${program} $<TARGET_OBJECTS:fastintent_test_headers>)
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${program} PRIVATE fastintent_test_options)
    target_precompile_headers(${program} REUSE_FROM fastintent_test_headers)
  endif()
  target_sources(${program} PRIVATE ${name}.cpp)
endfunction()

function(add_fastintent_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PER_INSTRUCTION_SET;EMULATED;ALSO_EMULATED" "" "LIBRARIES;LABELS")
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread" AND NOT arg_LABELS MATCHES "threads|races")
    return() # nothing for this sanitizer to find
  endif()
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(labels unit ${folder} ${arg_LABELS})
  if(FASTINTENT_CUDA)
    set(cuda_label gpu)
  else()
    set(cuda_label emulated)
  endif()
  if(folder MATCHES "^cuda")
    set(cuda_program ${folder}_tests) # all of these are EMULATED
  else()
    set(cuda_program ${folder}_cuda_tests)
  endif()
  set(programs)
  if(NOT arg_EMULATED)
    list(APPEND programs ${folder}_tests)
    add_to_test_program(${folder}_tests ${name})
    add_dependencies(host_tests ${folder}_tests)
  endif()
  if(arg_EMULATED OR arg_ALSO_EMULATED)
    list(APPEND programs ${cuda_program})
    add_to_test_program(${cuda_program} ${name})
    if(FASTINTENT_CUDA)
      add_dependencies(gpu ${cuda_program})
    else()
      target_link_libraries(${cuda_program} PRIVATE fastintent_cuda_emulated)
      target_include_directories(${cuda_program} BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/tests/cuda_emulation)
    endif()
  endif()
  list(TRANSFORM arg_LIBRARIES PREPEND fastintent_)
  foreach(program IN LISTS programs)
    target_link_libraries(${program} PRIVATE ${arg_LIBRARIES})
    if("threads" IN_LIST arg_LABELS OR "races" IN_LIST arg_LABELS)
      add_dependencies(threads ${program})
    endif()
  endforeach()

  set(no_gpu "no tests on cuda: ")
  set(filter)
  if(arg_EMULATED)
    list(APPEND labels ${cuda_label})
  elseif(arg_ALSO_EMULATED)
    set(cuda_labels unit ${folder} ${cuda_label})
    if("races" IN_LIST labels)
      list(REMOVE_ITEM labels races)
      list(APPEND cuda_labels races)
    endif()
    set(filter "--gtest_filter=-*cuda*")
    add_test(
      NAME ${name}.${cuda_label}
      COMMAND ${cuda_program} ${name} "--gtest_filter=*cuda*"
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    )
    set_tests_properties(${name}.${cuda_label} PROPERTIES LABELS "${cuda_labels}" SKIP_REGULAR_EXPRESSION "${no_gpu}")
  endif()
  list(GET programs 0 program)
  add_test(NAME ${name} COMMAND ${program} ${name} ${filter} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
  if(arg_EMULATED AND FASTINTENT_CUDA)
    target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests/cuda/require_gpu.cpp)
    set_tests_properties(
      ${name}
      PROPERTIES ENVIRONMENT "FASTINTENT_TEST_NEEDS_GPU=1" SKIP_REGULAR_EXPRESSION "${no_gpu}"
    )
  endif()
  if(arg_PER_INSTRUCTION_SET)
    set(instruction_sets sse4 avx2 avx512)
    list(REMOVE_ITEM instruction_sets "${best_instruction_set}")
    foreach(isa IN LISTS instruction_sets)
      add_test(NAME ${name}.${isa} COMMAND ${program} ${name} ${filter} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(
        ${name}.${isa}
        PROPERTIES
          ENVIRONMENT "FASTINTENT_FORCE_ISA=${isa}"
          LABELS "${labels};per_isa"
          SKIP_REGULAR_EXPRESSION "expected one this processor has"
      )
    endforeach()
  endif()
endfunction()
