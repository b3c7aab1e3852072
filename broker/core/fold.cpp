#include "core/fold.hpp"

namespace authbroker {

bool goes_on(question_kind kind, combine_mode mode, const finding& f) {
  switch (f.what) {
    case verdict::accept:
    case verdict::exists:
    case verdict::no_route: return false;
    case verdict::tempfail: return !f.password_sent;
    case verdict::unverifiable: return kind == question_kind::mailbox;
    case verdict::absent: return mode == combine_mode::search;
    case verdict::reject: return mode == combine_mode::search && f.why == reason::no_such_user && !f.password_sent;
  }
  return false;
}

finding fold(question_kind kind, combine_mode mode, std::span<const finding> asked) {
  const finding& last = asked.back();
  const finding* first_tempfail = nullptr;
  const finding* first_unverifiable = nullptr;
  const finding* first_no = nullptr;
  for (const finding& f : asked) {
    if (f.what == verdict::tempfail && first_tempfail == nullptr) first_tempfail = &f;
    if (f.what == verdict::unverifiable && first_unverifiable == nullptr) first_unverifiable = &f;
    if (is_no(f.what) && first_no == nullptr) first_no = &f;
  }
  if (is_yes(last.what)) return last;
  const bool last_is_final = !goes_on(kind, mode, last);
  if (mode == combine_mode::failover) {
    // The first finding that is an answer ends the asking, so it is the last one.
    if (last_is_final) return last;
    if (first_tempfail != nullptr) return *first_tempfail;
    return last;
  }
  if (last_is_final && last.what == verdict::tempfail) return last;
  if (first_tempfail != nullptr) return *first_tempfail;
  if (first_unverifiable != nullptr) return *first_unverifiable;
  if (last_is_final) return last;
  return first_no != nullptr ? *first_no : last;
}

}  // namespace authbroker
