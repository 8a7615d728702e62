// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/memory.hpp"

#include <malloc.h>
#include <sys/resource.h>

namespace partita::app {

void return_memory_of_start() {
#ifdef __GLIBC__
  // Of which a worker with a small share has 30,000, most of them its program. In KiB.
  constexpr long at_most = 128 * 1024;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0 && used.ru_maxrss <= at_most)
    ::malloc_trim(0);
#endif
}

} // namespace partita::app
