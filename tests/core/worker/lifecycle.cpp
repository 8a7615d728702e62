// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.lifecycle

#include "../support.hpp"

#include "partita/core/worker/lifecycle.hpp"

#include <set>

using namespace core_test;
using enum worker_state;

namespace {

constexpr worker_state all[] = {
    init,     claiming_id, election,    waiting_assignment,
    stable,   scaling,     rebalancing, partita::worker_state::emergency,
    degraded, shutdown};

/// DESIGN section 3, spelled out. Changes from degraded depend on what was before.
const std::set<std::pair<worker_state, worker_state>> allowed = {
    // Forward.
    {init, claiming_id},
    {claiming_id, election},
    {election, waiting_assignment},
    {waiting_assignment, stable},
    // What a leader does.
    {stable, scaling},
    {scaling, stable},
    {stable, rebalancing},
    {rebalancing, stable},
    {stable, worker_state::emergency},
    {worker_state::emergency, stable},
    {scaling, worker_state::emergency},
    {rebalancing, worker_state::emergency},
    // The session or the id is lost.
    {election, claiming_id},
    {waiting_assignment, claiming_id},
    {stable, claiming_id},
    {scaling, claiming_id},
    {rebalancing, claiming_id},
    {worker_state::emergency, claiming_id},
    // The store cannot be reached.
    {init, degraded},
    {claiming_id, degraded},
    {election, degraded},
    {waiting_assignment, degraded},
    {stable, degraded},
    {scaling, degraded},
    {rebalancing, degraded},
    {worker_state::emergency, degraded},
    {degraded, claiming_id},
    // The end.
    {init, shutdown},
    {claiming_id, shutdown},
    {election, shutdown},
    {waiting_assignment, shutdown},
    {stable, shutdown},
    {scaling, shutdown},
    {rebalancing, shutdown},
    {worker_state::emergency, shutdown},
    {degraded, shutdown},
};

} // namespace

CAF_TEST(exactly the changes of the design are allowed) {
  for (auto from : all)
    for (auto to : all) {
      if (from == degraded)
        continue;
      CAF_MESSAGE(to_string(from) << " to " << to_string(to));
      CAF_CHECK_EQUAL(may_change(from, to, stable), allowed.count({from, to}) == 1);
    }
}

CAF_TEST(from degraded a worker goes back to where it was or claims an id or stops) {
  for (auto before : all)
    for (auto to : all) {
      if (before == degraded || before == shutdown)
        continue;
      CAF_MESSAGE(to_string(before) << " to degraded to " << to_string(to));
      CAF_CHECK_EQUAL(may_change(degraded, to, before),
                      to == before || allowed.count({degraded, to}) == 1);
    }
}

CAF_TEST(shutdown is the end) {
  for (auto to : all)
    CAF_CHECK(!may_change(shutdown, to, stable));
}
