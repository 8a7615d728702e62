#pragma once

#include "partita/messages/ids.hpp"

#include <string>

/// How people read ids and numbers.
namespace partita::app {

/// Orders ids by prefix, then by number: `worker-2` before `worker-10`. An id without a
/// number stands behind those of its prefix that have one.
struct by_number {
  bool operator()(const worker_id& a, const worker_id& b) const;
};

/// A version as epoch and count, "3.2": the second plan of epoch 3. Plain below the first
/// epoch's versions.
std::string readable(version x);

} // namespace partita::app
