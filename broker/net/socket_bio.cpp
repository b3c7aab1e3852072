#include "net/socket_bio.hpp"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "net/readiness.hpp"

namespace authbroker {
namespace {

struct socket_state {
  int fd = -1;
  watched* entry = nullptr;
  bool at_end = false;
  int with = MSG_NOSIGNAL;  // of each send
  std::size_t left = tls_turn_bytes_max;
};

socket_state& state_of(BIO* bio) { return *static_cast<socket_state*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  auto& s = state_of(bio);
  *got = 0;
  BIO_clear_retry_flags(bio);
  if (s.left == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  ssize_t n = 0;
  const std::size_t asked = std::min(size, s.left);
  do n = ::recv(s.fd, into, asked, 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    if (static_cast<std::size_t>(n) < asked) s.entry->read_short();
    else s.entry->read_full();
    s.left -= static_cast<std::size_t>(n);
    *got = static_cast<std::size_t>(n);
    return 1;
  }
  if (n == 0) s.at_end = true;
  else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    s.entry->read_nothing();
    BIO_set_retry_read(bio);
  }
  return 0;
}

int write_socket(BIO* bio, const char* from, std::size_t size, std::size_t* sent) {
  *sent = 0;
  BIO_clear_retry_flags(bio);
  ssize_t n = 0;
  do n = ::send(state_of(bio).fd, from, size, state_of(bio).with);
  while (n < 0 && errno == EINTR);
  if (n >= 0) {
    *sent = static_cast<std::size_t>(n);
    return 1;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_write(bio);
  return 0;
}

long control(BIO* bio, int what, long, void*) {
  switch (what) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return state_of(bio).at_end ? 1 : 0;
    default: return 0;
  }
}

int destroy(BIO* bio) {
  delete static_cast<socket_state*>(BIO_get_data(bio));
  BIO_set_data(bio, nullptr);
  return 1;
}

// Made once, on first use; lives as long as the process.
const BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "authbroker socket");
    if (m == nullptr || BIO_meth_set_read_ex(m, read_socket) != 1 || BIO_meth_set_write_ex(m, write_socket) != 1 ||
        BIO_meth_set_ctrl(m, control) != 1 || BIO_meth_set_destroy(m, destroy) != 1)
      throw std::bad_alloc();
    return m;
  }();
  return made;
}

}  // namespace

void attach_socket(SSL* ssl, int fd, watched& entry) {
  BIO* const bio = BIO_new(method());
  if (bio == nullptr) throw std::bad_alloc();
  auto* const state = new (std::nothrow) socket_state;
  if (state == nullptr) {
    BIO_free(bio);
    throw std::bad_alloc();
  }
  state->fd = fd;
  state->entry = &entry;
  BIO_set_data(bio, state);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
}

void hold_back(SSL* ssl) {
  if (BIO* const bio = SSL_get_wbio(ssl)) state_of(bio).with |= MSG_MORE;
}

void begin_turn(SSL* ssl) {
  if (BIO* const bio = SSL_get_rbio(ssl)) state_of(bio).left = tls_turn_bytes_max;
}

}  // namespace authbroker
