file(GLOB smtp_sources ${PROJECT_SOURCE_DIR}/plugins/smtp/*.cpp)
file(GLOB smtpauth_sources ${PROJECT_SOURCE_DIR}/plugins/smtpauth/*.cpp)
fuzz_target(smtp_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/smtp_words.cpp ${PROJECT_SOURCE_DIR}/plugins/smtp/replies.cpp ${PROJECT_SOURCE_DIR}/plugins/smtp/extensions.cpp
  ${PROJECT_SOURCE_DIR}/plugins/smtp/names.cpp ${PROJECT_SOURCE_DIR}/plugins/smtpauth/challenge.cpp NEEDS sdk)
fuzz_target(smtpauth SOURCES ${CMAKE_CURRENT_LIST_DIR}/smtpauth.cpp ${smtp_sources} ${smtpauth_sources} NEEDS sdk sasl2)
foreach(target fuzz_smtp_words fuzz_smtpauth)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
endforeach()
