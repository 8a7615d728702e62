// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_api.hpp"

#include "partita/config/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace partita::app {

namespace {

// Keeps the members in the order in which people read them.
using json = nlohmann::ordered_json;

std::string text(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

json shown(const grant& x, const consumers_given& consumers) {
  json result{{"keys", x.partition.keys.all()},
              {"name", name_of(x.partition)},
              {"weight", x.partition.weight},
              {"token", x.token.value}};
  if (!x.reason.empty())
    result["reason"] = x.reason;
  if (auto i = consumers.names.find(name_of(x.partition)); i != consumers.names.end())
    result["consumer"] = {{"stream", consumers.stream}, {"name", i->second}};
  return result;
}

/// How long work may continue; null: without a deadline.
json left_of(const std::optional<core::time_point>& until, core::time_point now) {
  if (!until)
    return nullptr;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::max(*until - now, core::duration{0}))
      .count();
}

/// Whether it says what to work on.
bool gives_work(const event_text& x) {
  return x.name == "assigned"
         || (x.name == "assignment"
             && x.line.find(R"("partitions":[])") == std::string::npos);
}

/// Its word, and what to do about it; nothing if all is well.
std::pair<const char*, std::string> words_for(const released_item& x) {
  using result = core::work_ledger::release_result;
  switch (x.result) {
  case result::released:
    return {"released", {}};
  case result::already:
    return {"already", {}};
  case result::still_owned:
    return {"still_owned", "it was not taken back: keep working on it"};
  case result::wrong_token:
    return {"wrong_token",
            "its token is " + std::to_string(x.right_token.value)
                + ": ask GET /v1/assignment, and release what is in revoking"};
  case result::unknown:
    break;
  }
  return {"unknown",
          "this worker does not have it: ask GET /v1/assignment for what it has"};
}

/// One condition of readiness.
struct condition {
  std::string name;
  bool holds = false;
  /// What is so, or what is missing.
  std::string detail;
};

bool in_session(const worker_status& x) {
  // With the session the record is dropped as well.
  if (x.state == worker_state::degraded)
    return x.applied.version.value != 0;
  return x.state >= worker_state::election && x.state < worker_state::degraded;
}

std::vector<condition> conditions_of(const shown_life& x) {
  std::vector<condition> result;
  if (x.application_wanted)
    result.push_back({"application", x.application_present,
                      x.application_present ? "calls"
                      : x.application_seen  ? "has not called for http.app_ttl"
                                            : "has not called yet"});
  const auto& id = x.status.worker_id.value;
  auto joined = !x.absent && x.alive && !id.empty();
  result.push_back({"joined", joined,
                    x.absent     ? "no worker takes part"
                    : !x.alive   ? x.why
                    : id.empty() ? "holds no worker id yet"
                                 : "as " + id});
  auto state = std::string{to_string(x.status.state)} + ": " + x.status.state_reason;
  result.push_back(
      {"session", joined && in_session(x.status), joined ? state : "has not joined"});
  auto applied = joined && x.status.applied.version.value != 0;
  result.push_back({"record", applied,
                    applied ? "version " + readable(x.status.applied.version)
                            : "no record applied yet"});
  return result;
}

http_reply plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

} // namespace

http_reply http_error(int status, const std::string& found, const std::string& expected,
                      const std::string& remedy) {
  auto error = json::object();
  for (const auto& [name, value] :
       {std::pair{"found", &found}, {"expected", &expected}, {"remedy", &remedy}})
    if (!value->empty())
      error[name] = *value;
  return {status, "application/json", text({{"error", std::move(error)}}), {}};
}

http_reply text_of(const shown_assignment& x, core::time_point now) {
  json all = {{"group", x.group},
              {"worker_id", x.worker_id.value},
              {"state", x.state},
              {"version", x.version},
              {"epoch", x.record.epoch.value},
              {"record_version", x.record.version.value},
              {"last_event", x.last_event},
              {"valid_for_ms", left_of(x.until, now)},
              {"partitions", json::array()},
              {"revoking", json::array()}};
  for (const auto& y : x.partitions)
    all["partitions"].push_back(shown(y, x.consumers));
  for (const auto& y : x.revoking) {
    auto item = shown(y.what, x.consumers);
    item["lost"] = y.lost;
    item["time_left_ms"] = left_of(y.until, now);
    all["revoking"].push_back(std::move(item));
  }
  http_reply result;
  result.body = text(all);
  return result;
}

http_reply text_of(const released_work& x) {
  http_reply result;
  auto items = json::array();
  for (const auto& y : x.items) {
    auto [word, remedy] = words_for(y);
    json item = {{"partition", y.partition}, {"token", y.token.value}, {"result", word}};
    if (!remedy.empty()) {
      item["remedy"] = remedy;
      result.status = 409;
    }
    items.push_back(std::move(item));
  }
  result.body = text({{"released", std::move(items)}});
  return result;
}

std::string stream_text_of(const shown_events& x, core::time_point now) {
  auto missed = x.missed;
  std::string result;
  for (const auto& y : x.events) {
    auto over = x.until && (y.id <= x.session_begin || now >= *x.until);
    missed = missed || (over && gives_work(y));
    if (over && gives_work(y))
      continue;
    auto left = over ? json(0) : left_of(x.until, now);
    result += "id: " + std::to_string(y.id) + "\nevent: " + y.name
              + "\ndata: " + y.line.substr(0, y.line.size() - 1)
              + ",\"valid_for_ms\":" + left.dump() + "}\n\n";
  }
  json first = {{"event", "missed"},
                {"group", x.group},
                {"remedy",
                 "events before these are gone; ask GET /v1/assignment for what is "
                 "owned now"},
                {"valid_for_ms", left_of(x.until, now)}};
  return missed ? "event: missed\ndata: " + text(first) + '\n' + result : result;
}

http_reply livez_of(const shown_life& x) {
  return x.alive ? plain(200, "ok\n") : plain(503, "not alive: " + x.why + '\n');
}

http_reply readyz_of(const shown_life& x, bool verbose) {
  auto ready = true;
  std::string lines;
  std::string missing;
  for (const auto& y : conditions_of(x)) {
    ready = ready && y.holds;
    auto said = y.name + ": " + config::printable(y.detail);
    lines += (y.holds ? "[+] " : "[-] ") + said + '\n';
    if (!y.holds)
      missing += (missing.empty() ? "" : "; ") + said;
  }
  if (!x.status.store_trouble.empty()) {
    // No condition: what was granted before may be worked on all the same.
    auto said = "store: " + config::printable(x.status.store_trouble);
    lines += "[!] " + said + '\n';
    missing += (missing.empty() ? "" : "; ") + said;
  }
  auto verdict = ready ? std::string{"ready\n"} : "not ready: " + missing + '\n';
  return plain(ready ? 200 : 503, (verbose ? lines : "") + verdict);
}

} // namespace partita::app
