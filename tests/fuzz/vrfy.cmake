file(GLOB vrfy_sources ${PROJECT_SOURCE_DIR}/plugins/vrfy/*.cpp)
file(GLOB vrfy_smtp_sources ${PROJECT_SOURCE_DIR}/plugins/smtp/*.cpp)
fuzz_target(vrfy SOURCES ${CMAKE_CURRENT_LIST_DIR}/vrfy.cpp ${vrfy_sources} ${vrfy_smtp_sources} NEEDS sdk PkgConfig::IDN2)
fuzz_target(vrfy_words SOURCES ${CMAKE_CURRENT_LIST_DIR}/vrfy_words.cpp ${PROJECT_SOURCE_DIR}/plugins/vrfy/address.cpp ${PROJECT_SOURCE_DIR}/plugins/vrfy/memory.cpp
  ${PROJECT_SOURCE_DIR}/plugins/vrfy/verdicts.cpp ${PROJECT_SOURCE_DIR}/plugins/smtp/replies.cpp NEEDS sdk PkgConfig::IDN2)
foreach(target fuzz_vrfy fuzz_vrfy_words)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
endforeach()
