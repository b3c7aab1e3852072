file(GLOB pop3_sources ${PROJECT_SOURCE_DIR}/plugins/pop3/*.cpp)
fuzz_target(pop3 SOURCES ${CMAKE_CURRENT_LIST_DIR}/pop3.cpp ${pop3_sources} NEEDS sdk OpenSSL::Crypto)
fuzz_target(pop3_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/pop3_words.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/replies.cpp ${PROJECT_SOURCE_DIR}/plugins/pop3/plan.cpp NEEDS sdk)
target_include_directories(fuzz_pop3_words PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
