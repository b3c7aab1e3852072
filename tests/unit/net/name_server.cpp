#include "unit/net/name_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace authbroker::testing {
namespace {

void put16(std::string& out, std::size_t n) {
  out.push_back(static_cast<char>((n >> 8) & 0xFF));
  out.push_back(static_cast<char>(n & 0xFF));
}

std::string wire_name(const std::string& name) {
  std::string out;
  std::size_t at = 0;
  while (at < name.size()) {
    std::size_t dot = name.find('.', at);
    if (dot == std::string::npos) dot = name.size();
    out.push_back(static_cast<char>(dot - at));
    out.append(name, at, dot - at);
    at = dot + 1;
  }
  out.push_back('\0');
  return out;
}

void put_record(std::string& out, const std::string& owner, std::size_t type, std::uint32_t ttl, const std::string& content) {
  out += owner;
  put16(out, type);
  put16(out, 1);
  put16(out, ttl >> 16);
  put16(out, ttl & 0xFFFF);
  put16(out, content.size());
  out += content;
}

}  // namespace

name_server::name_server(std::map<std::string, name_answer> answers) : answers_(std::move(answers)) {
  // One port for both: the kernel picks it for TCP, and it may be taken for UDP.
  for (int i = 0; i < 50; ++i) {
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    if (::bind(tcp_, reinterpret_cast<sockaddr*>(&a), n) == 0 && ::getsockname(tcp_, reinterpret_cast<sockaddr*>(&a), &n) == 0 &&
        ::listen(tcp_, 16) == 0 && ::bind(udp_, reinterpret_cast<sockaddr*>(&a), n) == 0) {
      port_ = ntohs(a.sin_port);
      break;
    }
    ::close(tcp_);
    ::close(udp_);
  }
  if (port_ == 0 || ::pipe2(wake_, O_CLOEXEC) != 0) throw std::runtime_error("no port for the name server");
  thread_ = std::thread([this] { run(); });
}

name_server::~name_server() {
  ::close(wake_[1]);
  thread_.join();
  for (const int fd : {udp_, tcp_, wake_[0]}) ::close(fd);
}

std::vector<std::string> name_server::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::string name_server::reply_to(std::string_view query, bool tcp) {
  std::string name;
  std::size_t at = 12;
  while (at < query.size() && query[at] != '\0') {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(query[at]));
    if (at + 1 + length >= query.size()) return {};
    name += (name.empty() ? "" : ".") + std::string(query.substr(at + 1, length));
    at += 1 + length;
  }
  if (at + 5 > query.size()) return {};
  const auto type = static_cast<std::size_t>(static_cast<unsigned char>(query[at + 2]));
  const std::string_view question = query.substr(12, at + 5 - 12);
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(name);
  }
  name_answer a;
  a.code = 3;
  if (const auto found = answers_.find(name); found != answers_.end()) a = found->second;
  if (a.silent) return {};
  const bool cut = a.only_over_tcp && !tcp;

  std::string records, owner = wire_name(name);
  std::size_t count = 0;
  if (!a.alias.empty() && !cut) {
    put_record(records, owner, 5, a.ttl, wire_name(a.alias));
    owner = wire_name(a.alias);
    ++count;
  }
  for (const auto& text : a.addresses) {
    unsigned char raw[16];
    const bool six = text.find(':') != std::string::npos;
    if (cut || (six ? 28U : 1U) != type || ::inet_pton(six ? AF_INET6 : AF_INET, text.c_str(), raw) != 1) continue;
    put_record(records, owner, type, a.ttl, std::string(reinterpret_cast<char*>(raw), six ? 16 : 4));
    ++count;
  }
  for (const auto& one : a.services) {
    if (type != 33) continue;
    std::string content;
    put16(content, one.priority);
    put16(content, one.weight);
    put16(content, one.port);
    put_record(records, owner, type, a.ttl, content + wire_name(one.target));
    ++count;
  }
  std::string out(query.substr(0, 2));
  out.push_back(static_cast<char>(0x81 | (cut ? 0x02 : 0)));
  out.push_back(static_cast<char>(0x80 | a.code));
  put16(out, 1);
  put16(out, count);
  put16(out, 0);
  put16(out, 0);
  return out + std::string(question) + records;
}

void name_server::run() {
  char buffer[4096];
  for (;;) {
    pollfd waiting[] = {{wake_[0], POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    ::poll(waiting, 3, -1);
    if (waiting[0].revents != 0) return;
    if ((waiting[1].revents & POLLIN) != 0) {
      sockaddr_in from{};
      socklen_t n = sizeof from;
      const ssize_t got = ::recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &n);
      if (got < 12) continue;
      const std::string reply = reply_to({buffer, static_cast<std::size_t>(got)}, false);
      if (!reply.empty()) ::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), n);
    }
    if ((waiting[2].revents & POLLIN) != 0) {
      const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      // One question after the other, until the client hangs up.
      std::string in;
      for (;;) {
        pollfd either[] = {{wake_[0], POLLIN, 0}, {fd, POLLIN, 0}};
        ::poll(either, 2, -1);
        if (either[0].revents != 0) break;
        if (either[1].revents == 0) continue;
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        in.append(buffer, static_cast<std::size_t>(got));
        while (in.size() >= 2) {
          const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(in[0])) * 256 + static_cast<unsigned char>(in[1]);
          if (in.size() < 2 + size) break;
          const std::string reply = reply_to(std::string_view(in).substr(2, size), true);
          in.erase(0, 2 + size);
          std::string framed;
          put16(framed, reply.size());
          framed += reply;
          ::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
        }
      }
      ::close(fd);
    }
  }
}

}  // namespace authbroker::testing
