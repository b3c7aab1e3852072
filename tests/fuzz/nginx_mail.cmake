fuzz_target(nginx_mail SOURCES ${CMAKE_CURRENT_LIST_DIR}/nginx_mail.cpp NEEDS wire)
