// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE core.stream_listing

#include "partita/core/stream_listing.hpp"

#include <caf/test/unit_test.hpp>

using namespace partita;
using namespace partita::core;

namespace {

subject_transform to(const std::string& destination) {
  return {"orders.*", destination};
}

stream_facts stream(const std::string& destination = "orders.{{partition(4,1)}}.{{"
                                                     "wildcard(1)}}") {
  stream_facts x;
  x.name = "S";
  x.created_at_ns = 7;
  x.first_sequence = 1;
  x.subjects = {"orders.*"};
  x.transform = destination.empty() ? subject_transform{} : to(destination);
  return x;
}

stream_answer done(stream_facts x) {
  return {stream_status::done, std::move(x), {}};
}

stream_answer failed(stream_status how) {
  return {how, {}, "words of the server"};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string lack_in(const stream_listing::news& x) {
  const auto* lack = std::get_if<stream_listing::unavailable>(&x);
  return lack ? lack->why : std::string{};
}

} // namespace

CAF_TEST(the number of partitions stands in the transform) {
  for (auto text :
       {"orders.{{partition(64,1)}}.{{wildcard(1)}}", "{{Partition(64, 1, 2)}}.>",
        "a.{{wildcard(1)}}.{{ partition( 64 , 1 ) }}"})
    CAF_CHECK_EQUAL(partition_count(to(text)), 64u);
  for (auto text : {"", "orders.{{wildcard(1)}}", "orders.partition(64,1)",
                    "{{partition()}}", "{{partition(x,1)}}", "{{partition(0,1)}}",
                    "{{partition(99999999999,1)}}", "{{", "}}"})
    CAF_CHECK_EQUAL(partition_count(to(text)), 0u);
}

CAF_TEST(the first wildcard is the key of the partition) {
  auto x = transform_for("orders.*", 64);
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->source, "orders.*");
  CAF_CHECK_EQUAL(x->destination, "orders.{{partition(64,1)}}.{{wildcard(1)}}");
  CAF_CHECK(transform_for("a.*.b.*.>", 2)->destination
            == "a.{{partition(2,1)}}.{{wildcard(1)}}.b.{{wildcard(2)}}.>");
  for (auto text : {"orders", "orders.>", ">", "", "a..*", "*."})
    CAF_CHECK(!transform_for(text, 4));
  CAF_CHECK(!transform_for("orders.*", 0));
}

CAF_TEST(the partitions of a stream are its numbers) {
  stream_listing x{"S"};
  auto news = x.answered(done(stream()));
  CAF_REQUIRE(std::holds_alternative<stream_listing::list>(news));
  std::vector<partition> four{{{"0"}}, {{"1"}}, {{"2"}}, {{"3"}}};
  CAF_CHECK(std::get<stream_listing::list>(news) == four);
  auto more = x.answered(done(stream("o.{{partition(5,1)}}.{{wildcard(1)}}")));
  CAF_CHECK_EQUAL(std::get<stream_listing::list>(more).size(), 5u);
}

CAF_TEST(a stream without a transform is refused and says what to do) {
  stream_listing x{"S"};
  auto none = lack_in(x.answered(done(stream(""))));
  CAF_CHECK(has(none, "the stream S has no subject transform"));
  CAF_CHECK(has(none, "2.10") && has(none, "mappings"));
  CAF_CHECK(has(lack_in(x.answered(done(stream("orders.x.{{wildcard(1)}}")))),
                "expected one with {{partition(n,...)}}"));
  CAF_CHECK(has(lack_in(x.answered(done(stream("{{partition(1000001,1)}}")))),
                "expected at most 1000000"));
}

CAF_TEST(a failure that may pass counts from the third one on) {
  stream_listing x{"S"};
  for (auto how : {stream_status::unknown, stream_status::not_connected}) {
    CAF_CHECK(std::holds_alternative<std::monostate>(x.answered(failed(how))));
    CAF_CHECK(std::holds_alternative<std::monostate>(x.answered(failed(how))));
    CAF_CHECK(has(lack_in(x.answered(failed(how))), "words of the server"));
    CAF_CHECK(lack_in(x.answered(done(stream()))).empty());
  }
  CAF_MESSAGE("others count at once");
  CAF_CHECK(
      has(lack_in(x.answered(failed(stream_status::missing))), "partita stream init"));
  CAF_CHECK(has(lack_in(x.answered(failed(stream_status::refused))), "cannot be read"));
}

CAF_TEST(a stream that was made again is refused for good) {
  stream_listing x{"S"};
  CAF_CHECK(lack_in(x.answered(done(stream()))).empty());
  auto again = stream();
  again.created_at_ns = 8;
  CAF_CHECK(has(lack_in(x.answered(done(again))), "deleted and made again"));
  CAF_CHECK(has(lack_in(x.answered(done(again))), "deleted and made again"));
  CAF_CHECK(lack_in(x.answered(done(stream()))).empty());
}

CAF_TEST(a filter on the subject before the transform is refused) {
  auto x = stream();
  for (auto fits : {"orders.{partition}.>", "orders.3.ann", "orders.*.*", ">",
                    "orders.{partition}.ann", "*.{partition}.*"})
    CAF_CHECK(why_no_match(x, fits).empty());
  for (auto wrong : {"orders.*", "orders.ann", "orders.ann.>", "orders.3", "other.3.ann",
                     "orders.3.ann.more"}) {
    CAF_CHECK(has(why_no_match(x, wrong), "compared with the transformed subject"));
    CAF_CHECK(has(why_no_match(x, wrong), x.transform.destination));
  }
  CAF_MESSAGE("so do subjects that are not transformed");
  auto more = stream();
  more.subjects.emplace_back("other.>");
  CAF_CHECK(why_no_match(more, "other.3.ann").empty());
  CAF_CHECK(!why_no_match(more, "orders.ann").empty());
  CAF_CHECK(why_no_match(stream("a.{{splitfromleft(1,2)}}"), "a.b.c.d").empty());
  CAF_MESSAGE("without a transform the subjects count");
  CAF_CHECK(why_no_match(stream(""), "orders.ann").empty());
  CAF_CHECK(!why_no_match(stream(""), "orders.3.ann").empty());
  CAF_MESSAGE("what comes from another stream may have any subject");
  x.has_sources = true;
  CAF_CHECK(why_no_match(x, "orders.ann").empty());
}

CAF_TEST(a stream gets no other transform and none over messages without one) {
  auto wanted = stream().transform;
  CAF_CHECK(why_not_changed(stream(), wanted).empty());
  CAF_CHECK(why_not_changed(stream(""), wanted).empty());
  CAF_CHECK(
      has(why_not_changed(stream("o.{{partition(5,1)}}"), wanted), "partition(4,1)"));
  auto full = stream("");
  full.last_sequence = 3;
  CAF_CHECK(has(why_not_changed(full, wanted), "holds messages"));
  full.first_sequence = 4;
  CAF_CHECK(why_not_changed(full, wanted).empty());
}
