# Configures and builds one of the small projects beside this file. None may look for what only training and the
# command line need, so the packages of those are declared absent.
#   cmake -D source=... -D fastintent=... -D prefix=... -D work=... -D CMAKE_...=... -P build_project.cmake
file(REMOVE_RECURSE ${work})
foreach(setting IN ITEMS CMAKE_BUILD_TYPE CMAKE_CXX_COMPILER CMAKE_CXX_FLAGS CMAKE_CXX_COMPILER_LAUNCHER)
  list(APPEND settings "-D${setting}=${${setting}}")
endforeach()
foreach(package IN ITEMS CLI11 libcsv CURL OpenSSL)
  list(APPEND settings -D CMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
endforeach()
execute_process(
  COMMAND
    ${CMAKE_COMMAND} -S ${source} -B ${work} -G ${CMAKE_GENERATOR} -D CMAKE_PREFIX_PATH=${prefix} -D
    fastintent_source=${fastintent} ${settings}
  COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${work} COMMAND_ERROR_IS_FATAL ANY)
