# add_fastintent_test(name [PER_INSTRUCTION_SET] [EMULATED | ALSO_EMULATED] [LIBRARIES layer ...] [LABELS label ...])
# builds <name>.cpp of the calling folder and registers it.
# PER_INSTRUCTION_SET registers it once more for each instruction set the machine may have; a
# processor that lacks one shows it as skipped.
# EMULATED links the CUDA device of tests/cuda_emulation, under the label `emulated`; ALSO_EMULATED registers
# a test of all devices twice: <name> for the others, <name>.emulated for its parameters `cuda`. In a build with
# CUDA the device is real, and the label `gpu`; without a GPU such a test skips with a line that says so.
# The label `races` is for tests of the emulated device whose kernels the thread sanitizer watches, too.
# The targets `threads` and `gpu` build all that the thread sanitizer runs (labels `threads` and `races`), and all that
# a build with CUDA does (label `gpu`).
add_custom_target(threads)
add_custom_target(gpu)

function(add_fastintent_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PER_INSTRUCTION_SET;EMULATED;ALSO_EMULATED" "" "LIBRARIES;LABELS")
  add_executable(${name} ${name}.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  list(TRANSFORM arg_LIBRARIES PREPEND fastintent_)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} fmt::fmt GTest::gtest_main)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow)
  if((arg_EMULATED OR arg_ALSO_EMULATED) AND NOT FASTINTENT_CUDA)
    target_link_libraries(${name} PRIVATE fastintent_cuda_emulated)
    target_include_directories(${name} BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/tests/cuda_emulation)
  endif()
  if("threads" IN_LIST arg_LABELS OR "races" IN_LIST arg_LABELS)
    add_dependencies(threads ${name})
  endif()
  if((arg_EMULATED OR arg_ALSO_EMULATED) AND FASTINTENT_CUDA)
    add_dependencies(gpu ${name})
  endif()
  set(no_gpu "no tests on cuda: ")
  if(arg_EMULATED AND FASTINTENT_CUDA)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/cuda/require_gpu.cpp)
  endif()
  set(labels unit ${arg_LABELS})
  if(FASTINTENT_CUDA)
    set(cuda_label gpu)
  else()
    set(cuda_label emulated)
  endif()
  set(filter)
  if(arg_EMULATED)
    list(APPEND labels ${cuda_label})
  elseif(arg_ALSO_EMULATED)
    set(cuda_labels unit ${cuda_label})
    if("races" IN_LIST labels)
      list(REMOVE_ITEM labels races)
      list(APPEND cuda_labels races)
    endif()
    set(filter "--gtest_filter=-*cuda*")
    add_test(NAME ${name}.${cuda_label} COMMAND ${name} "--gtest_filter=*cuda*" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name}.${cuda_label} PROPERTIES LABELS "${cuda_labels}"
                         SKIP_REGULAR_EXPRESSION "${no_gpu}")
  endif()
  add_test(NAME ${name} COMMAND ${name} ${filter} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
  if(arg_EMULATED)
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "${no_gpu}")
  endif()
  if(arg_PER_INSTRUCTION_SET)
    foreach(isa IN ITEMS sse4 avx2 avx512)
      add_test(NAME ${name}.${isa} COMMAND ${name} ${filter} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(${name}.${isa} PROPERTIES ENVIRONMENT "FASTINTENT_FORCE_ISA=${isa}"
                           LABELS "${labels};per_isa"
                           SKIP_REGULAR_EXPRESSION "expected one this processor has")
    endforeach()
  endif()
endfunction()
