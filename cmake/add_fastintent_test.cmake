# add_fastintent_test(name [PER_INSTRUCTION_SET] [LIBRARIES layer ...] [LABELS label ...])
# builds <name>.cpp of the calling folder and registers it.
# PER_INSTRUCTION_SET registers it once more for each instruction set the machine may have; a
# processor that lacks one shows it as skipped.
# The target `threads` builds the tests with that label, all that the thread sanitizer runs.
add_custom_target(threads)

function(add_fastintent_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PER_INSTRUCTION_SET" "" "LIBRARIES;LABELS")
  add_executable(${name} ${name}.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  list(TRANSFORM arg_LIBRARIES PREPEND fastintent_)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} fmt::fmt GTest::gtest_main)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow)
  if("threads" IN_LIST arg_LABELS)
    add_dependencies(threads ${name})
  endif()
  set(labels unit ${arg_LABELS})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
  if(arg_PER_INSTRUCTION_SET)
    foreach(isa IN ITEMS sse4 avx2 avx512)
      add_test(NAME ${name}.${isa} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      set_tests_properties(${name}.${isa} PROPERTIES ENVIRONMENT "FASTINTENT_FORCE_ISA=${isa}"
                           LABELS "${labels};per_isa"
                           SKIP_REGULAR_EXPRESSION "expected one this processor has")
    endforeach()
  endif()
endfunction()
