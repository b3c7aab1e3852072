#include "ops/probe_advice.hpp"

#include <algorithm>
#include <optional>

#include "ops/probe_draft.hpp"

namespace authbroker {

bool another_form_may_do(const finding& f) {
  return f.what == verdict::reject && (f.why == reason::wrong_password || f.why == reason::no_such_user || f.why == reason::bad_name || f.why == reason::too_long || f.why == reason::not_permitted);
}

bool another_server_may_do(const finding& f) { return f.what == verdict::tempfail && !f.password_sent; }

// A directory says that there is nobody also to those who may not look: only somebody who is found proves anything there.
bool tells(const mailbox_try& t) {
  if (t.invented.what != verdict::absent) return false;
  return t.account ? t.account->what == verdict::exists : !is_directory(t.draft);
}

namespace {

using namespace std::chrono_literals;
constexpr auto slow_reply = 3000ms;  // of the five seconds that timeouts.reply is by default
constexpr auto reply_to_spare = 3s;

class adviser {
 public:
  explicit adviser(const probe_facts& facts) : facts_(facts) {}

  probe_advice give() {
    for (const probed_server& s : facts_.servers) about(s);
    if (facts_.servers.size() > 1) about_choice();
    const bool silence = facts_.servers.size() > 1 && std::all_of(facts_.servers.begin(), facts_.servers.end(), [](const probed_server& s) { return s.outcome.why == reason::upstream_down && s.greeting.empty(); });
    if (silence) say("Nothing answers at any of the usual ports. Is the name right, and does a firewall stand between? Servers elsewhere are named with scheme and port.");
    about_logins();
    about_mailboxes();
    write();
    out_.status = status();
    return std::move(out_);
  }

 private:
  void say(std::string sentence) {
    if (std::find(out_.sentences.begin(), out_.sentences.end(), sentence) == out_.sentences.end()) out_.sentences.push_back(std::move(sentence));
  }

  static bool in_the_clear(const probed_server& s) { return s.tls == tls_use::none; }

  void about(const probed_server& s) {
    const std::string at = s.draft.url + ": ";
    if (!s.problems.empty()) return say(at + "the settings are not right, see above; plugin settings are given with --set.");
    const reason why = s.outcome.what == verdict::tempfail ? s.outcome.why : reason::none;
    if (why == reason::tls_untrusted && !s.key.empty())
      say(at + "the certificate cannot be trusted. If your own CA issued it, try again with --ca FILE. If the server's administrator confirms that its key is sha256//" + s.key +
          ", try again with --pin " + s.key + ". No password is sent before.");
    if (why == reason::tls_name && !s.key.empty()) say(at + "the certificate is for another name. Use a name that it holds in the URL, or try again with --server-name NAME.");
    if (why == reason::tls_unavailable) say(at + "the server offers no STARTTLS: a password would travel unencrypted. Have it switched on, or use a port with TLS from the start.");
    if (facts_.servers.size() == 1 && why == reason::upstream_down && s.greeting.empty()) say(at + "nothing answers there. Are name and port right, and does a firewall stand between?");
    else if (facts_.servers.size() == 1 && !s.works() && s.key.empty())
      if (const verdict_row* row = find_row(s.outcome.what, s.outcome.why)) say(at + std::string(row->advice));
    if (s.answers_login && s.attribute("login-disabled") == "yes") say(at + "the server takes no password here.");
    if (const std::string delay = s.attribute("login-delay-s"); !delay.empty()) say(at + "one account may log in every " + delay + " s only; an earlier login is tempfail too_frequent.");
    if (s.works() && s.answers_login && in_the_clear(s)) say(at + "passwords travel unencrypted; cleartext = true says that you know. No login is tried so, unless --cleartext is given.");
    if (s.works() && s.greeting.find("Dovecot") != std::string::npos)
      say(at + "this is Dovecot, which slows down addresses that logins fail from. Set forward_client = true, and list the broker in Dovecot's login_trusted_networks, or it takes all users for one address.");
    if (s.works() && s.attribute("active-directory") == "yes" && s.draft.plugin == "exchange")
      say(at + "this is Active Directory, and the configuration below lets people log in by their user principal name. To find them by mail address, and to answer for mailboxes, it takes an account "
          "that may search: --plugin exchange --set base=" + s.attribute("naming-context") + " --set bind_dn=NAME --set 'bind_password={ file = \"/path\" }'.");
    if (s.attribute("null-sender") == "no") say(at + "the null sender is refused, which mail servers must not do. Try again with --set sender=ADDRESS.");
  }

  void about_choice() {
    const probed_server* const s = login_server();
    const auto working = std::count_if(facts_.servers.begin(), facts_.servers.end(), [](const probed_server& each) { return each.works() && each.takes_logins(); });
    if (s != nullptr && s->works() && working > 1) say("Several of them take logins; the configuration below uses " + s->draft.url + ".");
  }

  void about_logins() {
    if (facts_.account && facts_.logins.empty() && takes_logins()) say("No login was tried: no server that may see the password could be used.");
    if (!facts_.account && login_server() != nullptr)
      say("Whether logins want the full address or the bare name only a login shows: try again with --address, and the password of an account of yours.");
    for (const login_try& t : facts_.logins) {
      if (t.outcome.what == verdict::accept) {
        say(t.form == name_form::full_address ? "Logins want the full address: \"" + t.login_name + "\" was accepted." : "Logins want the bare name: \"" + t.login_name + "\" was accepted, so the route has strip_domain = true.");
      } else if (t.outcome.what == verdict::reject && !another_form_may_do(t.outcome)) {
        say("The server knows \"" + t.login_name + "\", but does not let it in: " + std::string(name(t.outcome.why)) + ".");
      } else if (t.outcome.what == verdict::tempfail) {
        if (const verdict_row* row = find_row(t.outcome.what, t.outcome.why)) say("The login as \"" + t.login_name + "\" could not be judged: " + std::string(row->advice));
      }
      if (t.then == after_refusal::hangs_up) say("The server hangs up after a refused login. The broker goes by the refusal, and connects again; nothing is to be set.");
    }
    if (const auto reply = reply_needed(); reply.count() > 0)
      say("The server takes its time with answers to logins, refusals mostly: the backend below waits for up to " + std::to_string(reply.count()) + " s. The broker's request_timeout (8 s, unless it is set) must be longer; set it to " +
          std::to_string((reply + reply_to_spare).count()) + "s.");
    const bool all_refused = !facts_.logins.empty() && std::all_of(facts_.logins.begin(), facts_.logins.end(), [](const login_try& t) { return another_form_may_do(t.outcome); });
    const probed_server* const s = login_server();
    const bool nobody_looks = s != nullptr && is_directory(s->draft) && std::none_of(s->draft.settings.begin(), s->draft.settings.end(), [](const auto& one) { return one.first == "bind_dn"; });
    const reason last = facts_.logins.empty() ? reason::none : facts_.logins.back().outcome.why;
    if (nobody_looks && (last == reason::no_such_user || last == reason::service_account))
      say("Directories mostly show nobody to those who do not log in. Try again with an account that may search: --set bind_dn=DN --set 'bind_password={ file = \"/path\" }'.");
    else if (all_refused) say("No form of the name was accepted. Is the password right? Try it with a mail program. Other forms are possible: see login_name in authbroker.toml(5).");
  }

  void about_mailboxes() {
    if (facts_.domain.empty() && mailbox_server() != nullptr) say("Whether this server knows which mailboxes exist only questions show: try again with --domain, or --address.");
    const mailbox_try* const best = best_mailboxes();
    for (const mailbox_try& t : facts_.mailboxes) {
      if (&t != best && best != nullptr && tells(*best)) continue;
      const std::string at = t.draft.url + ", " + way(t) + ": ";
      if (t.invented.what == verdict::exists || t.invented.why == reason::accepts_all)
        say(at + "accepts mailboxes that nobody has, so that its yes means nothing. Have it refuse unknown recipients during the SMTP session, or use a directory.");
      else if (t.invented.what == verdict::unverifiable)
        say(at + "does not tell which mailboxes exist (" + std::string(name(t.invented.why)) + ").");
      else if (t.invented.what == verdict::tempfail)
        say(at + "could not be asked about a mailbox: " + std::string(name(t.invented.why)) + (t.invented.operator_text.empty() ? "" : ", " + t.invented.operator_text) + ".");
      else if (t.account && t.account->what == verdict::absent)
        say(at + "says of a mailbox that nobody has and of the account's own that they do not exist. Is the address right?");
      else if (tells(t))
        say(at + "tells which mailboxes exist.");
    }
  }

  static std::string way(const mailbox_try& t) {
    for (const auto& [key, value] : t.draft.settings)
      if (key == "methods") return value == "[\"vrfy\"]" ? "asked by VRFY" : value == "[\"rcpt\"]" ? "asked by RCPT" : "asked by " + value;
    return "plugin " + t.draft.plugin;
  }

  const mailbox_try* best_mailboxes() const {
    const auto at = std::find_if(facts_.mailboxes.begin(), facts_.mailboxes.end(), tells);
    return at == facts_.mailboxes.end() ? nullptr : &*at;
  }

  bool takes_logins() const { return std::any_of(facts_.servers.begin(), facts_.servers.end(), [](const probed_server& s) { return s.takes_logins(); }); }

  // The server that the printed login backend names: of the login that worked, of the last that was tried, the first that
  // works, else the first that answered at all.
  const probed_server* login_server() const {
    for (const login_try& t : facts_.logins)
      if (t.outcome.what == verdict::accept) return &facts_.servers[t.server];
    if (!facts_.logins.empty()) return &facts_.servers[facts_.logins.back().server];
    for (const bool encrypted : {true, false})
      for (const probed_server& s : facts_.servers)
        if (s.works() && s.takes_logins() && in_the_clear(s) != encrypted) return &s;
    for (const probed_server& s : facts_.servers)
      if (s.takes_logins() && !s.works() && !s.key.empty()) return &s;
    return nullptr;
  }

  const probed_server* mailbox_server() const {
    const auto at = std::find_if(facts_.servers.begin(), facts_.servers.end(), [](const probed_server& s) { return s.works() && s.answers_mailbox; });
    return at == facts_.servers.end() ? nullptr : &*at;
  }

  std::optional<name_form> known_form() const {
    for (const login_try& t : facts_.logins)
      if (t.outcome.what == verdict::accept || (t.outcome.what == verdict::reject && !another_form_may_do(t.outcome))) return t.form;
    return std::nullopt;
  }

  // The slowest answer to a login, and what is to spare. Nothing where the defaults do.
  std::chrono::seconds reply_needed() const {
    std::chrono::milliseconds longest{0};
    for (const login_try& t : facts_.logins)
      if (t.outcome.what != verdict::tempfail) longest = std::max(longest, t.took);
    if (longest < slow_reply) return std::chrono::seconds(0);
    return std::chrono::ceil<std::chrono::seconds>(longest) + reply_to_spare;
  }

  void write() {
    const probed_server* const login = login_server();
    std::optional<backend_draft> mailbox;
    if (const mailbox_try* best = best_mailboxes()) mailbox = best->draft;
    else if (const probed_server* s = mailbox_server(); s != nullptr && facts_.mailboxes.empty()) mailbox = s->draft;
    if (login == nullptr && !mailbox) return;
    std::string& text = out_.configuration;
    if (login != nullptr) {
      if (!login->works()) text += "# This backend does not work yet: " + std::string(name(login->outcome.why)) + ".\n";
      backend_draft draft = login->draft;
      draft.reply = reply_needed();
      text += to_toml(draft);
      if (!login->works() && login->draft.pin.empty() && !login->key.empty())
        text += "# Only if the server's administrator confirms this key:\n# tls = { verify = false, pin_sha256 = [" + toml_text(login->key) + "] }\n";
      text += '\n';
    }
    const bool shared = login != nullptr && mailbox && mailbox->name == login->draft.name;
    if (mailbox && !shared) text += to_toml(*mailbox) + '\n';
    text += "[[route]]\ndomains = [" + toml_text(facts_.domain.empty() ? "example.com" : facts_.domain) + "]" + (facts_.domain.empty() ? "  # your own" : "") + "\n";
    if (login != nullptr) text += "login = [" + toml_text(login->draft.name) + "]\n";
    if (mailbox) text += "mailbox = [" + toml_text(mailbox->name) + "]\n";
    if (login == nullptr || is_directory(login->draft)) return;
    const auto form = known_form();
    if (form == name_form::bare_name) text += "strip_domain = true\n";
    else if (!form) text += "# strip_domain = true  # if the server wants the bare name\n";
  }

  int status() const {
    const auto& servers = facts_.servers;
    if (std::none_of(servers.begin(), servers.end(), [](const probed_server& s) { return s.works(); }))
      return !servers.empty() && std::all_of(servers.begin(), servers.end(), [](const probed_server& s) { return !s.problems.empty(); }) ? 78 : 75;
    if (facts_.account && takes_logins()) {
      if (facts_.logins.empty()) return 75;
      const verdict last = facts_.logins.back().outcome.what;
      if (last != verdict::accept) return last == verdict::reject ? 1 : 75;
      return 0;
    }
    if (facts_.mailboxes.empty() || login_server() != nullptr || best_mailboxes() != nullptr) return 0;
    const auto is = [this](verdict v) { return std::any_of(facts_.mailboxes.begin(), facts_.mailboxes.end(), [v](const mailbox_try& t) { return t.invented.what == v; }); };
    if (is(verdict::absent)) return 1;  // the account's own mailbox is unknown
    return is(verdict::unverifiable) || is(verdict::exists) ? 3 : 75;
  }

  const probe_facts& facts_;
  probe_advice out_;
};

}  // namespace

probe_advice advise(const probe_facts& facts) { return adviser(facts).give(); }

}  // namespace authbroker
