# Installs the build into a fresh prefix, and configures and builds examples/ against nothing but that.
#   cmake -D build=... -D source=... -D work=... -D CMAKE_...=... -P consumer_project.cmake
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${prefix}) # a header that is gone from the library must be gone here
execute_process(
  COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${prefix}
  OUTPUT_QUIET
  COMMAND_ERROR_IS_FATAL ANY
)

# The same compiler and flags as the library: a sanitizer needs that.
foreach(setting IN ITEMS CMAKE_BUILD_TYPE CMAKE_CXX_COMPILER CMAKE_CXX_FLAGS CMAKE_CXX_COMPILER_LAUNCHER)
  list(APPEND settings "-D${setting}=${${setting}}")
endforeach()
execute_process(
  COMMAND
    ${CMAKE_COMMAND} -S ${source} -B ${work}/consumer -G ${CMAKE_GENERATOR} -D CMAKE_PREFIX_PATH=${prefix} ${settings}
  COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${work}/consumer COMMAND_ERROR_IS_FATAL ANY)
