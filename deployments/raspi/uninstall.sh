#!/usr/bin/env bash
# Removes the camera agent. Pictures, settings and secrets stay unless --purge is given.
set -euo pipefail
umask 022

usage() {
  cat <<'TEXT'
Usage: sudo bash /opt/smartmeter/src/deployments/raspi/uninstall.sh [options]

Removes the SmartMeter camera agent: services, program, command. It asks first.
The home folder /var/lib/smartmeter with its pictures and settings stays, and
so do the packages that apt installed.

  --purge      remove the home folder too, pictures not yet sent included, the
               secrets and the user
  --yes        do not ask
  --root DIR   remove what install.sh put below DIR; for tests
  --dry-run    only show what would be done
  --help       this
TEXT
}

refuse() {
  printf 'uninstall.sh: %s\n' "$*" >&2
  exit 2
}

step() { printf '\n==> %s\n' "$*"; }

run() {
  printf '    $'
  printf ' %q' "$@"
  printf '\n'
  if [ "$dry_run" = no ]; then "$@"; fi
}

purge=no yes=no root='' dry_run=no

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --purge) purge=yes && shift ;;
      --yes) yes=yes && shift ;;
      --root)
        if [ -z "${2:-}" ]; then refuse "--root needs a folder"; fi
        root=${2%/} && shift 2
        ;;
      --dry-run) dry_run=yes && shift ;;
      --help | -h) usage && exit 0 ;;
      *) refuse "there is no option $1; --help lists them" ;;
    esac
  done
  if [ "$dry_run" = no ] && [ -z "$root" ] && [ "$(id -u)" != 0 ]; then refuse "type sudo before it"; fi
  home="$root/var/lib/smartmeter" etc="$root/etc"
}

waiting() { { find "$home/outbox/new" -type f 2>/dev/null || true; } | wc -l; }

ask_first() {
  local answer question="Remove the SmartMeter camera agent?"
  if [ "$purge" = yes ]; then
    question="Remove the SmartMeter camera agent AND $home with all its pictures,"
    question+=" $(waiting) of them not yet sent?"
  fi
  if [ "$yes" = yes ] || [ "$dry_run" = yes ]; then return; fi
  [ -t 0 ] || refuse "it asks before it removes anything; --yes answers"
  read -r -p "$question Type yes: " answer
  [ "$answer" = yes ] || refuse "nothing was removed"
}

# the agent first: nobody asks for a reboot any more
units=(smartmeter-agent.service smartmeter-retry.service smartmeter-capture.service smartmeter-reboot.path
  smartmeter-reboot.service smartmeter-poweroff.path smartmeter-poweroff.service media-smartmeter.mount)

stop_services() {
  local unit
  step "Services"
  for unit in "${units[@]}"; do
    if [ ! -f "$etc/systemd/system/$unit" ]; then continue; fi
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then run systemctl stop "$unit"; fi
    run systemctl ${root:+--root="$root"} --quiet disable "$unit" 2>/dev/null || true
    run rm -f "$etc/systemd/system/$unit"
  done
  run rm -rf "$etc/systemd/system/smartmeter-agent.service.d" "$etc/systemd/system/smartmeter-capture.service.d"
  run rm -f "$etc/systemd/system.conf.d/90-smartmeter-watchdog.conf" "$etc/udev/rules.d/60-smartmeter-usb.rules" \
    "$etc/tmpfiles.d/smartmeter.conf" "$etc/sysusers.d/smartmeter.conf"
  if [ -z "$root" ] && [ -d /run/systemd/system ]; then run systemctl daemon-reload; fi
}

remove_program() {
  step "Program"
  run rm -rf "$root/opt/smartmeter" "$root/run/smartmeter-power"
  run rm -f "$root/usr/local/bin/smartmeter-agent"
}

remove_home() {
  step "Home folder"
  if [ "$purge" = no ]; then
    printf '    %s\n' "$home stays, $(waiting) pictures in it wait to be sent." \
      "Prefect's address stays in $etc/smartmeter. --purge removes both."
    return
  fi
  if [ -d "$home" ]; then
    run find "$home" -xdev -mindepth 1 -delete
    run rmdir "$home" || printf '    %s\n' "$home is a disk of its own; unmount it yourself."
  fi
  run rm -rf "$etc/smartmeter"
  if [ -z "$root" ] && getent passwd smartmeter >/dev/null; then run userdel smartmeter; fi
}

main() {
  read_options "$@"
  ask_first
  stop_services
  remove_program
  remove_home
  printf '\nDone. What apt installed stays: python3-picamera2, gpiozero, uhubctl, v4l-utils and others.\n'
}

# read whole before it starts: it removes itself
main "$@"
exit
