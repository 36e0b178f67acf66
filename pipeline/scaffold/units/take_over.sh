
# A luigid that a wrapper has started gives way to the service.
pid=$(cat -- @state_folder@/luigid.pid 2>/dev/null) || pid=
if [[ $pid =~ ^[0-9]+$ ]] && grep -qs luigid "/proc/$pid/cmdline"; then
    kill "$pid"
    timeout 10 tail --pid="$pid" -f /dev/null || true
fi
rm -f -- @state_folder@/luigid.pid @state_folder@/luigid.version
rm -f -- /etc/cron.d/@name@ /etc/logrotate.d/@name@
systemctl daemon-reload
systemctl enable --now @name@-luigid.service @name@-daily.timer @name@-weekly.timer
systemctl restart @name@-luigid.service # after an upgrade: of this version
