fuzz_target(policy SOURCES ${CMAKE_CURRENT_LIST_DIR}/policy.cpp NEEDS wire)
fuzz_target(socketmap SOURCES ${CMAKE_CURRENT_LIST_DIR}/socketmap.cpp NEEDS wire)
fuzz_target(tcp_table SOURCES ${CMAKE_CURRENT_LIST_DIR}/tcp_table.cpp NEEDS wire)
fuzz_target(address_form SOURCES ${CMAKE_CURRENT_LIST_DIR}/address_form.cpp NEEDS wire)
