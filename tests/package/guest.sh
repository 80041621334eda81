# guest: what test_package does inside of the machine it boots: installs, starts, uses, kills, stops, removes.
# SPDX-License-Identifier: Apache-2.0
# Every line of output is "name value"; the test judges them. Runs as a unit of the booted systemd.
set -u
export LC_ALL=C CONVENE_CONFIG=/etc/convene/convene.cfg CONVENE_KEYS=/etc/convene/keys
services="scheduling registration notifications dashboard"

say() { echo "$1 ${2-}"; }
# until SECONDS COMMAND...: waits for a fact.
until_true() {
    local end=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$end" ] || return 1
        sleep 0.1
    done
}
convene() { runuser -u convene -- convene "$@"; }
state() { systemctl show --value -p "$2" "convene@$1.service"; }
all_active() { for one in $services; do [ "$(state "$one" ActiveState)" = active ] || return 1; done; }

say verify "$(systemd-analyze verify convene.target 'convene@registration.service' convene-keys.service 2>&1 | grep -i convene |
    grep -v "Command 'man " | paste -sd' ')" # a machine without man is no fault of the units
say user "$(getent passwd convene | cut -d: -f7)"
say before "$(for one in $services; do state "$one" ActiveState; done | sort -u | paste -sd' ')"
systemctl start convene.target
until_true 60 all_active
for one in $services; do
    say "active-$one" "$(state "$one" ActiveState) $(state "$one" StatusText)"
    pid=$(state "$one" MainPID)
    say "user-$one" "$(ps -o user= -p "$pid")"
    say "sees-data-$one" "$(nsenter -t "$pid" -m ls /var/lib/convene | paste -sd' ')"
    say "sees-keys-$one" "$(nsenter -t "$pid" -m ls /etc/convene/keys | paste -sd' ')"
    say "caps-$one" "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$pid/status") $(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")"
    say "watchdog-$one" "$(state "$one" WatchdogUSec)"
done
for one in scheduling registration notifications; do
    until_true 30 convene health "$one"
    convene health "$one" >/dev/null 2>&1
    say "health-$one" "$?"
done
convene request scheduling.party.put --as secretariat --set code=KZ --set 'name=Kazakhstan' --set kind=member >/tmp/party 2>&1
say party "$? $(paste -sd' ' /tmp/party)"
before=$(state scheduling MainPID)
kill -9 "$before"
again() { all_active && [ "$(state scheduling MainPID)" != "$before" ] && convene health scheduling; }
until_true 60 again
say restarts "$(state scheduling NRestarts)"
say kept "$(convene fetch scheduling.events --limit 5 2>&1 | grep -c KZ)"
# The desk, by the key and the links that the unit lets the dashboard see: signed in, and out after a rotation.
convene keys add dashboard-desk --role service >/dev/null 2>&1
sed -i 's/^#dashboard\/desk = none$/dashboard\/desk = 127.0.0.1:24181/' /etc/convene/convene.cfg
systemctl restart convene@dashboard.service
# get PATH COOKIE: status and cookie of an answer
get() {
    exec 3<>/dev/tcp/127.0.0.1/24181 || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:24181\r\nSec-Fetch-Site: same-origin\r\nCookie: %s\r\nConnection: close\r\n\r\n' "$1" "$2" >&3
    tr -d '\r' <&3 | sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p; s/^Set-Cookie: \([^;]*\).*/\1/p; /^$/q' | paste -sd' '
    exec 3<&-
}
until_true 30 get / ""
link=$(convene dashboard link --as secretariat 2>&1 | grep -o '/desk/in?t=[^ ]*')
entered=$(get "${link/in?/enter?}" "")
desk_shows() { [ "$(get /desk "${entered#* }")" = 200 ]; }
until_true 30 desk_shows # registration has heard of the new key
say desk-in "${entered%% *} $(get /desk "${entered#* }")"
convene dashboard rotate >/dev/null 2>&1
say desk-rotated "$(get /desk "${entered#* }" | cut -d' ' -f1)"
systemctl reload convene@registration.service
say reload "$?"
say backup "$(convene backup registration /var/lib/convene/registration/backup.db >/dev/null 2>&1; echo $?)"
systemctl stop convene.target 'convene@*.service'
for one in $services; do
    say "stopped-$one" "$(state "$one" ActiveState) $(state "$one" ExecMainStatus)"
done
echo 'log/levle = info' >>/etc/convene/convene.cfg
systemctl start convene@registration.service
failed() { [ "$(state registration ActiveState)" = failed ]; }
until_true 20 failed
say wrong-setting "$(state registration ExecMainStatus) $(journalctl -o cat -u convene@registration.service | grep -c 'did you mean "log/level"')"
convene config check registration >/tmp/check 2>&1
say wrong-check "$? $(grep -c 'did you mean "log/level"' /tmp/check)"
dpkg --remove convene >/dev/null 2>&1
say removed "$? $(test -e /usr/bin/convene-registration; echo $?) $(test -e /etc/convene/convene.cfg; echo $?)"
dpkg --purge convene >/tmp/purge 2>&1
say purged "$? $(test -e /etc/convene/convene.cfg; echo $?) $(test -e /var/lib/convene/registration/registration.db; echo $?) $(grep -c 'left where it is' /tmp/purge)"
say complaints "$(journalctl -o cat | grep -c -E 'Assertion|Operation not permitted|Permission denied|Read-only file system')"
say end
