#include <cstdlib>

#include "dialogs.hpp"

namespace bench {
namespace {

class socketmap : public dialog {
 public:
  bool kept() const override { return true; }

  std::string begin(const question& q) override {
    const std::string asked = "mailbox " + q.user;
    return std::to_string(asked.size()) + ":" + asked + ",";
  }

  verdict go_on(std::string& in, std::string&, bool ended) override {
    const std::size_t colon = in.find(':');
    const std::size_t size = colon == std::string::npos ? 0 : colon + 2 + static_cast<std::size_t>(std::atol(in.c_str()));
    if (colon == std::string::npos || in.size() < size) return ended ? verdict::nonsense : verdict::none;
    const std::string said = in.substr(colon + 1, size - colon - 2);
    in.erase(0, size);
    return said.starts_with("OK ") ? verdict::yes : said == "NOTFOUND " ? verdict::no : said.starts_with("TEMP ") ? verdict::later : verdict::nonsense;
  }
};

class policy : public dialog {
 public:
  bool kept() const override { return true; }

  // All that Postfix 3.7 sends for a recipient.
  std::string begin(const question& q) override {
    return "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=192.0.2.7\nclient_name=mail.example.net\nclient_port=57228\n"
           "reverse_client_name=mail.example.net\nserver_address=192.0.2.1\nserver_port=25\nhelo_name=mail.example.net\nsender=s@example.net\nrecipient=" +
           q.user +
           "\nrecipient_count=0\nqueue_id=\ninstance=343a.6b01f693.d8704.0\nsize=1000\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
           "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\nencryption_protocol=\nencryption_cipher=\nencryption_keysize=0\npolicy_context=\n\n";
  }

  verdict go_on(std::string& in, std::string&, bool ended) override {
    const std::size_t end = in.find("\n\n");
    if (end == std::string::npos) return ended ? verdict::nonsense : verdict::none;
    const std::string said = in.substr(0, end);
    in.erase(0, end + 2);
    return said == "action=DUNNO" ? verdict::yes : said.starts_with("action=550 ") ? verdict::no : said.starts_with("action=DEFER") ? verdict::later : verdict::nonsense;
  }
};

}  // namespace

std::unique_ptr<dialog> make_table_dialog(std::string_view mode) {
  if (mode == "socketmap") return std::make_unique<socketmap>();
  if (mode == "policy") return std::make_unique<policy>();
  return nullptr;
}

}  // namespace bench
