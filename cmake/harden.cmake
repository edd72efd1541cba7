# Makes a fault in memory harder to misuse, in the programs and modules that users get: checks of stacks and buffers,
# jumps only to where they may lead, addresses that nobody can guess, and tables of functions that nobody can write.
# scripts/check_hardening.py looks for each in a built file.
include(CheckCXXCompilerFlag)
include(CheckPIESupported)

# In optimised builds of Release alone: FORTIFY needs optimisation, and the sanitizers of other builds see more.
set(hardening -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
check_cxx_compiler_flag(-fcf-protection FASTINTENT_HAS_CF_PROTECTION) # of x86
if(FASTINTENT_HAS_CF_PROTECTION)
  list(APPEND hardening -fcf-protection)
endif()
add_compile_options("$<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:${hardening}>")

check_pie_supported(LANGUAGES CXX) # lets POSITION_INDEPENDENT_CODE of a program reach the linker
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
