#!/bin/sh
# Runs the agent's commands as the agent's own user, so that what a command writes stays the agent's.
export SMARTMETER_HOME=/var/lib/smartmeter
agent=/opt/smartmeter/venv/bin/smartmeter-agent
if [ "$(id -un)" = smartmeter ]; then
  exec "$agent" "$@"
fi
if [ "$(id -u)" != 0 ]; then
  echo "smartmeter-agent: type sudo before it: the camera and its files belong to another user" >&2
  exit 2
fi
export HOME="$SMARTMETER_HOME" LG_WD=/tmp GPIOZERO_PIN_FACTORY=lgpio
umask 027
exec setpriv --reuid smartmeter --regid smartmeter --init-groups --inh-caps=-all -- "$agent" "$@"
