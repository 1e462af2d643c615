#include "app/slirp4netns/api_request.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string add(const std::string& arguments) {
  return R"({"execute": "add_hostfwd", "arguments": {)" + arguments + "}}";
}

HostForward forward_of(const std::string& text) {
  return std::get<AddHostForward>(parse_api_request(text)).forward;
}

std::string reason_of(const std::string& text) {
  const ApiRequest request = parse_api_request(text);
  const auto* const bad = std::get_if<BadRequest>(&request);
  return bad != nullptr ? bad->reason : "none";
}

TEST(ApiRequest, AForwardHasAllItsParts) {
  const HostForward forward =
      forward_of(add(R"("proto": "tcp", "host_addr": "127.0.0.1", "host_port": 8080,
             "guest_addr": "10.0.2.100", "guest_port": 80)"));
  EXPECT_EQ(forward.listen.protocol, ListenAddress::Protocol::kTcp);
  EXPECT_EQ(std::get<Endpoint>(forward.listen.local),
            (Endpoint{.address = IpAddress::v4(127, 0, 0, 1), .port = 8080}));
  EXPECT_EQ(forward.guest, (Endpoint{.address = IpAddress::v4(10, 0, 2, 100), .port = 80}));
}

TEST(ApiRequest, AddressesMayBeMissingEmptyOrNull) {
  for (const std::string& addresses :
       {std::string(), std::string(R"(, "host_addr": "", "guest_addr": "")"),
        std::string(R"(, "host_addr": null, "guest_addr": null)")}) {
    const HostForward forward =
        forward_of(add(R"("proto": "udp", "host_port": 1, "guest_port": 65535)" + addresses));
    EXPECT_EQ(forward.listen.protocol, ListenAddress::Protocol::kUdp);
    EXPECT_EQ(std::get<Endpoint>(forward.listen.local).address, IpAddress::v4(0));
    EXPECT_TRUE(forward.guest.address.is_unspecified());
  }
}

TEST(ApiRequest, TheProtocolMayNameItsFamily) {
  const std::string ports = R"(, "host_port": 1, "guest_port": 2)";
  EXPECT_EQ(forward_of(add(R"("proto": "tcp4")" + ports)).listen.protocol,
            ListenAddress::Protocol::kTcp);
  EXPECT_EQ(forward_of(add(R"("proto": "udp4")" + ports)).listen.protocol,
            ListenAddress::Protocol::kUdp);
}

TEST(ApiRequest, OtherRequestsAreKnown) {
  EXPECT_TRUE(
      std::holds_alternative<ListHostForwards>(parse_api_request(R"({"execute":"list_hostfwd"})")));
  const ApiRequest removal =
      parse_api_request(R"({"execute":"remove_hostfwd","arguments":{"id":42}})");
  EXPECT_EQ(std::get<RemoveHostForward>(removal).id, 42);
}

TEST(ApiRequest, WhatFollowsARequestIsNotLookedAt) {
  for (const std::string end : {"\n", "\r\n\r\n", " junk", "\0"}) {
    EXPECT_TRUE(std::holds_alternative<ListHostForwards>(
        parse_api_request(R"({"execute":"list_hostfwd"})" + end)));
  }
}

TEST(ApiRequest, EveryBeginningOfARequestIsUnfinished) {
  const std::string whole = add(R"("proto": "tcp", "host_port": 8080, "guest_port": 80)");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(std::holds_alternative<UnfinishedRequest>(
        parse_api_request(std::string_view(whole).substr(0, size))))
        << whole.substr(0, size);
  }
  EXPECT_TRUE(std::holds_alternative<AddHostForward>(parse_api_request(whole)));
}

TEST(ApiRequest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(reason_of("hello"), "cannot parse JSON");
  EXPECT_EQ(reason_of("{]"), "cannot parse JSON");
  EXPECT_EQ(reason_of("\"\xff\""), "cannot parse JSON");
  EXPECT_EQ(reason_of("{\"execute\": 1e999}"), "cannot parse JSON");
  EXPECT_EQ(reason_of("[]"), "expected a JSON object");
  EXPECT_EQ(reason_of("\"x\""), "expected a JSON object");
  EXPECT_EQ(reason_of("{}"), "no execute found");
  EXPECT_EQ(reason_of(R"({"execute": 5})"), "no execute found");
  EXPECT_EQ(reason_of(R"({"execute": "foo"})"), "unknown execute");
}

TEST(ApiRequest, TheArgumentThatIsWrongIsNamed) {
  const auto wrong = [](const std::string& arguments) { return reason_of(add(arguments)); };
  EXPECT_EQ(reason_of(R"({"execute": "add_hostfwd"})"), "add_hostfwd: bad arguments.proto");
  EXPECT_EQ(reason_of(R"({"execute": "add_hostfwd", "arguments": [1]})"),
            "add_hostfwd: bad arguments.proto");
  EXPECT_EQ(wrong(R"("host_port": 1, "guest_port": 1)"), "add_hostfwd: bad arguments.proto");
  EXPECT_EQ(wrong(R"("proto": "sctp", "host_port": 1, "guest_port": 1)"),
            "add_hostfwd: bad arguments.proto");
  for (const std::string address : {R"("foo")", R"("::1")", "5", "{}", R"("10.0.2.1 ")"}) {
    EXPECT_EQ(wrong(R"("proto": "tcp", "host_port": 1, "guest_port": 1, "host_addr": )" + address),
              "add_hostfwd: bad arguments.host_addr");
    EXPECT_EQ(wrong(R"("proto": "tcp", "host_port": 1, "guest_port": 1, "guest_addr": )" + address),
              "add_hostfwd: bad arguments.guest_addr");
  }
  for (const std::string port : {"0", "65536", "-1", "1.5", R"("80")", "null", "1e300"}) {
    EXPECT_EQ(wrong(R"("proto": "tcp", "guest_port": 1, "host_port": )" + port),
              "add_hostfwd: bad arguments.host_port");
    EXPECT_EQ(wrong(R"("proto": "tcp", "host_port": 1, "guest_port": )" + port),
              "add_hostfwd: bad arguments.guest_port");
  }
  for (const std::string id : {R"({})", R"({"id": "1"})", R"({"id": 0})", R"({"id": 1e300})"}) {
    EXPECT_EQ(reason_of(R"({"execute": "remove_hostfwd", "arguments": )" + id + "}"),
              "remove_hostfwd: bad arguments.id");
  }
}

TEST(ApiRequest, ANestedValueIsNoProblem) {
  const std::string deep(4000, '[');
  EXPECT_TRUE(std::holds_alternative<UnfinishedRequest>(parse_api_request(deep)));
}

TEST(ApiRequest, AnswersAreTheOriginals) {
  EXPECT_EQ(emit_added(1), R"({"return":{"id":1}})");
  EXPECT_EQ(emit_removed(), R"({"return":{}})");
  EXPECT_EQ(emit_list({}), R"({"entries":[]})");
  EXPECT_EQ(emit_error("unknown execute"), R"({"error":{"desc":"bad request: unknown execute"}})");
  const HostForward forward =
      forward_of(add(R"("proto": "tcp", "host_addr": "127.0.0.1", "host_port": 8080,
             "guest_addr": "10.0.2.100", "guest_port": 80)"));
  EXPECT_EQ(emit_list({{7, forward}}),
            R"({"entries":[{"id":7,"proto":"tcp","host_addr":"127.0.0.1","host_port":8080,)"
            R"("guest_addr":"10.0.2.100","guest_port":80}]})");
}

TEST(ApiRequest, AReasonThatIsNoTextIsStillAnAnswer) {
  EXPECT_NE(emit_error("\xff\xfe").find("bad request: "), std::string::npos);
}

}  // namespace
}  // namespace sluice
