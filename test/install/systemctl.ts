/** Answers like systemctl, starts the service like a unit would, and writes down what it was asked. */
export const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/var/log/systemctl.log
pid=$(cat /run/unit.pid 2>/dev/null)
running() { [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }
case "$*" in
  is-enabled*) [ -e /run/unit.enabled ] ;;
  enable*) : >/run/unit.enabled ;;
  is-active*) running ;;
  disable*) rm -f /run/unit.enabled; running && kill "$pid"; while running; do sleep 0.05; done ;;
  start* | restart*)
    running && kill "$pid"
    mkdir -p /opt/docklet/local
    setsid $(sed -n s/^ExecStart=//p /etc/systemd/system/docklet.service) </dev/null >/dev/null 2>&1 9>&- &
    echo $! >/run/unit.pid ;;
esac
`;
