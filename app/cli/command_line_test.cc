#include "app/cli/command_line.h"

#include <gtest/gtest.h>

#include "app/cli/manual.h"
#include "app/cli/option_help.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

using Words = std::vector<std::string>;

std::string problem(const Words& words) {
  try {
    parse_command_line(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

template <typename T>
T parsed(const Words& words) {
  return std::get<T>(parse_command_line(words));
}

TEST(CommandLine, OptionsBehindTheCommandBelongToIt) {
  const auto exec =
      parsed<ExecInvocation>({"exec", "--map-root", "ls", "-l", "--netdev", "--", "x"});
  EXPECT_TRUE(exec.map_root);
  EXPECT_EQ(exec.command, (Words{"ls", "-l", "--netdev", "--", "x"}));
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  const auto exec = parsed<ExecInvocation>({"exec", "--dhcp", "--", "--odd", "-x"});
  EXPECT_TRUE(exec.dhcp);
  EXPECT_EQ(exec.command, (Words{"--odd", "-x"}));
  EXPECT_EQ(parsed<ExecInvocation>({"exec", "--", "ls"}).command, Words{"ls"});
}

TEST(CommandLine, ValuesMayFollowOrBeJoined) {
  const auto exec = parsed<ExecInvocation>(
      {"exec", "--netdev=user,net=10.9.0.0/24", "--pcap", "out.pcap", "--pcap-filter", "port 53",
       "--impair", "loss=1%", "--seed", "ff", "--log-level", "off", "--tap=eth0", "true"});
  EXPECT_EQ(exec.common.network.network.v4.host.to_string(), "10.9.0.2");
  EXPECT_EQ(exec.common.capture_file, "out.pcap");
  EXPECT_EQ(exec.common.capture_filter, "port 53");
  EXPECT_EQ(exec.common.seed->k0, 0xffU);
  EXPECT_EQ(exec.common.impairment->loss, 10'000U);
  EXPECT_EQ(exec.common.log_level, LogLevel::kOff);
  EXPECT_EQ(exec.tap_name, "eth0");
}

TEST(CommandLine, AWrongOptionGetsASuggestion) {
  EXPECT_EQ(problem({"exec", "--netdve", "user", "--", "ls"}),
            "exec: no option '--netdve'; did you mean '--netdev'?");
  EXPECT_EQ(problem({"exec", "--map-rot", "ls"}),
            "exec: no option '--map-rot'; did you mean '--map-root'?");
  EXPECT_EQ(problem({"attach", "1", "--configur"}),
            "attach: no option '--configur'; did you mean '--configure'?");
  EXPECT_EQ(problem({"exce", "ls"}), "no command 'exce'; did you mean 'exec'?");
  EXPECT_EQ(problem({"help", "exce"}), "help: no command 'exce'; did you mean 'exec'?");
  EXPECT_EQ(problem({"exec", "--netdev", "user,hostfw=x", "ls"}),
            "--netdev user: no option 'hostfw'; did you mean 'hostfwd'?");
  EXPECT_EQ(problem({"exec", "--log-level", "warn", "ls"}),
            "--log-level: no value 'warn'; expected one of error, info, off, warning");
  EXPECT_EQ(problem({"--verison"}),
            "no option '--verison' in front of a command; did you mean '--version'?");
}

TEST(CommandLine, WhatIsMissingIsSaid) {
  EXPECT_NE(problem({}), "");
  EXPECT_NE(problem({"exec"}).find("no command"), std::string::npos);
  EXPECT_NE(problem({"exec", "--"}).find("no command"), std::string::npos);
  EXPECT_NE(problem({"exec", "--netdev"}).find("has no value"), std::string::npos);
  EXPECT_NE(problem({"attach"}).find("PID|NETNS-PATH"), std::string::npos);
  EXPECT_NE(problem({"replay", "-o", "x"}).find("CAPTURE"), std::string::npos);
  EXPECT_NE(problem({"exec", "--pcap-filter", "tcp", "ls"}).find("no --pcap"), std::string::npos);
}

TEST(CommandLine, ALinkIsImpairedOnlyWhenAskedAndAnEmptyListIsAMistake) {
  EXPECT_FALSE(parsed<ExecInvocation>({"exec", "ls"}).common.impairment);
  EXPECT_TRUE(parsed<AttachInvocation>({"attach", "--impair=delay=1ms", "1"}).common.impairment);
  EXPECT_NE(problem({"exec", "--impair", "", "ls"}), "");
  EXPECT_NE(problem({"replay", "--impair", "loss=1%", "a"}), "");
}

TEST(CommandLine, PollingHasATimeThatMayBeNone) {
  using std::chrono::microseconds;
  EXPECT_EQ(parsed<ExecInvocation>({"exec", "ls"}).common.busy_poll, microseconds(100));
  EXPECT_EQ(parsed<AttachInvocation>({"attach", "--busy-poll=0", "1"}).common.busy_poll,
            microseconds(0));
  for (const std::string wrong : {"-1", "10001", "1ms", "off", "99999999999"}) {
    EXPECT_EQ(problem({"exec", "--busy-poll=" + wrong, "ls"}),
              "--busy-poll: '" + wrong + "': expected microseconds from 0 to 10000");
  }
}

TEST(CommandLine, AnOptionWithAValueIsGivenOnce) {
  EXPECT_EQ(problem({"exec", "--netdev", "user", "--netdev=user", "--", "ls"}),
            "exec: --netdev is given twice; expected it once");
  EXPECT_EQ(problem({"replay", "a", "-o", "x", "--output", "y"}),
            "replay: --output is given twice; expected it once");
}

TEST(CommandLine, ValuesAreChecked) {
  EXPECT_NE(problem({"exec", "--seed", "xyz", "ls"}), "");
  for (const Words& empty : {Words{"replay", "a", "-o", ""}, Words{"exec", "--seed=", "ls"},
                             Words{"exec", "--tap", ""}, Words{"replay", "a", "--host"}}) {
    EXPECT_NE(problem(empty).find("has no value"), std::string::npos);
  }
  EXPECT_NE(problem({"exec", "--tap", "a-name-far-too-long", "ls"}), "");
  EXPECT_NE(problem({"exec", "--pcap", "-", "ls"}), "");
  EXPECT_NE(problem({"attach", "1", "--ready-fd", "x"}), "");
  EXPECT_NE(problem({"attach", "1", "tap0", "extra"}), "");
  EXPECT_NE(problem({"replay", "a", "--guest-mac", "1:2"}), "");
  EXPECT_NE(problem({"replay", "a", "--host", "acept"}).find("did you mean 'accept'?"),
            std::string::npos);
}

TEST(CommandLine, AttachAndReplayTakeTheirWords) {
  const auto attach = parsed<AttachInvocation>({"attach", "123", "eth0", "--configure"});
  EXPECT_EQ(attach.target, "123");
  EXPECT_EQ(attach.tap_name, "eth0");
  EXPECT_TRUE(attach.configure);
  EXPECT_FALSE(attach.ready_descriptor);
  EXPECT_EQ(parsed<AttachInvocation>({"attach", "--ready-fd", "5", "1"}).ready_descriptor, 5);
  for (const char* const wrong : {"abc", "-1", "5x", "99999999999"}) {
    EXPECT_EQ(
        problem({"attach", "--ready-fd", wrong, "1"}),
        std::string("--ready-fd: '") + wrong + "': expected the number of an open descriptor");
  }
  const auto replay =
      parsed<ReplayInvocation>({"replay", "in.pcap", "-o", "out.pcap", "--host", "silent",
                                "--guest-mac", "52:54:00:12:34:56", "--dont-verify-checksums"});
  EXPECT_EQ(replay.input, "in.pcap");
  EXPECT_EQ(replay.output, "out.pcap");
  EXPECT_EQ(replay.host, ReplayInvocation::HostManner::kSilent);
  EXPECT_EQ(replay.guest->to_string(), "52:54:00:12:34:56");
  EXPECT_FALSE(replay.verify_checksums);
  EXPECT_EQ(parsed<ReplayInvocation>({"replay", "-"}).input, "-");
}

TEST(Seed, IsReadFromTheRight) {
  EXPECT_EQ(parse_seed("2a")->k0, 0x2aU);
  EXPECT_EQ(parse_seed("2a")->k1, 0U);
  EXPECT_EQ(parse_seed("10000000000000002")->k0, 2U);
  EXPECT_EQ(parse_seed("10000000000000002")->k1, 1U);
  EXPECT_EQ(parse_seed(""), std::nullopt);
  EXPECT_EQ(parse_seed("0x2a"), std::nullopt);
  EXPECT_EQ(parse_seed("-1"), std::nullopt);
  EXPECT_EQ(parse_seed(std::string(33, '0')), std::nullopt);
}

TEST(Manual, HasEveryOptionOfEveryCommand) {
  for (const auto* command : {"exec", "attach", "run", "replay"}) {
    const std::string page = manual(command);
    for (const std::string& name : option_names(command)) {
      EXPECT_NE(page.find(name), std::string::npos) << command << " " << name;
    }
    for (const OptionHelp& option : user_network_help()) {
      EXPECT_NE(page.find(std::string(option.key) + "="), std::string::npos) << option.key;
    }
    EXPECT_NE(page.find("EXIT STATUS"), std::string::npos);
    EXPECT_NE(page.find("EXAMPLES"), std::string::npos);
  }
}

TEST(Manual, HasEveryOptionOfCtl) {
  const std::string page = manual("ctl");
  for (const std::string& name : option_names("ctl")) {
    EXPECT_NE(page.find(name), std::string::npos) << name;
  }
}

TEST(Manual, IsShownWhenAskedFor) {
  EXPECT_EQ(parsed<TextInvocation>({"ctl", "--help"}).text, manual("ctl"));
  EXPECT_EQ(parsed<TextInvocation>({"exec", "--help"}).text, manual("exec"));
  EXPECT_EQ(parsed<TextInvocation>({"attach", "--help"}).text, manual("attach"));
  EXPECT_EQ(parsed<TextInvocation>({"help", "replay"}).text, manual("replay"));
  EXPECT_EQ(parsed<TextInvocation>({"--help"}).text, manual(""));
  EXPECT_EQ(parsed<TextInvocation>({"--version"}).text, "sluice 0.1.0\n");
}

TEST(CommandLine, HasShortWordsForMoreAndForLess) {
  const auto level = [](const char* word) {
    return std::get<ExecInvocation>(parse_command_line({"exec", word, "true"})).common.log_level;
  };
  EXPECT_EQ(level("-v"), LogLevel::kInfo);
  EXPECT_EQ(level("--quiet"), LogLevel::kError);
  EXPECT_THROW(parse_command_line({"exec", "-v", "-q", "true"}), UsageError);
}

TEST(CommandLine, RunTakesManyLinksInQemusWords) {
  const auto run = parsed<RunInvocation>(
      {"run", "-netdev", "user,id=u,net=10.1.1.0/24", "-netdev=socket,id=a,listen=:1", "--netdev",
       "hubport,hubid=0,netdev=a", "-nic",
       "socket,connect=127.0.0.1:2,model=e1000,mac=52:54:0:0:0:1", "-nic", "none", "-object",
       "filter-dump,netdev=a,file=x"});
  EXPECT_TRUE(run.has_user_network);
  EXPECT_EQ(run.common.network.network.v4.subnet.to_string(), "10.1.1.0/24");
  EXPECT_EQ(run.netdevs.size(), 3U);
  ASSERT_EQ(run.objects.size(), 1U);
  EXPECT_EQ(run.objects[0].netdev, "a");
}

TEST(CommandLine, CardsGetAddressesOneAfterTheOther) {
  const auto run = parsed<RunInvocation>({"run", "-netdev", "user,id=n0", "-device",
                                          "e1000,id=c0,netdev=n0,vfio-user=/tmp/a", "-device",
                                          "virtio-net,netdev=n0,vhost-user=/tmp/b"});
  ASSERT_EQ(run.netdevs.size(), 2U);
  EXPECT_EQ(run.netdevs[0].id, "c0");
  const auto mac_of = [&](std::size_t i) {
    return std::get<CardOptions>(run.netdevs[i].kind).mac.value_or(MacAddress()).to_string();
  };
  EXPECT_EQ(mac_of(0), "52:54:00:12:34:56");
  EXPECT_EQ(mac_of(1), "52:54:00:12:34:57");
  EXPECT_NE(
      problem({"run", "-device", "e1000,netdev=n1,vfio-user=x"}).find("there is no netdev 'n1'"),
      std::string::npos);
}

TEST(CommandLine, NoTwoCardsHaveOneAddress) {
  const auto run = parsed<RunInvocation>({"run", "-netdev", "user,id=n0", "-device",
                                          "e1000,netdev=n0,mac=52:54:00:12:34:57,vfio-user=/tmp/a",
                                          "-device", "e1000,netdev=n0,vfio-user=/tmp/b", "-device",
                                          "e1000,netdev=n0,vfio-user=/tmp/c"});
  const auto mac_of = [&](std::size_t i) {
    return std::get<CardOptions>(run.netdevs.at(i).kind).mac.value_or(MacAddress()).to_string();
  };
  EXPECT_EQ(mac_of(0), "52:54:00:12:34:57");
  EXPECT_EQ(mac_of(1), "52:54:00:12:34:56");
  EXPECT_EQ(mac_of(2), "52:54:00:12:34:58");
  EXPECT_EQ(problem({"run", "-netdev", "user,id=n0", "-device",
                     "e1000,netdev=n0,mac=52:54:00:12:34:57,vfio-user=/tmp/a", "-device",
                     "e1000,netdev=n0,mac=52:54:00:12:34:57,vfio-user=/tmp/b"}),
            "--device: two cards have the address 52:54:00:12:34:57; expected one of its own for "
            "each");
}

TEST(CommandLine, OptionsOfRunHaveHelpOfTheirOwn) {
  const auto text = [](std::vector<std::string> words) {
    words.insert(words.begin(), "run");
    return parsed<TextInvocation>(words).text;
  };
  EXPECT_EQ(text({"-netdev", "help"}), help_of_option("--netdev", "help"));
  EXPECT_EQ(text({"-netdev", "user", "-netdev", "tap,help"}),
            help_of_option("--netdev", "tap,help"));
  EXPECT_EQ(text({"-object", "help"}), help_of_option("--object", "help"));
  EXPECT_EQ(text({"-device", "help"}), help_of_option("--device", "help"));
  EXPECT_EQ(text({"-nic", "model=help"}), help_of_option("--device", "help"));
}

TEST(CommandLine, WhatQemuHasByDefaultNeedNotBeSwitchedOff) {
  const auto run =
      parsed<RunInvocation>({"run", "-nodefaults", "-nic", "none", "-nic", "socket,listen=:1"});
  EXPECT_EQ(run.netdevs.size(), 1U);
}

TEST(CommandLine, AControlSocketHasTwoSpellings) {
  const auto control = [](const Words& words) {
    Words all{"run", "-netdev", "user"};
    all.insert(all.end(), words.begin(), words.end());
    return parsed<RunInvocation>(all).control;
  };
  EXPECT_EQ(control({"--control", "/tmp/c"}), "/tmp/c") << "and nobody needs to be there";
  EXPECT_EQ(control({"-qmp", "unix:/tmp/c,server=on,wait=off"}), "/tmp/c");
  EXPECT_EQ(control({"-qmp", "unix:/tmp/c,server,nowait"}), "/tmp/c");
  for (const std::string wrong : {"tcp:127.0.0.1:1,server=on", "unix:/tmp/c", "unix:,server=on",
                                  "unix:/tmp/c,server=on,wait=on", "unix:/tmp/c,server=on,x=y"}) {
    EXPECT_NE(problem({"run", "-netdev", "user", "-qmp", wrong}), "") << wrong;
  }
  EXPECT_NE(problem({"run", "--control", "a", "--qmp", "unix:b,server"}).find("expected one"),
            std::string::npos);
}

TEST(CommandLine, CtlHasACommandAndItsWords) {
  const auto ctl = parsed<CtlInvocation>(
      {"ctl", "--socket", "/tmp/c", "netdev_add", "stream,id=a,server=on", "--json"});
  EXPECT_EQ(ctl.socket, "/tmp/c");
  EXPECT_TRUE(ctl.json);
  EXPECT_EQ(ctl.words, (Words{"netdev_add", "stream,id=a,server=on"}));
  EXPECT_NE(problem({"ctl"}).find("there is no command"), std::string::npos);
  EXPECT_NE(problem({"ctl", ""}), "");
}

TEST(CommandLine, LinksRememberHowTheyWereAskedFor) {
  const auto run =
      parsed<RunInvocation>({"run", "-netdev", "user,id=u", "-nic", "socket,listen=:1,model=e1000",
                             "-device", "e1000,netdev=u,vfio-user=/tmp/a"});
  EXPECT_EQ(run.user_network_text, "user,id=u");
  EXPECT_EQ(run.netdevs.at(0).text, "type=socket,listen=:1");
  EXPECT_EQ(run.netdevs.at(1).text, "e1000,netdev=u,vfio-user=/tmp/a");
}

TEST(CommandLine, LinksMustFitTogether) {
  EXPECT_NE(problem({"run"}).find("nobody is behind"), std::string::npos);
  EXPECT_NE(problem({"run", "-netdev", "hubport,id=h,hubid=0"}).find("nobody is behind"),
            std::string::npos);
  EXPECT_NE(problem({"run", "-netdev", "hubport,id=h,hubid=0", "-netdev",
                     "hubport,hubid=1,netdev=h", "-nic", "socket,listen=:1"})
                .find("is a hub port itself"),
            std::string::npos);
  EXPECT_NE(problem({"run", "-netdev", "hubport,id=h,hubid=0", "-netdev",
                     "hubport,hubid=1,netdev=c", "-device", "e1000,id=c,netdev=h,vfio-user=x"})
                .find("two hubs"),
            std::string::npos);
  EXPECT_NE(problem({"run", "-netdev", "user", "-netdev", "user"}).find("twice"),
            std::string::npos);
  EXPECT_NE(problem({"run", "-nic", "socket,id=a,listen=:1", "-nic", "socket,id=a,listen=:2"})
                .find("two links with the id"),
            std::string::npos);
  EXPECT_NE(problem({"run", "-nic", "socket,id=a,listen=:1", "-netdev", "hubport,hubid=1,netdev=a",
                     "-netdev", "hubport,hubid=2,netdev=a"})
                .find("two hubs"),
            std::string::npos);
  EXPECT_EQ(problem({"run", "-netdev", "user,id=u", "-nic", "socket,listen=:1", "-object",
                     "filter-dump,netdev=u,file=x"}),
            "");
}

}  // namespace
}  // namespace sluice
