
# What an earlier `install --systemd` wrote.
if [[ -e /etc/systemd/system/@name@-luigid.service ]]; then
    systemctl disable --now @name@-luigid.service @name@-daily.timer @name@-weekly.timer
    rm -f -- /etc/systemd/system/@name@-{luigid,daily,weekly}.{service,timer}
    systemctl daemon-reload
fi
