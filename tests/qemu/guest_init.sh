#!/bin/sh
# The guest's first process: loads modules, then does what the test asks for.
#
# On the second serial line come requests, one a line: a number and a script in base64. The answer is
# a line too: the number, the script's exit status and what it printed, in base64 ("-" if nothing).
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
busybox mount -t devtmpfs none /dev
while read -r module; do
  busybox insmod "/modules/$module" || echo "no module $module"
done < /modules/order
busybox ip link set lo up

export PATH=/bin HOME=/tmp
cd /tmp || exit
busybox stty -F /dev/ttyS1 raw -echo

serve() {
  echo "ready 0 -"
  while read -r number script; do
    echo "$script" | busybox base64 -d > "/tmp/script-$number"
    busybox sh "/tmp/script-$number" > "/tmp/output-$number" 2>&1 < /dev/null
    status=$?
    output=$(busybox base64 -w 0 "/tmp/output-$number")
    echo "$number $status ${output:--}"
  done
}

# In a process of its own: the end of an orphan, of which this one hears, would interrupt a read.
serve < /dev/ttyS1 > /dev/ttyS1 &
wait
