// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/control_codec.hpp"

#include "partita/messages/json_members.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <optional>

namespace partita {

namespace {

using namespace json_members;

const std::string cordons = "directive.cordon.";
const std::string drains = "directive.drain.";
const std::string pins = "directive.pin.";
const std::string pauses = "directive.pause.";
const std::string rebalance = "directive.rebalance";
const std::string step_down = "directive.step_down";

constexpr std::string_view hex = "0123456789ABCDEF";

/// A name as the end of a key. A dot stays one where no token would be empty by it.
std::string escaped(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto c = name[i];
    auto joins = c == '.' && i != 0 && i + 1 != name.size() && name[i - 1] != '.';
    if ((is_key_letter(c) && c != '=') || joins) {
      result += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    result += {'=', hex[byte / 16], hex[byte % 16]};
  }
  return result;
}

std::string unescaped(std::string_view key) {
  std::string result;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] != '=') {
      result += key[i];
      continue;
    }
    auto high = i + 2 < key.size() ? hex.find(key[i + 1]) : hex.npos;
    auto low = i + 2 < key.size() ? hex.find(key[i + 2]) : hex.npos;
    if (high == hex.npos || low == hex.npos)
      fail("expected two hexadecimal digits (0-9, A-F) behind '=' in a key, found '"
           + std::string{key} + "'");
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  // Names go into texts that people read.
  try {
    static_cast<void>(json(result).dump());
  } catch (const json::exception&) {
    fail("expected a name in UTF-8, found '" + std::string{key} + "'");
  }
  // Another spelling of the same name would be a second key for one directive.
  if (result.empty() || escaped(result) != key)
    fail("expected a name, written as '" + escaped(result) + "', found '"
         + std::string{key} + "'");
  return result;
}

/// What follows `prefix` in `key`, if it begins so.
std::optional<std::string_view> rest_of(std::string_view key, std::string_view prefix) {
  if (!key.starts_with(prefix))
    return std::nullopt;
  return key.substr(prefix.size());
}

worker_id read_worker(const json& obj, const char* key) {
  worker_id result{text(need(obj, key), key)};
  if (result.value.empty())
    fail(at(key) + "expected the id of a worker, found an empty string");
  return result;
}

pause_directive read_pause(std::string_view id, const json& obj) {
  auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (id.size() != 8 || !std::all_of(id.begin(), id.end(), is_digit))
    fail("expected a key of eight hexadecimal digits (0-9, a-f) behind '" + pauses
         + "', found '" + std::string{id} + "'");
  auto lasts = number(need(obj, "for_s"), "for_s");
  auto most = static_cast<std::uint64_t>(longest_pause.count());
  if (lasts == 0 || lasts > most)
    fail(at("for_s") + "expected 1 to " + std::to_string(most) + " seconds, found "
         + std::to_string(lasts));
  return {std::string{id}, std::chrono::seconds{static_cast<std::int64_t>(lasts)}};
}

directive::kind read_kind(std::string_view key, const json& obj) {
  if (auto name = rest_of(key, cordons))
    return cordon_directive{{unescaped(*name)}};
  if (auto name = rest_of(key, drains))
    return drain_directive{{unescaped(*name)}};
  if (auto name = rest_of(key, pins))
    return pin_directive{unescaped(*name), read_worker(obj, "worker")};
  if (auto id = rest_of(key, pauses))
    return read_pause(*id, obj);
  if (key == rebalance)
    return rebalance_directive{};
  if (key == step_down)
    return step_down_directive{read_worker(obj, "leader"),
                               {number(need(obj, "epoch"), "epoch")}};
  fail("found the key '" + std::string{key}
       + "', expected directive.cordon.<worker>, directive.drain.<worker>, "
         "directive.pin.<partition>, "
         "directive.pause.<8 hexadecimal digits>, directive.rebalance or "
         "directive.step_down");
}

/// The key of a directive, and what it does, for people.
struct texts_of {
  using texts = std::pair<std::string, std::string>;

  texts operator()(const cordon_directive& x) const {
    return {cordons + escaped(x.worker.value), "cordon of " + x.worker.value};
  }
  texts operator()(const drain_directive& x) const {
    return {drains + escaped(x.worker.value), "drain of " + x.worker.value};
  }
  texts operator()(const pin_directive& x) const {
    return {pins + escaped(x.partition),
            "pin of " + x.partition + " to " + x.worker.value};
  }
  texts operator()(const pause_directive& x) const {
    return {pauses + x.id, "pause for " + std::to_string(x.lasts.count()) + " s"};
  }
  texts operator()(const rebalance_directive&) const { return {rebalance, "rebalance"}; }
  texts operator()(const step_down_directive& x) const {
    return {step_down, "step down of " + x.leader.value};
  }
};

json counts_of(const std::map<worker_id, std::uint64_t>& xs) {
  auto result = json::object();
  for (const auto& [who, count] : xs)
    result[who.value] = count;
  return result;
}

std::map<worker_id, std::uint64_t> read_counts_or(const json& obj, const char* key) {
  std::map<worker_id, std::uint64_t> result;
  const auto* xs = find(obj, key);
  if (!xs)
    return result;
  if (!xs->is_object())
    fail(at(key) + "expected an object, found " + xs->dump());
  for (const auto& [who, count] : xs->items())
    result[{who}] = number(count, key);
  return result;
}

} // namespace

std::string directive_key(const directive::kind& what) {
  return std::visit(texts_of{}, what).first;
}

std::string to_text(const directive& x) {
  json result{{"v", format_version}, {"at", x.at}, {"by", x.by}, {"reason", x.reason}};
  if (const auto* pin = std::get_if<pin_directive>(&x.what))
    result["worker"] = pin->worker.value;
  if (const auto* pause = std::get_if<pause_directive>(&x.what))
    result["for_s"] = pause->lasts.count();
  if (const auto* down = std::get_if<step_down_directive>(&x.what)) {
    result["leader"] = down->leader.value;
    result["epoch"] = down->epoch.value;
  }
  return dump(result);
}

decoded<directive> directive_from(std::string_view key, std::string_view value) {
  return read<directive>(value, [key](const json& obj) {
    check_format(obj);
    return directive{read_kind(key, obj), signed_number_or(obj, "at", 0),
                     text_or(obj, "by"), text_or(obj, "reason")};
  });
}

std::string describe(const directive& x) {
  auto result = std::visit(texts_of{}, x.what).second;
  if (!x.by.empty())
    result += " by " + x.by;
  if (!x.reason.empty())
    result += ": " + x.reason;
  return result;
}

std::string history_key(const history_id& x) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%020" PRIu64 ".%010" PRIu64, x.epoch.value,
                x.count);
  return std::string{history_prefix} + digits;
}

decoded<history_id> history_id_from(std::string_view key) {
  history_id result;
  std::sscanf(std::string{key}.c_str(), "history.%20" SCNu64 ".%10" SCNu64,
              &result.epoch.value, &result.count);
  if (history_key(result) == key)
    return result;
  return malformed{"found the key '" + std::string{key}
                   + "', expected history.<epoch, 20 digits>.<count, 10 digits>"};
}

std::string to_text(const history_entry& x) {
  return dump({{"at", x.at},
               {"epoch", x.epoch.value},
               {"leader", x.leader.value},
               {"lifecycle", to_string(x.lifecycle)},
               {"reason", x.reason},
               {"strategy", x.strategy},
               {"workers", x.workers},
               {"partitions", x.partitions},
               {"moves", x.moves},
               {"gains", counts_of(x.gains)},
               {"losses", counts_of(x.losses)},
               {"trouble", x.trouble}});
}

decoded<history_entry> history_from(std::string_view value) {
  return read<history_entry>(value, [](const json& obj) {
    history_entry result;
    result.at = signed_number_or(obj, "at", 0);
    result.epoch.value = number(need(obj, "epoch"), "epoch");
    result.leader.value = text_or(obj, "leader");
    result.lifecycle = word<lifecycle>(need(obj, "lifecycle"), "lifecycle");
    result.reason = text_or(obj, "reason");
    result.strategy = text_or(obj, "strategy");
    result.workers = number_or(obj, "workers", 0);
    result.partitions = number_or(obj, "partitions", 0);
    result.moves = number_or(obj, "moves", 0);
    result.gains = read_counts_or(obj, "gains");
    result.losses = read_counts_or(obj, "losses");
    if (const auto* xs = find(obj, "trouble"))
      for (const auto& x : need_list(*xs, "trouble"))
        result.trouble.push_back(text(x, "trouble"));
    return result;
  });
}

} // namespace partita
