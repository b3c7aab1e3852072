// One byte stream to an upstream, over TCP, with TLS from the start or from start_tls() on. Callback style: the owner is a
// state machine (host/connection), not a coroutine, since questions begin while it waits for bytes.
//
// Belongs to one worker. Destroying a channel closes it and guarantees that no callback comes any more. Callbacks are never
// called from within the function that was given them, except where it says so.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/answer.hpp"
#include "net/readiness.hpp"
#include "net/resolver.hpp"
#include "net/timer_queue.hpp"
#include "net/tls.hpp"

namespace authbroker {

enum class io_status { ok, would_block, end, failed };
struct io_result {
  io_status status = io_status::ok;
  std::size_t bytes = 0;
};

// What a connection attempt came to. why == reason::none: it is up.
struct open_outcome {
  reason why = reason::none;
  std::string text;   // for operators: "connection refused", "certificate has expired (CN=...)"
};

struct dial_target {
  std::string host;          // name or IP literal
  std::uint16_t port = 0;
  bool tls_at_once = false;
  std::string tls_name;      // the name that the certificate must bear: never empty when TLS is used
  bool refuse_local = false; // dynamic and SRV targets: loopback, link-local, unspecified and multicast addresses are refused
};

class channel {
 public:
  // `context` may be null for a channel that never uses TLS. All references outlive the channel.
  channel(boost::asio::io_context&, readiness&, timer_queue&, resolver&, std::shared_ptr<tls_context> context);
  ~channel();
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  // Resolves, connects (the next address starts when one failed, or after 250 ms beside it; at most 8), and does TLS if
  // target.tls_at_once. Calls `done` once, by `until` at the latest. `note`, if set, is told each stage for a transcript:
  // ("resolve", "127.0.0.1 (0.2 ms)"), ("connect", ...), ("tls", "TLSv1.3 TLS_AES_256_GCM_SHA384, CN=..., resumed").
  void open(dial_target target, steady::time_point until, std::function<void(const open_outcome&)> done,
            std::function<void(std::string_view, std::string)> note);

  // Turns a plain channel into TLS, for the tls_name of open()'s target. A TLS server is silent until it was spoken to: if
  // bytes are waiting in the socket already, somebody put them there, and this fails with upstream_nonsense "plaintext before
  // TLS". The caller must have an empty buffer of its own too.
  void start_tls(steady::time_point until, std::function<void(const open_outcome&)> done,
                 std::function<void(std::string_view, std::string)> note);

  // Non-blocking. read: status `end` means an orderly end (for TLS: close_notify); a TLS stream cut without one is `failed`,
  // as is a reset. After `would_block`, wait_readable()/wait_writable() call back once when it is worth trying again (TLS may
  // need the other direction: the channel knows). They may call back for nothing. write may take a part; after `would_block`
  // it must be called again with the same bytes first. After `failed` the channel is of no use any more.
  io_result read(std::span<char> into);
  io_result write(std::span<const char> bytes);
  // The same for the last words, which leave with the end of the stream, in one packet if they fit: by shutdown(), which has to
  // follow at once.
  io_result write_last(std::span<const char> bytes);
  // At most one of each waits at a time; a new call replaces the callback. A plain function object, not copied more than once.
  void wait_readable(std::function<void()> ready);
  void wait_writable(std::function<void()> ready);

  bool is_open() const;
  bool encrypted() const;
  bool resumed() const;              // the TLS session was resumed
  std::string peer() const;          // "127.0.0.1:110", "" before connect
  // Why the last read or write was `failed`, for operators: "connection reset", "cut without close_notify"; "" before that.
  std::string trouble() const;
  // The machine at the other end could not be used. If its name has other addresses, they come first for a while.
  void avoid_peer();
  // Acknowledges what was read at once: a server that sends reply after reply may wait for that (RFC 896), and the kernel, with
  // nothing to send along, takes 40 ms over it.
  void acknowledge();
  // Says that no more will be sent, over TLS by close_notify too: best effort, never waits. Then destroy the channel.
  void shutdown();

  struct impl;

 private:
  std::shared_ptr<impl> impl_;
};

}  // namespace authbroker
