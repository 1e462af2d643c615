#include "app/slirp4netns/api_forwards.h"

#include <gtest/gtest.h>

#include <system_error>
#include <vector>

namespace sluice {
namespace {

class ApiForwardsTest : public testing::Test {
 protected:
  std::string ask(const std::string& text) { return forwards_.answer(parse_api_request(text)); }

  std::string add(const std::string& rest = "") {
    return ask(R"({"execute": "add_hostfwd", "arguments": {"proto": "tcp", "host_port": 8080,
                   "guest_port": 80)" +
               rest + "}}");
  }

  std::vector<HostForward> opened_;
  std::vector<ListenAddress> closed_;
  bool taken_ = false;
  bool open_ = true;
  ApiForwards forwards_{
      Network{}, IpAddress::v4(10, 0, 2, 100),
      ApiForwards::Ports{.open =
                             [this](const HostForward& forward) {
                               if (taken_) {
                                 throw std::system_error(EADDRINUSE, std::generic_category(),
                                                         "can't listen on tcp:0.0.0.0:8080");
                               }
                               opened_.push_back(forward);
                             },
                         .close = [this](const ListenAddress& at) { closed_.push_back(at); },
                         .is_open = [this](const ListenAddress& /*at*/) { return open_; }}};
};

TEST_F(ApiForwardsTest, APortLeadsToTheGuestUnlessAnAddressIsNamed) {
  EXPECT_EQ(add(), R"({"return":{"id":1}})");
  EXPECT_EQ(add(R"(, "guest_addr": "10.0.2.15")"), R"({"return":{"id":2}})");
  ASSERT_EQ(opened_.size(), 2U);
  EXPECT_EQ(opened_[0].guest.address, IpAddress::v4(10, 0, 2, 100));
  EXPECT_EQ(opened_[1].guest.address, IpAddress::v4(10, 0, 2, 15));
}

TEST_F(ApiForwardsTest, TheListHasWhatIsOpen) {
  add();
  add(R"(, "host_addr": "127.0.0.1")");
  EXPECT_EQ(ask(R"({"execute": "remove_hostfwd", "arguments": {"id": 1}})"), R"({"return":{}})");
  EXPECT_EQ(ask(R"({"execute": "list_hostfwd"})"),
            R"({"entries":[{"id":2,"proto":"tcp","host_addr":"127.0.0.1","host_port":8080,)"
            R"("guest_addr":"10.0.2.100","guest_port":80}]})");
  EXPECT_EQ(closed_.size(), 1U);
}

TEST_F(ApiForwardsTest, WhatSomebodyElseHasClosedIsNotThere) {
  add();
  open_ = false;
  EXPECT_EQ(ask(R"({"execute": "list_hostfwd"})"), R"({"entries":[]})");
  EXPECT_NE(ask(R"({"execute": "remove_hostfwd", "arguments": {"id": 1}})").find("error"),
            std::string::npos);
  EXPECT_TRUE(closed_.empty());
}

TEST_F(ApiForwardsTest, NumbersAreNotGivenTwice) {
  add();
  ask(R"({"execute": "remove_hostfwd", "arguments": {"id": 1}})");
  EXPECT_EQ(add(), R"({"return":{"id":2}})");
  EXPECT_NE(ask(R"({"execute": "remove_hostfwd", "arguments": {"id": 1}})").find("error"),
            std::string::npos);
}

TEST_F(ApiForwardsTest, APortThatCantBeOpenedIsAnErrorThatSaysWhy) {
  taken_ = true;
  const std::string answer = add();
  EXPECT_EQ(answer.find(R"({"error":{"desc":"bad request: add_hostfwd: can't listen on)"), 0U);
  taken_ = false;
  EXPECT_EQ(add(), R"({"return":{"id":1}})");
}

TEST_F(ApiForwardsTest, TheGuestIsInTheNetworkAndNoneOfOurs) {
  for (const std::string address :
       {"10.0.2.2", "10.0.2.3", "10.0.2.0", "10.0.2.255", "10.0.3.1", "255.255.255.255"}) {
    EXPECT_EQ(add(R"(, "guest_addr": ")" + address + "\""),
              R"({"error":{"desc":"bad request: add_hostfwd: bad arguments.guest_addr"}})")
        << address;
  }
  EXPECT_TRUE(opened_.empty());
}

TEST_F(ApiForwardsTest, ThereIsALimit) {
  for (std::size_t i = 0; i < ApiForwards::kMax; ++i) add();
  EXPECT_NE(add().find("no more at a time"), std::string::npos);
  EXPECT_EQ(opened_.size(), ApiForwards::kMax);
}

TEST_F(ApiForwardsTest, AnUnfinishedRequestIsAnError) {
  EXPECT_EQ(ask("{"), R"({"error":{"desc":"bad request: cannot parse JSON"}})");
}

}  // namespace
}  // namespace sluice
