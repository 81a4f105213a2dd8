#!/bin/sh
# The libraries of the static release, built for musl by zig out of Debian's
# source packages, and kept in the user's cache.
#
#   tools/static.sh amd64|arm64 LINK
#
# makes LINK lead to a folder with bin/cc, bin/ar, include and lib, built if need be.
# LINK.key is written when it is another one than before. Its name is made of all
# that it depends on: this script, the versions of the sources, and zig's.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zoom-mattermost
jobs=${STATIC_JOBS:-2}

FLAGS="-O2 -fPIE -fstack-protector-strong -fstack-clash-protection
	-ffunction-sections -fdata-sections"

# As tools/static.mk links, so that zig makes one musl and no second one.
LINK="-static -pie -s"

# What a TLS 1.2 and 1.3 client and our own use of AES, HMAC and SHA do not need.
# musl has no makecontext, so no async.
OPENSSL="no-shared no-module no-dso no-engine no-static-engine no-afalgeng
	no-async no-legacy no-comp no-tests no-ui-console no-autoload-config
	no-ssl3 no-tls1 no-tls1_1 no-dtls no-srp no-psk no-srtp no-nextprotoneg
	no-ocsp no-ct no-cms no-cmp no-ts no-rfc3779
	no-dh no-dsa no-ec2m no-sm2 no-gost
	no-camellia no-idea no-seed no-rc2 no-rc4 no-bf no-cast no-des no-aria no-sm4
	no-ocb no-siphash no-md4 no-mdc2 no-whirlpool no-rmd160 no-sm3 no-blake2
	no-scrypt"

# HTTP and HTTPS through proxies, names looked up in a thread of their own. The
# CA files are found by zoom/certs.c.
CURL="--disable-shared --enable-static --with-pic --enable-threaded-resolver
	--enable-ipv6 --without-ca-bundle --without-ca-path --without-ca-fallback
	--without-zlib --without-brotli --without-zstd --without-libpsl
	--without-libidn2 --without-nghttp2 --without-libssh2 --without-librtmp --without-libgsasl
	--disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp
	--disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap
	--disable-smb --disable-smtp --disable-gopher --disable-mqtt
	--disable-manual --disable-libcurl-option --disable-ntlm --disable-ntlm-wb
	--disable-crypto-auth --disable-tls-srp --disable-unix-sockets
	--disable-cookies --disable-doh --disable-mime --disable-netrc
	--disable-dateparse --disable-alt-svc --disable-hsts --disable-headers-api
	--disable-websockets --disable-openssl-auto-load-config
	--disable-dependency-tracking --disable-versioned-symbols"

die() {
	echo "static: $*" >&2
	exit 1
}

# quietly COMMAND... - its output only when it fails
quietly() {
	"$@" >"$log" 2>&1 || {
		tail -n 25 "$log" >&2
		die "cannot go on without: $*"
	}
}

# A compiler and an archiver as every makefile expects them.
tools() {
	mkdir -p "$to/bin"
	for tool in cc ar ranlib; do
		case $tool in cc) arguments="cc -target $target" ;; *) arguments=$tool ;; esac
		cat >"$to/bin/$tool" <<-EOF
			#!/bin/sh
			export ZIG_GLOBAL_CACHE_DIR='$cache/zig-cache' ZIG_LOCAL_CACHE_DIR='$cache/zig-cache'
			exec '$zig' $arguments "\$@"
		EOF
		chmod +x "$to/bin/$tool"
	done
}

# The date of a package's last change, for what writes one into what it builds.
dated() {
	SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$sources/$1/debian/changelog" -STimestamp)
	export SOURCE_DATE_EPOCH
}

build_openssl() {
	dated openssl
	mkdir "$work/openssl" && cd "$work/openssl"
	# shellcheck disable=SC2086 # lists of options
	quietly perl ../sources/openssl/Configure "linux-$machine" --prefix=/usr --libdir=lib \
		--openssldir=/etc/ssl $OPENSSL $FLAGS
	quietly make -j"$jobs" build_libs
	quietly make install_dev DESTDIR="$work/root"
	cp -R "$work/root/usr/include" "$work/root/usr/lib" "$to/"
}

build_curl() {
	dated curl
	mkdir "$work/curl" && cd "$work/curl"
	# shellcheck disable=SC2086
	quietly env PKG_CONFIG=false ../sources/curl/configure -q --host="$target" --prefix=/usr $CURL \
		--with-openssl="$to" CFLAGS="$(echo $FLAGS)" LDFLAGS="$LINK" LIBS=-lpthread
	quietly make -j"$jobs" -C lib
	quietly make -C lib install-libLTLIBRARIES DESTDIR="$work/root"
	quietly make -C include install DESTDIR="$work/root"
	cp "$work/root/usr/lib/libcurl.a" "$to/lib/"
	cp -R "$work/root/usr/include/curl" "$to/include/"
}

# Its configure script is not in the source; a dozen files need none.
build_jansson() {
	mkdir "$work/jansson" && cd "$work/jansson"
	sed 's/@json_inline@/inline/; s/@json_[a-z_]*@/1/' \
		../sources/jansson/src/jansson_config.h.in >"$to/include/jansson_config.h"
	cp ../sources/jansson/src/jansson.h "$to/include/"
	echo '#define USE_URANDOM 1' >jansson_private_config.h
	for feature in UNISTD_H STDINT_H FCNTL_H SCHED_H SYS_STAT_H SYS_TIME_H SYS_TYPES_H \
		OPEN CLOSE READ GETPID GETTIMEOFDAY SCHED_YIELD ATOMIC_BUILTINS; do
		echo "#define HAVE_$feature 1" >>jansson_private_config.h
	done
	# shellcheck disable=SC2086
	printf '%s\n' ../sources/jansson/src/*.c |
		xargs -P "$jobs" -n 1 cc $FLAGS -DHAVE_CONFIG_H -I. -I"$to/include" -c
	quietly ar rcs "$to/lib/libjansson.a" ./*.o
}

# cmake would make its folder of headers; only the parser is of use.
build_yajl() {
	mkdir "$work/yajl" "$to/include/yajl" && cd "$work/yajl"
	cp ../sources/yajl/src/api/yajl_common.h ../sources/yajl/src/api/yajl_parse.h \
		"$to/include/yajl/"
	for file in yajl yajl_alloc yajl_buf yajl_encode yajl_lex yajl_parser; do
		# shellcheck disable=SC2086
		quietly cc $FLAGS -I"$to/include" -c ../sources/yajl/src/$file.c
	done
	quietly ar rcs "$to/lib/libyajl.a" ./*.o
}

build() {
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	log=$work/log to=$work/to
	tools
	# by name, and relative paths: OpenSSL writes into the library how it was built
	export PATH="$to/bin:$PATH" CC=cc AR=ar RANLIB=ranlib
	unset MAKEFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS LIBS
	ln -s "$sources" "$work/sources"
	echo "static: building $(cut -d' ' -f1,2 "$sources/versions" | tr '\n' ' ')for $1" >&2
	(build_openssl)
	(build_curl)
	(build_jansson)
	(build_yajl)
	rm -rf "$to/lib/pkgconfig"
	mkdir -p "$cache/static"
	# another build may have been quicker
	mv -T "$to" "$prefix" 2>/dev/null || [ -e "$prefix/lib" ]
	rm -rf "$work"
}

case ${1:-} in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
*) die "usage: tools/static.sh amd64|arm64 LINK" ;;
esac
target=$machine-linux-musl
link=$2
sources=$("$here/sources.sh")
zig=$("$here/setup.sh" zig)
key=$1-$({ cat "$0" "$sources/versions" && echo "$zig"; } | sha256sum | cut -c1-12)
prefix=$cache/static/$key
[ -e "$prefix/lib" ] || build "$1"
mkdir -p "$(dirname "$link")"
ln -sfn "$prefix" "$link"
[ "$(cat "$link.key" 2>/dev/null)" = "$key" ] || echo "$key" >"$link.key"
