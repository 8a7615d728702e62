// SPDX-License-Identifier: Apache-2.0
#include "memory_faults.hpp"

#include "partita/store/watch_feed.hpp"

namespace partita::test {

void fault_plan::set(const client_fault& x) {
  std::erase_if(faults_, [&](const auto& old) { return old.kind == x.kind; });
  if (x.times > 0)
    faults_.push_back(x);
}

std::optional<client_fault> fault_plan::strike(fault_kind kind, const std::string& key) {
  for (auto i = faults_.begin(); i != faults_.end(); ++i) {
    if (i->kind != kind || (!key.empty() && !store::watch_feed::matches(i->pattern, key)))
      continue;
    auto result = *i;
    if (i->times != for_ever && --i->times == 0)
      faults_.erase(i);
    return result;
  }
  return std::nullopt;
}

} // namespace partita::test
