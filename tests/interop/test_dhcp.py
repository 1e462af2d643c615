"""udhcpc and dhclient take a lease, behind `sluice exec --dhcp` and in an attached namespace."""

import os
import signal

import claims
from claims import GATEWAY, GUEST, NAME_SERVER, Claims, need
from guest_namespace import Attached, GuestNamespace
from sluice import poll_until

OPTIONS = "domainname=example.test,dnssearch=one.test,dnssearch=two.test,hostname=guest-host"

# A client's script that keeps what the client tells it.
_SCRIPT = "#!/bin/sh\n[ \"$1$reason\" = deconfig ] || env > {0}.new && mv {0}.new {0}.$1$reason\n"

_DHCLIENT_SETTINGS = """
request subnet-mask, routers, domain-name, domain-name-servers, domain-search, host-name;
timeout 15;
"""


def lease_of_udhcpc(directory, tap="tap0"):
    script, told = os.path.join(directory, "script"), os.path.join(directory, "told")
    _write_script(script, told)
    words = ["udhcpc", "-i", tap, "-f", "-q", "-n", "-t", "5", "-T", "1", "-s", script, "-O", "search"]
    status, text, errors = claims.command(*words, seconds=20)
    return _told(f"{told}.bound", status, text + errors)


def lease_of_dhclient(directory, tap="tap0"):
    script, told = os.path.join(directory, "script"), os.path.join(directory, "told")
    _write_script(script, told)
    leases, number = os.path.join(directory, "leases"), os.path.join(directory, "pid")
    settings = os.path.join(directory, "settings")
    with open(settings, "w", encoding="ascii") as file:
        file.write(_DHCLIENT_SETTINGS)
    words = ["dhclient", "-4", "-1", "-cf", settings, "-sf", script, "-lf", leases, "-pf", number, tap]
    status, text, errors = claims.command(*words, seconds=20)
    lease = _told(f"{told}.BOUND", status, text + errors)
    # It goes on in the background to renew the lease, where it writes down its number.
    poll_until(lambda: os.path.exists(number) and os.path.getsize(number) > 0, 10, "dhclient's number")
    with open(number, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)
    return lease


def _write_script(script, told):
    with open(script, "w", encoding="ascii") as file:
        file.write(_SCRIPT.format(told))
    os.chmod(script, 0o755)


def _told(path, status, text):
    if not os.path.exists(path):
        raise RuntimeError(f"no lease; exit status {status}:\n{text}")
    with open(path, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)


class Leases(Claims):
    def check_udhcpc(self, lease):
        expected = {
            "interface": "tap0",
            "ip": GUEST,
            "subnet": "255.255.255.0",
            "router": GATEWAY,
            "dns": NAME_SERVER,
            "serverid": GATEWAY,
            "domain": "example.test",
            "search": "one.test two.test",
            "hostname": "guest-host",
        }
        self.assertEqual({key: lease.get(key) for key in expected}, expected)
        self.assertGreaterEqual(int(lease["lease"]), 3600)

    def check_dhclient(self, lease):
        expected = {
            "interface": "tap0",
            "new_ip_address": GUEST,
            "new_subnet_mask": "255.255.255.0",
            "new_routers": GATEWAY,
            "new_domain_name_servers": NAME_SERVER,
            "new_dhcp_server_identifier": GATEWAY,
            "new_domain_name": "example.test",
            "new_domain_search": "one.test. two.test.",
            "new_host_name": "guest-host",
        }
        self.assertEqual({key: lease.get(key) for key in expected}, expected)

    def in_exec(self, function):
        options = ["--dhcp", "--map-root"]
        return self.in_guest(function, self.directory, netdev=OPTIONS, options=options)

    def in_attached(self, function):
        with GuestNamespace() as namespace, Attached("--netdev", f"user,{OPTIONS}", str(namespace.pid)):
            return namespace.call(function, self.directory)

    @need("udhcpc")
    def test_udhcpc_takes_a_lease_behind_exec(self):
        self.check_udhcpc(self.in_exec(lease_of_udhcpc))

    @need("udhcpc")
    def test_udhcpc_takes_a_lease_in_an_attached_namespace(self):
        self.check_udhcpc(self.in_attached(lease_of_udhcpc))

    @need("dhclient")
    def test_dhclient_takes_a_lease_behind_exec(self):
        self.check_dhclient(self.in_exec(lease_of_dhclient))

    @need("dhclient")
    def test_dhclient_takes_a_lease_in_an_attached_namespace(self):
        self.check_dhclient(self.in_attached(lease_of_dhclient))

    @need("udhcpc")
    def test_another_network_is_leased_as_the_options_say(self):
        options = "net=192.168.7.0/28,host=192.168.7.1,dns=192.168.7.2,dhcpstart=192.168.7.9,mtu=9000"
        arguments = {"netdev": options, "options": ["--dhcp", "--map-root"]}
        lease = self.in_guest(lease_of_udhcpc, self.directory, **arguments)
        told = [lease.get(key) for key in ("ip", "subnet", "router", "dns")]
        self.assertEqual(told, ["192.168.7.9", "255.255.255.240", "192.168.7.1", "192.168.7.2"])


if __name__ == "__main__":
    claims.main()
