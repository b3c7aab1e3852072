# One target carries every compiler flag, so that no room can forget one.
add_library(authbroker_flags INTERFACE)
target_compile_options(authbroker_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wimplicit-fallthrough -Werror=switch -Werror=format-security
  -fstack-protector-strong -fstack-clash-protection
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of GCC 12: on the frames of coroutines, and (PR 105651, with -O2) on "literal" + std::string.
  target_compile_options(authbroker_flags INTERFACE -ftrivial-auto-var-init=zero $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release,RelWithDebInfo>>:-Wno-restrict>)
endif()
if(AUTHBROKER_WERROR)
  target_compile_options(authbroker_flags INTERFACE -Werror)
endif()
# Asio takes memory by aligned_alloc, where glibc splits and joins chunks; its handlers need no more than malloc's alignment.
target_compile_definitions(authbroker_flags INTERFACE _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8 BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN)
if(AUTHBROKER_SANITIZE STREQUAL "thread")
  target_compile_options(authbroker_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)  # Asio has a fence that TSan does not follow
endif()
if(AUTHBROKER_SANITIZE)
  target_compile_options(authbroker_flags INTERFACE -fsanitize=${AUTHBROKER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(authbroker_flags INTERFACE -fsanitize=${AUTHBROKER_SANITIZE})
  # clang 14 cannot assemble what UBSan's check of function types puts before a coroutine that is a free function.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND AUTHBROKER_SANITIZE MATCHES "undefined")
    target_compile_options(authbroker_flags INTERFACE -fno-sanitize=function)
  endif()
else()
  target_compile_options(authbroker_flags INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
endif()
target_link_options(authbroker_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND NOT AUTHBROKER_FUZZ)
  target_compile_options(authbroker_flags INTERFACE -fcf-protection=full)
endif()
