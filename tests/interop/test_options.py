"""A wrong option names itself, what was expected, and the nearest right one; help is complete."""

import re

import claims
from claims import Claims
from sluice import run


class WrongOptions(Claims):
    def check(self, words, *told):
        status, output, errors = run(*words)
        self.assertEqual(status, 2, (words, errors))
        self.assertEqual(output, "")
        for text in told:
            self.assertIn(text, errors, words)

    def netdev(self, text, *told):
        self.check(["exec", "--netdev", f"user,{text}", "--", "true"], *told)

    def test_an_unknown_key_is_named_with_the_nearest(self):
        self.netdev("restict=on", "restict", "'restrict'")
        self.netdev("hostfw=tcp::80-:80", "hostfw", "'hostfwd'")
        self.netdev("domain=x", "domain", "domainname")
        self.check(["exec", "--netdev", "usr", "--", "true"], "usr", "'user'")
        self.check(["exce", "--", "true"], "exce", "exec")

    def test_a_wrong_value_is_named_with_what_was_expected(self):
        self.netdev("restrict=maybe", "restrict=maybe", "expected on or off")
        self.netdev("net=10.0.2.0/33", "net=10.0.2.0/33", "expected")
        self.netdev("host=10.0.9.1", "host", "10.0.9.1")
        self.netdev("mtu=99999", "mtu=99999", "expected")
        self.netdev("dns=10.0.2.2", "dns", "10.0.2.2")
        self.netdev("hostfwd=tpc::80-:80", "hostfwd", "tpc", "'tcp'")
        self.netdev("hostfwd=tcp::99999-:80", "hostfwd", "99999")
        self.netdev("hostfwd=tcp::80", "hostfwd", "expected")
        self.netdev("guestfwd=tcp:10.0.2.100:7-cdm:cat", "guestfwd", "cdm", "'cmd'")
        self.netdev("guestfwd=tcp:10.0.9.100:7-cmd:cat", "guestfwd", "10.0.9.100")

    def test_what_is_missing_is_named(self):
        self.check(["exec"], "COMMAND")
        self.check(["attach"], "expected")
        self.check(["replay"], "expected")
        self.check([], "sluice")

    def test_an_unknown_switch_is_named(self):
        self.check(["exec", "--pcpa", "x", "--", "true"], "--pcpa")
        self.check(["replay", "--host", "sleepy", "x.pcap"], "sleepy")
        self.check(["exec", "--seed", "xyz", "--", "true"], "xyz")
        self.check(["exec", "--pcap", "/dev/null", "--pcap-filter", "no such filter", "--", "true"], "no such filter")
        self.check(["attach", "--ready-fd", "77", "1"], "--ready-fd", "77")


class Help(Claims):
    def test_each_command_has_its_page(self):
        for words in (["--help"], ["help"], ["exec", "--help"], ["attach", "--help"], ["replay", "--help"]):
            status, text, errors = run(*words)
            self.assertEqual((status, errors), (0, ""), words)
            for heading in ("NAME", "SYNOPSIS", "DESCRIPTION"):
                self.assertIn(heading, text, words)

    def test_every_key_of_the_network_is_explained(self):
        _, text, _ = run("exec", "--help")
        keys = "id net host dhcpstart dns hostname domainname dnssearch tftp bootfile tftp-server-name smb "
        keys += "smbserver hostfwd guestfwd restrict mtu outbound loopback"
        for key in keys.split():
            self.assertRegex(text, rf"(?m)^ +{re.escape(key)}=", key)


if __name__ == "__main__":
    claims.main()
