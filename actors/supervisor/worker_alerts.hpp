// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/actors/supervisor/worker_context.hpp"
#include "partita/core/alerts/lasting_alert.hpp"
#include "partita/core/alerts/store_troubles.hpp"
#include "partita/messages/stats.hpp"

#include <array>
#include <map>
#include <string>

namespace partita {

/// The alerts of a worker: logged, counted, and sent to its listeners.
class worker_alerts {
public:
  explicit worker_alerts(worker_context& context);

  void raise(alert_level level, const std::string& what, std::string why,
             core::duration age, bool over);

  // -- requests to the store ------------------------------------------------------------

  void hear(const store_trouble& x);
  void link_is(bool up) { troubles_.link_is(up, context_.now()); }
  /// Forgets the troubles of actors that have ended.
  template <class Predicate>
  void keep_if(Predicate run_is_present) {
    troubles_.keep_if(run_is_present);
    watch_store();
  }
  /// The troubles that last; empty: none.
  std::string lasting_trouble() const { return troubles_.text(context_.now()); }

  // -- of a leader; `why` is what is wrong, empty: nothing any more ---------------------

  /// With the list of partitions.
  void watch_source(const std::string& why);
  /// With the settings that all workers should share.
  void watch_settings(const std::string& why);
  /// With the operators' directives; `over` is the text at the end.
  void watch_control(const std::string& why, const std::string& over);
  /// Ends the alerts of a leader: the next one raises its own.
  void lost_leadership();

  void tick();
  std::optional<core::time_point> wake_at() const;

  void add_to(worker_stats& x) const;

private:
  void watch_store();
  void tell(const std::string& what, const std::optional<core::lasting_alert::alert>& x);

  worker_context& context_;
  core::store_troubles troubles_;
  core::lasting_alert store_;
  core::lasting_alert source_;
  core::lasting_alert settings_;
  /// While the calculator plans without the directives of operators.
  std::optional<core::time_point> control_unknown_since_;
  std::map<std::string, alert_level> present_;
  std::array<std::uint64_t, count_of<alert_level>> raised_{};
};

} // namespace partita
