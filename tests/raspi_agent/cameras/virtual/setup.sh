#!/bin/sh
# Set up a Debian in a folder, with libcamera's virtual camera and the unmodified picamera2: see docs/virtual_camera.md.
#   sudo ./setup.sh /opt/smartmeter-virtual-camera
# Takes about five minutes and 1.3 GB. Run it again to finish what was cut short; delete the folder to undo it.
set -eu

root=${1:?"usage: setup.sh FOLDER"}
here=$(cd "$(dirname "$0")" && pwd)

command -v debootstrap >/dev/null || { echo 'debootstrap is missing: apt install debootstrap' >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo 'only root may make another system root: use sudo' >&2; exit 1; }

if [ ! -e "$root/.debian-is-complete" ]; then
	echo "Debian sid into $root ..."
	rm -rf "$root"
	# libcamera before 0.5 lists the virtual camera and gives no frames; no stable Debian has a newer one yet
	debootstrap --variant=minbase \
		--include=ca-certificates,python3-libcamera,python3-venv,python3-dev,gcc,libc6-dev,libcap-dev \
		sid "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 ||
		{ tail -5 "$root.log" >&2; exit 1; }
	touch "$root/.debian-is-complete"
fi

echo 'picamera2 ...'
# what this machine trusts and where its pip looks hold in there too
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
[ -e "$root/opt/v/bin/python" ] || chroot "$root" python3 -m venv --system-site-packages /opt/v
chroot "$root" /opt/v/bin/python -m pip install --quiet --disable-pip-version-check 'picamera2>=0.3.38'

echo 'the virtual camera ...'
mkdir -p "$root/opt/frames" "$root/opt/stubs" "$root/usr/share/libcamera/pipeline/virtual"
cp "$here/virtual.yaml" "$root/usr/share/libcamera/pipeline/virtual/virtual.yaml"
cp "$here/kms.py" "$root/opt/stubs/kms.py"
cp "$here/no_dma.c" "$root/opt/no_dma.c"
chroot "$root" gcc -O2 -Wall -shared -fPIC -o /opt/no_dma.so /opt/no_dma.c -ldl

chroot "$root" /opt/v/bin/python -c 'from importlib.metadata import version; print("picamera2", version("picamera2"))'
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' python3-libcamera
echo "Ready: SMARTMETER_VIRTUAL_CAMERA=$root python -m pytest tests/raspi_agent/cameras/test_picamera_virtual.py"
