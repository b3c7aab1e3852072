// A connection that searches, as the service account or anonymously; many questions at a time, each known by its message ids.
// No user is ever bound on it.
//
// A mailbox question is answered here; a login goes on to a connection of bind_role with what was found, or ends here with a
// no when nobody was found, or nobody of the groups that logins are for. More than one entry is never a yes.
#pragma once
#include "connection.hpp"

#include <list>
#include <map>

namespace directory {

// How many questions may be under way on one connection, for questions_max: as many as could be queued for a server that has
// stopped reading, each at its longest, beside some that nobody waits for any more. 0: one question alone would be too long.
std::uint32_t questions_at_a_time(const dialect&);

class search_session final : public connection {
 public:
  explicit search_session(const dialect& d) : connection(&d.search_as(), d.password_policy()), dialect_(d) {}
  abk::step begin(const abk::question&, abk::io&) override;
  bool cancel(std::uint32_t id) override;

 protected:
  void heard(const message&, bool more, abk::io&) override;
  bool takes_large(std::int32_t id) const override;
  void left_out(std::int32_t id, std::size_t bytes, abk::io&) override;
  bool waits() const override { return !searches_.empty(); }

 private:
  enum class part : std::uint8_t {
    person,    // who is meant; of a probe, how many there are
    required,  // does the second filter match, too
    member,    // does a group list whoever was found; of a probe, how many it lists
    anybody,   // does it list anybody that the account may see
  };
  struct asked {  // a question under way
    abk::question question;
    round now;
    std::size_t round_number = 0;
    std::size_t open = 0;             // searches not yet done
    std::vector<hit> hits;            // at most two, with different DNs
    std::vector<std::string> allowed;  // DNs that match the second filter
    std::optional<person> found;       // while groups are asked
    bool member = false;
    std::optional<abk::answer> trouble;
    std::string elsewhere;            // another server, where the answer may be
    struct count {
      std::size_t entries = 0;
      bool more = false;  // the server stopped there
    };
    std::vector<count> counts;  // of a probe, by base; then the members, by group
    std::vector<std::pair<std::string, std::string>> told;  // by the directory, of itself
    bool heard = false;
  };
  using asked_ref = std::list<asked>::iterator;
  struct search {
    std::optional<asked_ref> whose;  // nothing: nobody waits for it any more
    part what = part::person;
    std::size_t where = 0;  // the number of the base, or of the group
    std::size_t entries = 0, references = 0;
    std::size_t bytes = 0;      // as it was sent
    std::string elsewhere;      // the first reference
  };

  void start_round(asked_ref, abk::io&);
  void start_search(asked_ref, part, std::size_t where, abk::io&, const group_rule::membership* = nullptr);
  void ask_groups(asked_ref, part, abk::io&);
  void found(search&, const search_entry&, abk::io&);
  void ended(search&, const result&, abk::io&);
  void conclude(asked_ref, abk::io&);
  void judge_group(asked&, const search&);
  void conclude_groups(asked_ref, part, abk::io&);
  void go_on(asked_ref, abk::io&);
  void conclude_probe(asked_ref, abk::io&);
  const std::string& place_of(part, std::size_t where) const;
  void judge(asked_ref, const hit&, abk::io&);
  void tell(asked_ref, const abk::answer&, abk::io&);

  const dialect& dialect_;
  std::list<asked> asked_;
  std::map<std::int32_t, search> searches_;  // by message id
};

}  // namespace directory
