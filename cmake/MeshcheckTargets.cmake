# How a folder becomes a target: one call names its sources, another its tests.
add_library(meshcheck_flags_common INTERFACE)
target_compile_features(meshcheck_flags_common INTERFACE cxx_std_20)
target_include_directories(meshcheck_flags_common INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(meshcheck_flags_common INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wno-missing-field-initializers  # Options structs are filled by name; the rest has defaults.
  $<$<BOOL:${MESHCHECK_WERROR}>:-Werror>)
target_compile_definitions(meshcheck_flags_common INTERFACE
  MESHCHECK_VERSION="${PROJECT_VERSION}")
if(MESHCHECK_SANITIZE)
  target_compile_options(meshcheck_flags_common INTERFACE
    -fsanitize=${MESHCHECK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    # Checks of each access to memory, a quarter of the compiler's time; a bad one ends in AddressSanitizer.
    -fno-sanitize=null,alignment,object-size)
  target_link_options(meshcheck_flags_common INTERFACE -fsanitize=${MESHCHECK_SANITIZE})
endif()
if(MESHCHECK_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 takes joined strings of instrumented code for overflows, and an empty std::optional for one that may be
  # read; in the preset `dev` such warnings are errors.
  target_compile_options(meshcheck_flags_common INTERFACE
    -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=restrict -Wno-error=maybe-uninitialized)
endif()

# The headers of the standard library that most files include, and GoogleTest's for tests, parsed once: a third
# of the compiler's time. Every file includes what it uses all the same; the preset `tidy` goes without.
function(meshcheck_parsed_headers name)
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/cmake/parsed_headers.cc)
  target_link_libraries(${name} PRIVATE meshcheck_flags_common)
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory>
    <mutex> <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> ${ARGN})
endfunction()
meshcheck_parsed_headers(meshcheck_std_headers)
if(BUILD_TESTING)
  meshcheck_parsed_headers(meshcheck_test_headers <gtest/gtest.h>)
  target_link_libraries(meshcheck_test_headers PRIVATE GTest::gtest)
endif()

# From nothing, files of a folder are compiled several at once (CMAKE_UNITY_BUILD): half of the compiler's time. What
# two of them call by the same private name would collide; ALONE names such files.
if(CMAKE_UNITY_BUILD)
  # g++ takes the private types of the files of one unit for those of a header.
  target_compile_options(meshcheck_flags_common INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

# meshcheck_library(NAME SOURCES a.cc b.cc ALONE b.cc DEPENDS other PkgConfig::thing)
# The target is meshcheck_NAME; DEPENDS names our libraries without that prefix.
function(meshcheck_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;ALONE;DEPENDS" ${ARGN})
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(meshcheck_${name} STATIC ${arg_SOURCES})
  target_precompile_headers(meshcheck_${name} REUSE_FROM meshcheck_std_headers)
  meshcheck_link(meshcheck_${name} PUBLIC ${arg_DEPENDS})
endfunction()

# meshcheck_program(NAME SOURCES main.cc DEPENDS ...): an installed program, called NAME.
function(meshcheck_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  meshcheck_link(${name} PRIVATE ${arg_DEPENDS})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_property(GLOBAL APPEND PROPERTY MESHCHECK_PROGRAMS ${name})
endfunction()

# meshcheck_tests(NAME SOURCES a_test.cc ALONE a_test.cc DEPENDS ...): one program and one ctest label a folder. Of the presets' four
# jobs it takes two, as all that is busy: on two cores two of these run at once, or four tests that wait.
function(meshcheck_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;ALONE;DEPENDS" ${ARGN})
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(meshcheck_${name}_test ${arg_SOURCES})
  target_precompile_headers(meshcheck_${name}_test REUSE_FROM meshcheck_test_headers)
  meshcheck_link(meshcheck_${name}_test PRIVATE ${name} ${arg_DEPENDS} GTest::gtest_main)
  add_test(NAME ${name} COMMAND meshcheck_${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT ${arg_TIMEOUT} PROCESSORS 2)
endfunction()

function(meshcheck_link target scope)
  target_link_libraries(${target} ${scope} meshcheck_flags_common)
  foreach(dependency IN LISTS ARGN)
    if(TARGET meshcheck_${dependency})
      target_link_libraries(${target} ${scope} meshcheck_${dependency})
    else()
      target_link_libraries(${target} ${scope} ${dependency})
    endif()
  endforeach()
endfunction()
