fuzz_target(pop3 SOURCES ${CMAKE_CURRENT_LIST_DIR}/pop3.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/pop3.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/connection.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/rules.cpp
  ${PROJECT_SOURCE_DIR}/plugins/pop3/digest.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/plan.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/replies.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/verdicts.cpp NEEDS sdk OpenSSL::Crypto)
fuzz_target(pop3_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/pop3_words.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/replies.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/plan.cpp NEEDS sdk)
target_include_directories(fuzz_pop3_words PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
