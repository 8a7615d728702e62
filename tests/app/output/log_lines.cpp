// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.log_lines

#include "partita/app/output/log_lines.hpp"

#include "partita/actors/shell.hpp"

#include <nlohmann/json.hpp>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <caf/test/unit_test.hpp>

using namespace partita;
using app::json_log_line;
using nlohmann::json;

namespace {

constexpr std::chrono::system_clock::time_point at{
    std::chrono::microseconds{1'795'847'705'000'042}};

struct json_sink : spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  std::vector<std::string> lines;

  void sink_it_(const spdlog::details::log_msg& x) override {
    lines.push_back(json_log_line(at, "info", "g", {x.payload.data(), x.payload.size()},
                                  logged_context));
  }
  void flush_() override {}
};

} // namespace

CAF_TEST(a line is one object with its time in UTC) {
  CAF_CHECK_EQUAL(json_log_line(at, "info", "orders", "left gracefully", nullptr),
                  R"({"time":"2026-11-28T06:35:05.000042Z","level":"info",)"
                  R"("component":"process","group":"orders",)"
                  R"("message":"left gracefully"})");
}

CAF_TEST(a line about a worker has its id and its fields) {
  log_context about{"worker", "worker-1", {{"epoch", std::uint64_t{7}}, {"reason", "x"}}};
  auto x = json::parse(json_log_line(at, "warning", "g", "worker-1: leads: x", &about));
  CAF_CHECK(x == json::parse(R"({"time":"2026-11-28T06:35:05.000042Z","level":"warning",
      "component":"worker","group":"g","worker":"worker-1","message":"leads: x",
      "epoch":7,"reason":"x"})"));
}

CAF_TEST(no byte of a message is a control character and none ends a line) {
  auto line = json_log_line(at, "info", "g", "a\r\n\x1b[2J\x7f\xc2\x9b\xff", nullptr);
  for (auto c : line)
    CAF_CHECK(c >= ' ' && c <= '~');
  CAF_CHECK_EQUAL(json::parse(line)["message"].get<std::string>(),
                  "a\r\n\x1b[2J\x7f\xc2\x9b\xef\xbf\xbd");
}

CAF_TEST(what is logged of a worker reaches the sink as text and as fields) {
  auto sink = std::make_shared<json_sink>();
  auto& lines = sink->lines;
  auto before = spdlog::default_logger();
  spdlog::drop("partita");
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("other", sink));
  worker_log{"leader", "worker-2"}.info("plan of {} workers: {}", logged("workers", 3u),
                                        logged("reason", std::string{"why"}));
  worker_log{"worker", ""}.warn("gives up: {}", "x");
  worker_log{"worker", "worker-2"}.debug("not seen");
  spdlog::info("by itself");
  spdlog::set_default_logger(before);
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  auto x = json::parse(lines[0]);
  CAF_CHECK_EQUAL(x["message"], "plan of 3 workers: why");
  CAF_CHECK_EQUAL(x["worker"], "worker-2");
  CAF_CHECK_EQUAL(x["workers"], 3);
  CAF_CHECK_EQUAL(x["reason"], "why");
  x = json::parse(lines[1]);
  CAF_CHECK(!x.contains("worker"));
  CAF_CHECK_EQUAL(x["message"], "new worker: gives up: x");
  x = json::parse(lines[2]);
  CAF_CHECK_EQUAL(x["component"], "process");
}
