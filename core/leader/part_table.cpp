// SPDX-License-Identifier: Apache-2.0
#include "partita/core/leader/part_table.hpp"

#include "partita/messages/failpoint.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <utility>

namespace partita::core {

bool part_table::of_worker::is_of_no_use(std::uint64_t number, const kv_entry& x) const {
  const auto& names = named.numbers;
  return x.revision < ours
         && std::find(names.begin(), names.end(), number) == names.end();
}

void part_table::shown(const worker_id& who, std::uint64_t number, const kv_entry& x) {
  auto& known = all_[who].known;
  all_[who].doubtful.erase(number);
  if (x.removed && x.revision.value == 0)
    known.erase(number);
  else
    known[number] = x;
}

decoded<record_ptr> part_table::read(const worker_id& who, const kv_entry& x) {
  auto& all = all_[who];
  all.named = {};
  all.ours = {};
  if (!all.sent.empty() && x.value == all.sent) {
    all.sent.clear();
    all.ours = x.revision;
    return std::move(all.sent_record);
  }
  auto found = stored_record_from(x.value, x.stored_at_ns);
  if (auto* bad = std::get_if<malformed>(&found))
    return std::move(*bad);
  auto& head = std::get<stored_record>(found);
  auto named = head.parts;
  auto is_ours = head.value.epoch == ours_;
  auto result = joined(std::move(head), [&](std::uint64_t n) {
    auto i = all.known.find(n);
    return i == all.known.end() || i->second.removed ? nullptr : &i->second.value;
  });
  if (auto* bad = std::get_if<malformed>(&result))
    return std::move(*bad);
  all.named = std::move(named);
  all.ours = is_ours ? x.revision : revision{};
  return index_.numbered(std::get<record>(std::move(result)));
}

void part_table::gone(const worker_id& who) {
  auto& all = all_[who];
  all.named = {};
  all.ours = {};
}

std::vector<std::uint64_t> part_table::of_worker::free(std::size_t count) const {
  std::vector<std::uint64_t> result;
  auto over = failpoint(rule::parts_written_over);
  for (const auto& [number, entry] : known)
    if (result.size() < count && doubtful.count(number) == 0
        && (over || is_of_no_use(number, entry)))
      result.push_back(number);
  for (auto next = known.empty() ? 0 : known.rbegin()->first + 1; result.size() < count;
       ++next)
    if (doubtful.count(next) == 0)
      result.push_back(next);
  return result;
}

void part_table::of_worker::write(const worker_id& who, const record& x,
                                  revision expected, std::size_t most) {
  auto key = keys::record_of(who);
  auto pieces = split(x, most);
  if (named.sha256 == pieces.sha256) { // Only the record itself changes.
    writes.push_back({key, to_text(x, named), expected});
    return;
  }
  record_parts next{free(pieces.parts.size()), std::move(pieces.sha256)};
  for (std::size_t i = 0; i < next.numbers.size(); ++i) {
    auto at = known.find(next.numbers[i]);
    writes.push_back({keys::part_of(who, next.numbers[i]), std::move(pieces.parts[i]),
                      at == known.end() ? revision{} : at->second.revision});
  }
  kv_update last{key, to_text(x, next), expected};
  if (failpoint(rule::record_before_parts))
    writes.push_front(std::move(last));
  else
    writes.push_back(std::move(last));
}

kv_update part_table::begin(const worker_id& who, const record_ptr& x,
                            std::uint64_t format, revision expected, std::size_t most) {
  auto& all = all_[who];
  all.writes.clear();
  all.sent.clear();
  if (auto text = to_text(*x, format); text.size() <= most) {
    all.sent = text;
    all.sent_record = x;
    all.writes.push_back({keys::record_of(who), std::move(text), expected});
  } else {
    all.write(who, *x, expected, most);
  }
  return all.writes.front();
}

std::variant<kv_update, kv_written> part_table::answered(const worker_id& who,
                                                         kv_written x) {
  auto& all = all_[who];
  auto& writes = all.writes;
  auto key = std::move(writes.front().key);
  writes.pop_front();
  if (writes.empty())
    return x;
  if (x.status == write_status::done)
    return writes.front();
  writes.clear();
  if (x.status == write_status::refused)
    return x;
  if (auto part = keys::part_in(key); part && x.status == write_status::conflict)
    all.doubtful.insert(part->second);
  return kv_written{write_status::not_connected,
                    {},
                    "part '" + key + "' of the record was not written: " + x.why};
}

std::vector<kv_remove> part_table::surplus(const worker_id& who) const {
  std::vector<kv_remove> result;
  auto i = all_.find(who);
  if (i == all_.end())
    return result;
  for (const auto& [number, x] : i->second.known)
    if (!x.removed && i->second.is_of_no_use(number, x))
      result.push_back({keys::part_of(who, number), x.revision});
  return result;
}

} // namespace partita::core
