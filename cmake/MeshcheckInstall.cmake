# What `make install` and `make deb` put where, besides the programs themselves.
get_property(programs GLOBAL PROPERTY MESHCHECK_PROGRAMS)

# Man pages are made of --help, so that they never say anything else.
find_program(HELP2MAN help2man)
if(HELP2MAN)
  foreach(program IN LISTS programs)
    set(page ${PROJECT_BINARY_DIR}/man/${program}.1)
    add_custom_command(OUTPUT ${page}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/man
      COMMAND ${HELP2MAN} --no-info --no-discard-stderr --version-string=${PROJECT_VERSION}
              --output=${page} $<TARGET_FILE:${program}>
      DEPENDS ${program} VERBATIM)
    list(APPEND pages ${page})
  endforeach()
  if(NOT MESHCHECK_SANITIZE)
    add_custom_target(man ALL DEPENDS ${pages})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
endif()

# As kubectl finds it for `kubectl meshcheck`.
install(CODE "file(CREATE_LINK meshctl \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/kubectl-meshcheck\" SYMBOLIC)")

# The shells' stubs, each where its shell looks. Debian's zsh looks for those of packages in another folder.
set(zsh_folder zsh/site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
  set(zsh_folder zsh/vendor-completions)
endif()
set(stub_folders bash:bash-completion/completions:meshctl zsh:${zsh_folder}:_meshctl
  fish:fish/vendor_completions.d:meshctl.fish)
foreach(stub IN LISTS stub_folders)
  string(REPLACE ":" ";" stub "${stub}")
  list(GET stub 0 shell)
  list(GET stub 1 folder)
  list(GET stub 2 name)
  set(file ${PROJECT_BINARY_DIR}/completion/${shell}/${name})
  add_custom_command(OUTPUT ${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completion/${shell}
    COMMAND $<TARGET_FILE:meshctl> completion ${shell} > ${file}
    DEPENDS meshctl)
  list(APPEND stubs ${file})
  if(NOT MESHCHECK_SANITIZE)
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
  endif()
endforeach()
if(NOT MESHCHECK_SANITIZE)
  add_custom_target(completion ALL DEPENDS ${stubs})
endif()

foreach(unit meshcheck-server meshcheck-agent-hostnet)
  configure_file(packaging/systemd/${unit}.service.in ${PROJECT_BINARY_DIR}/${unit}.service @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${unit}.service DESTINATION lib/systemd/system)
endforeach()
install(DIRECTORY examples/lab/ DESTINATION ${CMAKE_INSTALL_DATADIR}/meshcheck/lab USE_SOURCE_PERMISSIONS)
install(FILES README.md CHANGELOG.md CONTRIBUTING.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY doc/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/doc)

set(CPACK_PACKAGE_CONTACT "The meshcheck maintainers <maintainers@meshcheck.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "connectivity checker for clusters, successor of netchecker")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
include(CPack)
