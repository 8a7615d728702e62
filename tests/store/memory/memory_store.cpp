// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE store.memory_store

#include "memory_store_fixture.hpp"

#include "partita/store/memory/memory_store.hpp"

/// The store of one process on the actor clock; its promises are in memory_conformance.
using namespace partita;
using namespace partita::test;

namespace {

struct one_process_fixture : memory_store_fixture {
  store_actor only = spawn_memory_store(sys);

  bucket_actor open_here(std::chrono::milliseconds ttl = 0ms) {
    open_bucket what;
    what.name = "here";
    what.ttl = ttl;
    return answer_of<bucket_opened>(only, what).bucket;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(one_process_tests, one_process_fixture)

CAF_TEST(a value expires on the actor clock) {
  auto brief = open_here(200ms);
  put(brief, "a", "1");
  pass(190ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::found);
  pass(10ms);
  CAF_CHECK_EQUAL(last(brief, "a").status, read_status::missing);
}

CAF_TEST(an entry states the time of its write on the server) {
  auto here = open_here();
  auto made = answer_of<kv_identity>(here, kv_identify{}).identity.created_at_ns;
  pass(1s);
  put(here, "a", "1");
  CAF_CHECK_EQUAL(last(here, "a").entry.stored_at_ns - made, 1'000'000'000);
}

CAF_TEST(a store without a watch has no timer) {
  pass(500ms);
  put(open_here(), "a", "1");
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch shows signs of life and its timer ends with its watcher) {
  auto here = open_here();
  {
    watch_observer w{sys};
    watch(w, here);
    CAF_CHECK_EQUAL(w.heard(), texts({"replayed"}));
    pass(1s);
    CAF_CHECK_EQUAL(w.heard(), texts(2, "alive"));
  }
  consume_messages();
  pass(510ms);
  CAF_CHECK(!sched.clock().has_pending_timeout());
}

CAF_TEST(a watch that was started again replays and is there once) {
  auto here = open_here();
  put(here, "a", "1");
  watch_observer w{sys};
  watch(w, here);
  watch(w, here);
  CAF_CHECK_EQUAL(w.heard(), texts({"value a 1", "replayed", "value a 1", "replayed"}));
  put(here, "a", "2");
  CAF_CHECK_EQUAL(w.heard(), texts({"value a 2"}));
}

CAF_TEST(a pattern that is none and a closed store are answered with why) {
  auto here = open_here();
  watch_observer w{sys};
  watch(w, here, "a b");
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  CAF_CHECK_NOT_EQUAL(w.why.find("'a b'"), std::string::npos);
  watch(w, here);
  w.heard();
  give(only, close_store{});
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
  CAF_CHECK_NOT_EQUAL(w.why.find("closed"), std::string::npos);
  watch(w, here);
  CAF_CHECK_EQUAL(w.heard(), texts({"restarted"}));
}

CAF_TEST(a survey shows the value or that there is none) {
  auto here = open_here();
  put(here, "a", "1");
  auto look = [&](const std::string& name, const std::string& key) {
    return answer_of<servers_surveyed>(only, survey_servers{name, key}).servers.at(0);
  };
  CAF_CHECK_EQUAL(look("here", "a").value, "1");
  CAF_CHECK_EQUAL(look("here", "b").status, read_status::missing);
  CAF_CHECK_EQUAL(look("elsewhere", "a").status, read_status::missing);
}

CAF_TEST_FIXTURE_SCOPE_END()
