# Man pages and shell completions are made from the program's help when it is installed, so they describe that program.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "No Python 3 interpreter: man pages and shell completions are not installed")
  return()
endif()
set(command_pages ${PROJECT_BINARY_DIR}/command_pages)
install(
  CODE
    "execute_process(
  COMMAND
    \"${Python3_EXECUTABLE}\" -B \"${PROJECT_SOURCE_DIR}/packaging/make_command_pages.py\"
    \"$<TARGET_FILE:fastintent_cli>\" \"${command_pages}\"
  COMMAND_ERROR_IS_FATAL ANY
)"
  COMPONENT program
)
install(DIRECTORY ${command_pages}/ DESTINATION ${CMAKE_INSTALL_DATAROOTDIR} COMPONENT program)
