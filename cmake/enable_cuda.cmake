# What FASTINTENT_CUDA needs of CMake: the language, and the toolkit.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  # Turing to Blackwell, and by 120's PTX what comes after: toolkit 12.8 or later. For one GPU, or with an
  # older toolkit, name its own.
  set(
    CMAKE_CUDA_ARCHITECTURES
    75-real
    80-real
    86-real
    89-real
    90-real
    100-real
    120
  )
endif()
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
  if(NOT CMAKE_CUDA_COMPILER)
    message(
      FATAL_ERROR
      "FASTINTENT_CUDA: expected nvcc of the CUDA toolkit 12 or later in PATH, CUDA_HOME or "
      "/usr/local/cuda, found none; without it configure with -DFASTINTENT_CUDA=OFF"
    )
  endif()
endif()
if(CCACHE)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "FASTINTENT_CUDA: expected nvcc 12 or later, found ${CMAKE_CUDA_COMPILER_VERSION}")
endif()
# After the language: CMake 3.25 does not know that nvcc 12 and later has C++20, and its own trial programs would fail.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)

find_package(CUDAToolkit 12 REQUIRED)
# Programs load cuBLASLt when they use a GPU (src/cuda/lt_library.h), from the toolkit where the system does not know it.
list(APPEND CMAKE_BUILD_RPATH ${CUDAToolkit_LIBRARY_DIR})
list(APPEND CMAKE_INSTALL_RPATH ${CUDAToolkit_LIBRARY_DIR})
