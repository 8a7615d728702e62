// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.bucket_reader

#include "partita/app/inspect/group_reader.hpp"

#include "../../support/stub.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;

namespace {

struct fixture {
  ~fixture() { caf::anon_send_exit(store, caf::exit_reason::user_shutdown); }

  /// The store's answers in turn; the last one is given again and again.
  std::optional<std::string> open(std::vector<bucket_opened> answers,
                                  std::chrono::milliseconds limit = 10s) {
    store = test::spawn_stub(sys, [answers, asked = asked](const open_bucket&) {
      return answers[std::min<std::size_t>((*asked)++, answers.size() - 1)];
    });
    open_bucket which;
    which.name = "b";
    return open_if_there(self, caf::actor_cast<store_actor>(store), which, limit, bucket);
  }

  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  std::shared_ptr<std::atomic<std::size_t>> asked =
      std::make_shared<std::atomic<std::size_t>>(0);
  caf::actor store;
  bucket_actor bucket;
};

const bucket_opened silence{open_status::unknown, {}, {}, "no answer in time"};

} // namespace

CAF_TEST_FIXTURE_SCOPE(bucket_reader_tests, fixture)

CAF_TEST(a server that is slow is asked again) {
  auto why = open({silence, silence, {open_status::missing, {}, {}, "no such bucket"}});
  CAF_CHECK(!why);
  CAF_CHECK_EQUAL(asked->load(), 3u);
  CAF_CHECK(!bucket);
}

CAF_TEST(the error for a server that never answers is what the store said) {
  auto why = open({silence}, 50ms);
  CAF_CHECK(why == "cannot open the bucket b: no answer in time");
}

CAF_TEST(a request that was refused is not repeated) {
  auto why = open({silence, {open_status::refused, {}, {}, "not permitted"}});
  CAF_CHECK(why == "cannot open the bucket b: not permitted");
  CAF_CHECK_EQUAL(asked->load(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
