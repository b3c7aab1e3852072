// What OpenSSL reads and writes through: a non-blocking socket that it does not own. Other than OpenSSL's own socket BIO it
// never raises SIGPIPE, and it hands out a limited number of bytes per turn, so that a peer that sends without end (KeyUpdate,
// empty records) cannot keep one SSL_read() busy for ever: the loop comes round between two turns.
#pragma once
#include <openssl/ssl.h>

#include <cstddef>

namespace authbroker {

inline constexpr std::size_t tls_turn_bytes_max = 64 * 1024;

class watched;

// Attaches a BIO for `fd` to `ssl`, which owns it from then on. The descriptor and `entry`, which is told what reading came to,
// must outlive the SSL. Throws std::bad_alloc.
void attach_socket(SSL* ssl, int fd, watched& entry);

// Before each call into OpenSSL: allows another tls_turn_bytes_max bytes to be read. A turn that has used them up sees
// "would block".
void begin_turn(SSL* ssl);

// What is written from now on stays in the kernel until the socket's sending side is shut down, or a packet is full.
void hold_back(SSL* ssl);

}  // namespace authbroker
