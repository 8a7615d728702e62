// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE strategies.bounds

#include "support.hpp"

#include "partita/core/strategies/sticky_problem.hpp"

#include <caf/test/unit_test.hpp>

using namespace planning_test;
using core::least_to_move;
using core::load_bounds;
using core::sticky_problem;

CAF_TEST(what has no owner fills up those that lack something before anything moves) {
  auto in = group(2, 6);
  in.previous.assign(6, std::nullopt);
  for (std::size_t i = 0; i < 4; ++i)
    in.previous[i] = 0;
  sticky_problem problem{in, {}};
  CAF_CHECK_EQUAL(least_to_move(problem, load_bounds{problem}), 0);
  CAF_MESSAGE("worker-0 has all six, and may carry four");
  in.previous.assign(6, 0);
  sticky_problem uneven{in, {}};
  CAF_CHECK_EQUAL(least_to_move(uneven, load_bounds{uneven}), 200);
}
