// Logins that are for members of a group: is the entry that was found one of theirs?
#include "search_session.hpp"
#include "text.hpp"

namespace directory {

using abk::reason;

void search_session::ask_groups(asked_ref one, part what, abk::io& up) {
  const group_rule& rule = dialect_.groups();
  std::optional<group_rule::membership> as_member;
  if (what == part::member) {
    auto made = rule.lists(one->found->dn, one->hits.front().values("uid"));
    if (const auto* const why = std::get_if<std::string>(&made)) return tell(one, abk::answer::tempfail(reason::misconfigured, "group.cannot-ask", one->found->dn + ": " + *why), up);
    as_member = std::move(std::get<group_rule::membership>(made));
  }
  for (std::size_t g = 0; g < rule.groups().size(); ++g) start_search(one, what, g, up, as_member ? &*as_member : nullptr);
}

// One group's complete answer.
void search_session::judge_group(asked& a, const search& s) {
  if (a.question.kind == ABK_PROBE) return;
  const std::string& group = place_of(s.what, s.where);
  const auto trouble = [&a](reason why, const char* rule, const std::string& text) {
    if (!a.trouble) a.trouble = abk::answer::tempfail(why, rule, text);
  };
  if (s.references > 0) return trouble(reason::misconfigured, "group.elsewhere", "the group " + quoted(group) + " lies on another server, " + s.elsewhere + ": references are not followed");
  if (s.entries > 1) return trouble(reason::upstream_nonsense, "group.contradicts", "one entry was asked for, " + quoted(group) + ", and " + std::to_string(s.entries) + " came");
  if (s.what == part::member) a.member = a.member || s.entries == 1;
  else if (s.entries == 0)
    trouble(reason::misconfigured, "group.no-members", "the group " + quoted(group) + " lists nobody whom the account may see: may it read the group_attributes, and are they the right ones?");
}

void search_session::conclude_groups(asked_ref one, part what, abk::io& up) {
  // One group is enough, whatever became of the others.
  if (one->member) return go_on(one, up);
  if (one->trouble) return tell(one, abk::answer(*one->trouble), up);
  // A group that may not be read lists nobody, either: that is no reason to turn its members away.
  if (what == part::member) return ask_groups(one, part::anybody, up);
  std::string names;
  for (const std::string& group : dialect_.groups().groups()) names += (names.empty() ? "" : "; ") + group;
  tell(one, abk::answer::no(reason::not_permitted, "group.not-a-member", one->found->dn + " is not a member of " + names), up);
}

}  // namespace directory
