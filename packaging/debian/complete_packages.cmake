# CPack includes this when the components are installed and before it makes the packages: adds what Debian's policy
# requires and an ordinary install does not need.
cmake_minimum_required(VERSION 3.25)
find_program(PYTHON python3 REQUIRED)
set(packages fastintent libfastintent-dev) # in the order of the components
foreach(component package IN ZIP_LISTS CPACK_COMPONENTS_ALL packages)
  set(tree ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component})
  execute_process(
    COMMAND
      ${PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/write_documents.py ${tree}/usr/share/doc/${package}
      ${CPACK_PACKAGE_CONTACT}
    COMMAND_ERROR_IS_FATAL ANY
  )
  file(GLOB_RECURSE archives ${tree}/usr/lib/*.a)
  if(archives)
    execute_process(COMMAND strip --strip-debug ${archives} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
