file(GLOB ldap_sources ${PROJECT_SOURCE_DIR}/plugins/ldap/*.cpp)
fuzz_target(ldap SOURCES ${CMAKE_CURRENT_LIST_DIR}/ldap.cpp ${ldap_sources} NEEDS directory)
