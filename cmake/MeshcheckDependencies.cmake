# Everything we stand on, found on the system. Nothing is downloaded.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(SQLite3 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(libcares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(libmnl REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(yaml-cpp REQUIRED IMPORTED_TARGET yaml-cpp)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  # Debian's interpreter, the one whose modules apt installs; another python3 may come first in PATH.
  find_program(MESHCHECK_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
endif()

# llhttp: a -dev package elsewhere; on Debian 12 node-llhttp ships the C sources.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
find_library(LLHTTP_LIBRARY llhttp)
if(LLHTTP_LIBRARY)
  add_library(llhttp INTERFACE)
  target_link_libraries(llhttp INTERFACE ${LLHTTP_LIBRARY})
  target_include_directories(llhttp SYSTEM INTERFACE ${LLHTTP_INCLUDE_DIR})
else()
  find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp REQUIRED)
  add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c
              ${LLHTTP_SOURCE_DIR}/http.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
  target_compile_options(llhttp PRIVATE -O2 -w)
  # Or it takes what RFC 9112 forbids, such as a space before a header's colon.
  target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # Or it does not take what includes parsed headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
