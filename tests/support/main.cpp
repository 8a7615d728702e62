// SPDX-License-Identifier: Apache-2.0
// The entry point of every test program on CAF's framework.
#include <caf/test/unit_test_impl.hpp>
