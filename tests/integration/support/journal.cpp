// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

namespace partita::test {

namespace {

void take_in(worker_view& view, const nlohmann::json& x) {
  auto event = x.at("event").get<std::string>();
  if (event == "worker_id_claimed") {
    view.id = x.at("worker_id");
    view.ids.push_back(view.id);
  } else if (event == "state") {
    view.state = x.at("to");
    view.states.push_back(view.state);
  } else if (event == "leadership") {
    view.leading = x.at("leading");
  } else if (event == "adopted") {
    view.adopted.push_back(x.at("epoch"));
  } else if (event == "assignment") {
    view.owns.clear();
    for (const auto& p : x.at("partitions"))
      view.owns.insert(p.get<std::string>());
    view.version = x.at("version");
    view.epoch = x.at("epoch");
    view.stamps.emplace_back(view.epoch, view.version);
    view.lifecycles.push_back(x.at("lifecycle"));
    view.gained += x.at("added").size();
    view.lost += x.at("removed").size();
  } else if (event == "alert") {
    auto what = x.at("what").get<std::string>();
    if (x.at("over"))
      view.alerts.erase(what);
    else
      view.alerts[what] = x.at("reason");
  } else if (event == "stopped") {
    view.stopped = true;
    view.leading = false;
    view.owns.clear();
    view.failure = x.value("failure", "");
  }
}

} // namespace

void journal::add(const std::string& worker, const std::string& line) {
  std::lock_guard guard{mutex_};
  story_.push_back(worker + ": " + line);
  ownership_.said(worker, line);
  auto x = nlohmann::json::parse(line, nullptr, false);
  // The last words of a worker that is known to be gone may come behind that.
  auto view = views_.find(worker);
  if (view != views_.end() && x.is_object() && x.contains("event"))
    take_in(view->second, x);
  changed_.notify_all();
}

void journal::gone(const std::string& worker, std::int64_t since_ns) {
  std::lock_guard guard{mutex_};
  story_.push_back(worker + ": gone");
  ownership_.ended(worker, since_ns == 0 ? wall_ns() : since_ns);
  views_.erase(worker);
  changed_.notify_all();
}

void journal::begun(const std::string& worker) {
  std::lock_guard guard{mutex_};
  story_.push_back(worker + ": begins");
  ownership_.begun(worker);
  views_[worker] = {};
}

bool journal::wait(const std::function<bool(const views&)>& holds,
                   std::chrono::milliseconds at_most) {
  std::unique_lock guard{mutex_};
  return changed_.wait_for(guard, at_most, [&] { return holds(views_); });
}

journal::views journal::now() const {
  std::lock_guard guard{mutex_};
  return views_;
}

void journal::remark(const std::string& what) {
  std::lock_guard guard{mutex_};
  story_.push_back(std::to_string(wall_ns()) + ": " + what);
}

void journal::slept(const std::string& worker, std::int64_t from_ns, std::int64_t to_ns) {
  std::lock_guard guard{mutex_};
  story_.push_back(worker + ": slept for " + std::to_string((to_ns - from_ns) / 1000000)
                   + " ms");
  ownership_.slept(worker, from_ns, to_ns);
}

std::string journal::violations() const {
  std::lock_guard guard{mutex_};
  std::string result;
  for (const auto& x : ownership_.violations(wall_ns()))
    result += x + '\n';
  return result;
}

std::vector<ownership::gap> journal::gaps() const {
  std::lock_guard guard{mutex_};
  return ownership_.gaps();
}

std::int64_t wall_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

std::string journal::story() const {
  std::lock_guard guard{mutex_};
  std::string result;
  for (const auto& x : story_)
    result += x + '\n';
  return result;
}

std::string leader_of(const journal::views& all) {
  std::string result;
  for (const auto& [name, x] : all) {
    if (!x.leading)
      continue;
    if (!result.empty())
      return {};
    result = name;
  }
  return result;
}

bool all_owned_once(const journal::views& all, std::size_t count) {
  std::set<std::string> owned;
  for (const auto& [name, x] : all)
    for (const auto& p : x.owns)
      if (!owned.insert(p).second)
        return false;
  return owned.size() == count;
}

bool settled(const journal::views& all, std::size_t workers, std::size_t partitions) {
  if (all.size() != workers || leader_of(all).empty() || !all_owned_once(all, partitions))
    return false;
  auto least = partitions / workers;
  for (const auto& [name, x] : all)
    if (x.state != "stable" || x.owns.size() < least || x.owns.size() > least + 1)
      return false;
  return true;
}

std::string went_back(const journal::views& all) {
  for (const auto& [name, x] : all)
    for (std::size_t i = 1; i < x.stamps.size(); ++i)
      if (x.stamps[i] < x.stamps[i - 1])
        return name + " received (" + std::to_string(x.stamps[i].first) + ", "
               + std::to_string(x.stamps[i].second) + ") after ("
               + std::to_string(x.stamps[i - 1].first) + ", "
               + std::to_string(x.stamps[i - 1].second) + ')';
  return {};
}

} // namespace partita::test
