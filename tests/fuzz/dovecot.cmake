fuzz_target(dovecot_auth SOURCES ${CMAKE_CURRENT_LIST_DIR}/dovecot_auth.cpp NEEDS wire)
fuzz_target(dovecot_userdb SOURCES ${CMAKE_CURRENT_LIST_DIR}/dovecot_userdb.cpp NEEDS wire)
