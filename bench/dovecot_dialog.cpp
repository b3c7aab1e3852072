// Dovecot's authentication protocol.
#include <unistd.h>

#include "base64.hpp"
#include "dialogs.hpp"

namespace bench {
namespace {

class dovecot : public dialog {
 public:
  explicit dovecot(int at_once) : at_once_(at_once) {}
  bool kept() const override { return true; }
  int at_once() const override { return at_once_; }

  std::string begin(const question& q) override {
    // Each connection is a client of its own.
    static int clients = ::getpid();
    std::string out;
    if (id_ == 0) out = "VERSION\t1\t1\nCPID\t" + std::to_string(++clients) + "\n";
    const std::string credentials = std::string(1, '\0') + q.user + std::string(1, '\0') + q.password;
    return out + "AUTH\t" + std::to_string(++id_) + "\tPLAIN\tservice=bench\tnologin\tresp=" + base64(credentials) + "\n";
  }

  verdict go_on(std::string& in, std::string&, bool ended) override {
    for (;;) {
      const std::size_t end = in.find('\n');
      if (end == std::string::npos) return ended ? verdict::later : verdict::none;
      const bool yes = in.starts_with("OK\t"), no = in.starts_with("FAIL\t");
      const bool later = no && in.find("\tcode=temp_fail", 0) < end;
      in.erase(0, end + 1);
      if (yes) return verdict::yes;
      if (no) return later ? verdict::later : verdict::no;
    }
  }

 private:
  const int at_once_;
  int id_ = 0;
};

}  // namespace

std::unique_ptr<dialog> make_dovecot_dialog(std::string_view mode) {
  if (mode == "dovecot") return std::make_unique<dovecot>(1);
  if (mode == "dovecot-16") return std::make_unique<dovecot>(16);
  return nullptr;
}

}  // namespace bench
