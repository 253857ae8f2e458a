#!/usr/bin/env bash
# Installs the camera agent on a Raspberry Pi, or brings it up to date. May be run again at any time.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 # apt and sed speak one language, whatever the person at the keyboard speaks

usage() {
  cat <<'TEXT'
Usage: sudo bash deployments/raspi/install.sh [options]

Installs the SmartMeter camera agent, or brings it up to date. It says what it
does before it does it. Programs come from apt and pip, nothing from elsewhere.
Without --camera and --camera-url it asks, unless there is an agent.toml.

  --camera NAME         the camera's name: a-z 0-9 - _
  --camera-url URL      picamera2:  http://camera/capture  v4l2:/dev/video0
                        folder:/srv/camera
  --store-url URL       dropbox:/  or  file:/mnt/share/pictures; without it
                        pictures stay in the home folder's store/
  --light-url URL       gpio:17  usb:1-1:2  http://lamp/on; without it no lamp
  --prefect-url URL     Prefect's API, http://server:4200/api: shows each
                        picture in its UI; implies --with-prefect. What its
                        server wants as a password is taken from the variable
                        PREFECT_API_AUTH_STRING
  --with-prefect        install the part that speaks with Prefect (88 MB), at
                        the address it had before
  --no-prefect          take that part out of service, until told otherwise
  --hardware-watchdog   let the Pi's own watchdog restart it when it hangs
  --no-apt              install no packages
  --no-pip              leave the Python environment as it is
  --root DIR            install below DIR and start nothing; for tests
  --dry-run             only show what would be done
  --help                this

Home folder: /var/lib/smartmeter   program: /opt/smartmeter
Exit code: 0 done, 1 failed, 2 wrong use. To remove it: uninstall.sh
TEXT
}

# Wrong use: one sentence, exit code 2.
refuse() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 2
}

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

step() { printf '\n==> %s\n' "$*"; }
say() { printf '    %s\n' "$*"; }

# Show a command, then run it.
run() {
  printf '    $'
  printf ' %q' "$@"
  printf '\n'
  if [ "$dry_run" = no ]; then "$@"; fi
}

# Show a file's name, then write it from the input: write MODE FILE
write() {
  say "writes $2 ($1)"
  if [ "$dry_run" = yes ]; then
    cat >/dev/null
    return
  fi
  mkdir -p "$(dirname "$2")"
  # made under another name and renamed: a power cut leaves the old file or the new one, never half of it
  # anew and by us alone: the home folder belongs to the agent, who could have laid a link there
  rm -f "$2.new"
  (umask 077 && set -o noclobber && cat >"$2.new")
  chmod "$1" "$2.new"
  mv "$2.new" "$2"
}

source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
units="$source_folder/deployments/systemd" raspi="$source_folder/deployments/raspi"
python=/usr/bin/python3
camera='' camera_url='' store_url='' light_url='' outbox='' prefect_url=''
prefect=keep watchdog=no with_apt=yes with_pip=yes root='' dry_run=no

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --camera | --camera-url | --store-url | --light-url | --prefect-url | --root)
        if [ -z "${2:-}" ]; then refuse "$1 needs a value; --help shows an example"; fi
        ;;
    esac
    case $1 in
      --camera) camera=$2 && shift 2 ;;
      --camera-url) camera_url=$2 && shift 2 ;;
      --store-url) store_url=$2 && shift 2 ;;
      --light-url) light_url=$2 && shift 2 ;;
      --prefect-url) prefect_url=$2 prefect=yes && shift 2 ;;
      --with-prefect) prefect=yes && shift ;;
      --no-prefect) prefect=no && shift ;;
      --hardware-watchdog) watchdog=yes && shift ;;
      --no-apt) with_apt=no && shift ;;
      --no-pip) with_pip=no && shift ;;
      --root) root=${2%/} && shift 2 ;;
      --dry-run) dry_run=yes && shift ;;
      --help | -h) usage && exit 0 ;;
      *) refuse "there is no option $1; --help lists them" ;;
    esac
  done
  if [ -n "$root" ]; then with_apt=no; fi
  opt="$root/opt/smartmeter" home="$root/var/lib/smartmeter" etc="$root/etc"
  settings="$home/agent.toml" capture_env="$etc/smartmeter/capture.env"
  capture_off="$capture_env.off" # the address is kept there while Prefect is out of service
}

check_machine() {
  [ -d "$source_folder/raspi_agent" ] ||
    refuse "$source_folder is no SmartMeter; run it from a clone or an unpacked release"
  if [ ! -x "$python" ]; then
    python=$(command -v python3) || refuse "there is no Python; try: apt-get install python3"
  fi
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    refuse "Python 3.11 or newer is needed: flash Raspberry Pi OS Bookworm or newer"
  command -v systemctl >/dev/null ||
    refuse "there is no systemd here; docs/agent.md says how the agent runs without"
  if [ "$dry_run" = no ] && [ -z "$root" ]; then
    [ "$(id -u)" = 0 ] || refuse "type sudo before it: packages, a user and services are installed"
    [ "$(findmnt -n -o FSTYPE / || true)" != overlay ] ||
      refuse "the root file system is an overlay, all would be gone at the next boot: switch it off" \
        "(sudo raspi-config, Performance Options, Overlay File System), reboot, run this, switch it on again"
  fi
  if [ "$with_pip" = yes ] && compgen -G "$opt/venv/lib/python3*/site-packages/numpy" >/dev/null; then
    fail "$opt/venv has a numpy of its own, with which picamera2 does not work." \
      "Remove the environment (sudo rm -r $opt/venv) and run this again"
  fi
  case $(uname -m) in
    aarch64 | x86_64) ;;
    *) say "Note: $(uname -m) is untried; the 64-bit image is what this is made for." ;;
  esac
}

# Ask for what was not given: ask VARIABLE QUESTION DEFAULT
ask() {
  local typed
  [ -z "${!1}" ] || return 0
  read -r -p "$2 [$3]: " typed || refuse "nothing was answered, nothing was installed"
  printf -v "$1" '%s' "${typed:-$3}"
}

ask_what_is_missing() {
  [ ! -f "$settings" ] || return 0
  if [ -z "$camera" ] || [ -z "$camera_url" ]; then
    if [ ! -t 0 ] || [ "$dry_run" = yes ]; then
      refuse "there is no $settings yet: give --camera NAME and --camera-url URL"
    fi
    ask camera "Name of the camera (a-z 0-9 - _)" cellar
    ask camera_url "Camera: picamera2:, http://…, v4l2:/dev/video0 or folder:/…" picamera2:
    ask store_url "Store: dropbox:/ or file:/FOLDER" dropbox:/
    ask light_url "Lamp: gpio:17, usb:1-1:2, http://… or none" none
    local answer=''
    ask answer "Let the Pi's own watchdog restart it when it hangs? yes or no" yes
    case $answer in [yY]*) watchdog=yes ;; esac
  fi
  if [ "$light_url" = none ]; then light_url=''; fi
}

# A setting as it will be: setting NAME VALUE-FROM-THE-OPTIONS DEFAULT
setting() {
  if [ -f "$settings" ]; then
    "$python" "$raspi/agent_toml.py" get "$settings" "$1" "$3" ||
      refuse "$settings can't be read; mend it or move it away"
  else
    printf '%s\n' "${2:-$3}"
  fi
}

know_hardware() {
  if [ -f "$settings" ] && [ -n "$camera$camera_url$store_url$light_url" ]; then
    say "Note: $settings is kept as it is; to change it: sudo nano $settings"
  fi
  camera=$(setting camera "$camera" '')
  camera_url=$(setting camera_url "$camera_url" '')
  store_url=$(setting store_url "$store_url" file:store)
  light_url=$(setting light.url "$light_url" '')
  outbox=$(setting outbox '' outbox)
  [[ $camera =~ ^[a-z0-9][a-z0-9_-]*$ ]] || refuse "'$camera' is no name for a camera; use a-z 0-9 - _"
  case $camera_url in
    picamera2:* | http://* | https://* | v4l2:/dev/* | folder:?*) ;;
    *) refuse "'$camera_url' is no camera; --help shows what there is" ;;
  esac
  case $store_url in
    dropbox:/* | file:?*) ;;
    *) refuse "'$store_url' is no store; use dropbox:/ or file:FOLDER" ;;
  esac
  case $light_url in
    '' | gpio:?* | usb:?* | http://* | https://*) ;;
    *) refuse "'$light_url' is no lamp; --help shows what there is" ;;
  esac
  case "$camera_url $store_url file:$outbox" in
    *folder:/home/* | *folder:/root/* | *file:/home/* | *file:/root/*)
      refuse "the agent can't look into /home or /root: use a folder like /srv/camera or /mnt/smartmeter"
      ;;
  esac
  if [ "$prefect" = keep ]; then
    if [ -f "$capture_env" ]; then prefect=yes; else prefect=no; fi
  fi
  if [ "$prefect" = yes ] && [ -z "$prefect_url" ] && [ ! -f "$capture_env" ] && [ ! -f "$capture_off" ]; then
    refuse "--with-prefect needs --prefect-url, like http://server:4200/api"
  fi
}

install_packages() {
  local packages=(python3-venv python3-pil ca-certificates tzdata)
  case $camera_url in
    picamera2:*) packages+=(python3-picamera2) ;;
    v4l2:*) packages+=(v4l-utils) ;;
  esac
  case $light_url in
    gpio:*) packages+=(python3-gpiozero python3-lgpio) ;;
    usb:*) packages+=(uhubctl) ;;
  esac
  step "Packages: ${packages[*]}"
  if [ "$with_apt" = no ]; then
    say "left out (--no-apt)"
    return
  fi
  run apt-get update -q
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
}

make_user() {
  step "User smartmeter, home folder $home, folder for requests to systemd"
  run install -D -m 644 "$units/smartmeter.sysusers.conf" "$etc/sysusers.d/smartmeter.conf"
  run install -D -m 644 "$units/smartmeter.tmpfiles.conf" "$etc/tmpfiles.d/smartmeter.conf"
  run systemd-sysusers ${root:+--root="$root"} smartmeter.conf
  run systemd-tmpfiles ${root:+--root="$root"} --create smartmeter.conf
  run install -d -m 750 "$home"
  run install -d -m 700 "$home/secrets"
}

# Who owns the agent's files, as numbers: below --root the names are another system's.
owner() { awk -F: '$1 == "smartmeter" {print $3 ":" $4}' "$etc/passwd" 2>/dev/null; }

give_to_agent() {
  if [ "$dry_run" = yes ]; then
    say "gives $* to the user smartmeter"
  elif [ "$(id -u)" = 0 ]; then
    run chown "$(owner)" "$@"
  fi
}

# The program lies in one folder, changed by two renames, and the environment points there.
copy_program() {
  local parts=(flows tasks raspi_agent models warehouse deployments docs)
  step "Program: a copy of $source_folder in $opt/src"
  if [ "$source_folder" = "$opt/src" ]; then
    say "it is that copy already"
    return
  fi
  run rm -rf "$opt/src.new" "$opt/src.old"
  run mkdir -p "$opt/src.new"
  say "copies ${parts[*]} and the files beside them"
  if [ "$dry_run" = yes ]; then return; fi
  parts+=(pyproject.toml constraints.txt README.md LICENSE)
  (cd "$source_folder" && tar --exclude=__pycache__ -cf - "${parts[@]}") |
    tar -xf - --no-same-owner -C "$opt/src.new"
  chmod -R u=rwX,go=rX "$opt/src.new"
  if [ -d "$opt/src" ]; then run mv "$opt/src" "$opt/src.old"; fi
  run mv "$opt/src.new" "$opt/src"
}

# pip may use the system's numpy and never bring another: picamera2's parts are built against that one.
write_constraints() {
  local numpy
  numpy=$("$python" -c 'import importlib.metadata as m; print(m.version("numpy"))' 2>/dev/null || true)
  grep -viE '^(numpy|pillow)==' "$opt/src/constraints.txt"
  sed -n 's/^prefect==/prefect-client==/p' "$opt/src/constraints.txt" # the server's version
  if [ -n "$numpy" ]; then echo "numpy==$numpy"; else echo 'numpy<0'; fi
}

install_environment() {
  local extra=agent version venv="$opt/venv"
  if [ "$prefect" = yes ]; then extra=agent-prefect; fi
  step "Python environment $venv: the system's packages, and what '$extra' in pyproject.toml adds"
  if [ "$with_pip" = no ]; then
    say "left as it is (--no-pip)"
    run rm -rf "$opt/src.old"
    return
  fi
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if [ ! -x "$venv/bin/python" ] || [ ! -d "$venv/lib/python$version" ]; then
    run "$python" -m venv --clear --system-site-packages "$venv"
  fi
  if [ "$dry_run" = no ]; then write_constraints >"$opt/constraints.txt"; fi
  say "numpy stays the system's own, or none"
  if ! run "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --constraint "$opt/constraints.txt" --editable "$opt/src[$extra]"; then
    if [ -d "$opt/src.old" ]; then
      mv "$opt/src" "$opt/src.new"
      mv "$opt/src.old" "$opt/src"
      rm -rf "$opt/src.new"
      fail "pip failed; its own words are above. The version that was there before is back: run this again later"
    fi
    fail "pip failed; its own words are above. Run this again when that is mended"
  fi
  # the agent may not write there, and compiling at each boot takes a Zero seconds
  run "$venv/bin/python" -m compileall -q "$opt/src/raspi_agent" "$opt/src/deployments"
  run rm -rf "$opt/src.old"
}

timezone() {
  local link
  link=$(readlink -f /etc/localtime || true)
  case $link in
    */zoneinfo/*) printf '%s\n' "${link##*/zoneinfo/}" ;;
    *) echo UTC ;;
  esac
}

write_settings() {
  local zone value values
  step "Settings: $settings"
  if [ -f "$settings" ]; then
    say "kept as it is"
    return
  fi
  zone=$(timezone)
  values=("camera=$camera" "camera_url=$camera_url" "store_url=$store_url" "timezone=${zone#*posix/}")
  if [ -n "$light_url" ]; then values+=("light.url=$light_url"); fi
  say "from agent.example.toml, which explains each setting, with"
  for value in "${values[@]}"; do say "  $value"; done
  "$python" "$raspi/agent_toml.py" fill "$raspi/agent.example.toml" "${values[@]}" | write 640 "$settings"
  give_to_agent "$settings"
}

write_prefect() {
  if [ "$prefect" = no ]; then
    if [ -f "$capture_env" ]; then
      step "Prefect: out of service; --with-prefect takes its address back from $capture_off"
      run mv "$capture_env" "$capture_off"
    fi
    return
  fi
  step "Prefect: $capture_env, which root alone can read"
  if [ -z "$prefect_url" ]; then
    if [ -f "$capture_env" ]; then say "kept as it is"; else run mv "$capture_off" "$capture_env"; fi
    return
  fi
  {
    echo '# Where the Prefect server answers. After a change: sudo systemctl restart smartmeter-capture'
    echo "PREFECT_API_URL=$prefect_url"
    if [ -n "${PREFECT_API_AUTH_STRING:-}" ]; then
      echo "PREFECT_API_AUTH_STRING=$PREFECT_API_AUTH_STRING"
    else
      echo '# What the server wants as a password, user:password, if it wants one:'
      echo '# PREFECT_API_AUTH_STRING='
    fi
  } | write 600 "$capture_env"
  run rm -f "$capture_off"
}

# The services may write into the home folder; a folder elsewhere has to be named to systemd.
folder_lines() {
  case $store_url in
    file:/*) printf 'ReadWritePaths="-%s"\n' "${store_url#file:}" ;;
  esac
  case $outbox in
    /*) printf 'ReadWritePaths="-%s"\n' "$outbox" ;;
  esac
  case $camera_url in
    folder:/*) printf 'ReadOnlyPaths="-%s"\n' "${camera_url#folder:}" ;;
  esac
}

make_folders() {
  local url folder
  for url in "$store_url" "$camera_url" "file:$outbox"; do
    case $url in
      file:/* | folder:/*) folder="$root${url#*:}" ;;
      *) continue ;;
    esac
    case $folder in
      *[!A-Za-z0-9._/+@:-]*) refuse "$folder: use a folder without blanks and special characters" ;;
    esac
    if [ -d "$folder" ]; then continue; fi
    case $url in
      file:/mnt/* | file:/media/* | file:/run/media/*)
        # made here, it would take the pictures while the disk is away, and nobody would look for them there
        say "$folder is not there: mount the share or disk and make it on it; nothing goes there until then"
        continue
        ;;
    esac
    run install -d -m 755 "$folder"
    give_to_agent "$folder"
  done
}

install_services() {
  local unit drop_ins="$etc/systemd/system/smartmeter-agent.service.d"
  step "Services"
  make_folders
  for unit in smartmeter-agent.service smartmeter-retry.service smartmeter-capture.service smartmeter-reboot.path \
    smartmeter-reboot.service smartmeter-poweroff.path smartmeter-poweroff.service media-smartmeter.mount; do
    run install -D -m 644 "$units/$unit" "$etc/systemd/system/$unit"
  done
  run rm -f "$drop_ins/back-off.conf" "$drop_ins/folders.conf"
  if [ "$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" -ge 254 ]; then
    run install -D -m 644 "$units/smartmeter-agent-back-off.conf" "$drop_ins/back-off.conf"
  fi
  if [ -n "$(folder_lines)" ]; then
    { echo '[Service]' && folder_lines; } | write 644 "$drop_ins/folders.conf"
  fi
  case $light_url in
    usb:*) run install -D -m 644 -t "$etc/udev/rules.d" "$units/60-smartmeter-usb.rules" ;;
  esac
  if [ "$watchdog" = yes ]; then
    run install -D -m 644 "$units/smartmeter-hardware-watchdog.conf" \
      "$etc/systemd/system.conf.d/90-smartmeter-watchdog.conf"
  fi
  run install -D -m 755 "$raspi/smartmeter-agent.sh" "$root/usr/local/bin/smartmeter-agent"
}

start_services() {
  local enabled=(smartmeter-agent.service smartmeter-reboot.path smartmeter-poweroff.path media-smartmeter.mount)
  local capture=disable
  if [ "$prefect" = yes ]; then capture=enable; fi
  step "Start, now and at each boot"
  run systemctl ${root:+--root="$root"} --quiet enable "${enabled[@]}"
  run systemctl ${root:+--root="$root"} --quiet "$capture" smartmeter-capture.service
  if [ -n "$root" ] || [ ! -d /run/systemd/system ]; then
    say "systemd does not run here: nothing is started"
    return
  fi
  run systemctl daemon-reload
  if [ "$watchdog" = yes ]; then run systemctl daemon-reexec; fi
  case $light_url in
    usb:*)
      run udevadm control --reload || say "The rule for the lamp holds from the next boot on."
      run udevadm trigger --subsystem-match=usb --action=add || true
      ;;
  esac
  run systemctl restart smartmeter-reboot.path smartmeter-poweroff.path
  run systemctl reset-failed smartmeter-agent.service || true
  run systemctl restart smartmeter-agent.service || say "It does not start yet; the check below says why."
  if [ "$prefect" = yes ]; then
    run systemctl restart smartmeter-capture.service || say "It waits for the Prefect server."
  else
    run systemctl stop smartmeter-capture.service
  fi
}

check_result() {
  if [ -n "$root" ]; then return; fi
  step "Check"
  run "$root/usr/local/bin/smartmeter-agent" doctor || say "Each line with a finding says what to do."
}

next_steps() {
  local number=1
  printf '\n%s\n' "Next:"
  case $store_url in
    dropbox:*)
      printf '  %d. %s\n' $((number++)) "link your Dropbox (docs/linking_dropbox.md gets you the app key):"
      printf '       %s\n' "sudo smartmeter-agent link-dropbox --app-key YOUR_APP_KEY"
      ;;
  esac
  case $camera_url in
    folder:*) ;;
    *)
      printf '  %d. %s\n' $((number++)) "look through the camera, and aim and focus it:"
      printf '       %s\n' "sudo smartmeter-agent calibrate"
      ;;
  esac
  printf '  %d. %s\n' $((number++)) "see the first picture arrive, and how all is:"
  printf '       %s\n' "sudo smartmeter-agent once" "sudo smartmeter-agent status" "sudo journalctl -fu smartmeter-agent"
  if [ "$watchdog" = no ] && [ ! -f "$etc/systemd/system.conf.d/90-smartmeter-watchdog.conf" ]; then
    printf '  %d. %s\n' $((number++)) "for a Pi that nobody looks after, run this again with --hardware-watchdog"
  fi
  printf '%s\n' "Settings: $settings, then: sudo systemctl restart smartmeter-agent" \
    "Another camera or lamp there? Run this again: it installs what they need."
}

main() {
  read_options "$@"
  check_machine
  ask_what_is_missing
  know_hardware
  if [ "$dry_run" = yes ]; then say "Only shown, nothing is done (--dry-run)."; fi
  install_packages
  make_user
  copy_program
  install_environment
  write_settings
  write_prefect
  install_services
  start_services
  check_result
  next_steps
}

main "$@"
exit
