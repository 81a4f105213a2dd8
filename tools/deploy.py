#!/usr/bin/env python3
"""deploy.py BUNDLE uploads a bundle to a server and enables the plugin.

MM_SERVICESETTINGS_SITEURL is the server's address; MM_ADMIN_TOKEN a personal
access token of a system admin, or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD.
"""

import json
import os
import sys
import urllib.error
import urllib.request
import uuid

TIMEOUT_S = 120


def ask(site, path, body, token=None, kind="application/json"):
    """POST, and the answer; the server's own words when it refuses."""
    request = urllib.request.Request(site + "/api/v4" + path, data=body, method="POST")
    request.add_header("Content-Type", kind)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as refusal:
        text = refusal.read().decode(errors="replace")
        try:
            text = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            pass
        sys.exit(f"deploy: {site} refuses {path}: {refusal.code} {text.strip()[:500]}")
    except OSError as error:
        sys.exit(f"deploy: cannot reach {site}: {error}")


def sign_in(site):
    token = os.environ.get("MM_ADMIN_TOKEN")
    if token:
        return token
    name, password = (os.environ.get("MM_ADMIN_" + part) for part in ("USERNAME", "PASSWORD"))
    if not name or not password:
        sys.exit("deploy: set MM_ADMIN_TOKEN, or MM_ADMIN_USERNAME and MM_ADMIN_PASSWORD")
    body = json.dumps({"login_id": name, "password": password}).encode()
    return ask(site, "/users/login", body).headers["Token"]


def upload(site, token, bundle):
    with open(bundle, "rb") as file:
        content = file.read()
    edge = uuid.uuid4().hex
    parts = [("force", "", b"true"), ("plugin", f'; filename="{os.path.basename(bundle)}"', content)]
    body = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n\r\n'.encode() + value + b"\r\n"
        for name, rest, value in parts
    )
    body += f"--{edge}--\r\n".encode()
    return json.load(ask(site, "/plugins", body, token, f"multipart/form-data; boundary={edge}"))


def main():
    site = os.environ.get("MM_SERVICESETTINGS_SITEURL", "").rstrip("/")
    if not site:
        sys.exit("deploy: set MM_SERVICESETTINGS_SITEURL to the address of your server")
    token = sign_in(site)
    manifest = upload(site, token, sys.argv[1])
    ask(site, f"/plugins/{manifest['id']}/enable", b"", token)
    print(f"uploaded and enabled {manifest['id']} {manifest['version']} at {site}")


main()
