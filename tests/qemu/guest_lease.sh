#!/bin/sh
# What udhcpc calls with a lease in its environment: keeps all of it for the test, and uses it.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
busybox env > /tmp/lease
busybox ip address replace "$ip/$mask" broadcast + dev "$interface"
for address in $router; do
  busybox ip route replace default via "$address" dev "$interface"
done
: > /etc/resolv.conf
for address in $dns; do
  echo "nameserver $address" >> /etc/resolv.conf
done
