fuzz_target(ldap SOURCES ${CMAKE_CURRENT_LIST_DIR}/ldap.cpp ${PROJECT_SOURCE_DIR}/plugins/ldap/ldap.cpp ${PROJECT_SOURCE_DIR}/plugins/ldap/people.cpp
  ${PROJECT_SOURCE_DIR}/plugins/ldap/presets.cpp ${PROJECT_SOURCE_DIR}/plugins/ldap/rules.cpp NEEDS directory)
