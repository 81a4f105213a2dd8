#!/usr/bin/env python3
"""sbom.py BUNDLE MATERIALS prints the bundle's bill of materials, SPDX 2.3.

MATERIALS is what tools/static.sh writes beside the libraries it has built: a
line for each with name, version, licence, the file it was made from, and that
file's SHA-256.
"""

import hashlib
import json
import sys
import tarfile
import time

DEBIAN = "Organization: Debian"
NONE = "NOASSERTION"


def package(name, version, licence, source, sha256):
    """A library, as Debian's source package or out of zig's PyPI package."""
    debian = source.endswith(".dsc")
    kind, owner = ("deb", "debian/") if debian else ("pypi", "")
    inside = "ziglang" if not debian else name
    of = version if debian else source
    return {
        "SPDXID": f"SPDXRef-{name}",
        "name": name,
        "versionInfo": version,
        "supplier": DEBIAN if debian else NONE,
        "downloadLocation": NONE,
        "filesAnalyzed": False,
        "packageFileName": source if debian else NONE,
        "checksums": [{"algorithm": "SHA256", "checksumValue": sha256}],
        "licenseConcluded": NONE,
        "licenseDeclared": licence,
        "copyrightText": NONE,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:{kind}/{owner}{inside}@{of.replace('~', '%7E').replace('+', '%2B')}"
                + ("?arch=source" if debian else ""),
            }
        ],
    }


def digest(kind, content):
    return {"algorithm": kind.upper(), "checksumValue": hashlib.new(kind, content).hexdigest()}


def files(bundle):
    """What runs: the executables, and what browsers load."""
    with tarfile.open(bundle) as tar:
        for member in tar.getmembers():
            if not member.isfile() or "/dist/" not in member.name:
                continue
            content = tar.extractfile(member).read()
            yield {
                "SPDXID": "SPDXRef-file-" + member.name.rsplit("/", 1)[1],
                "fileName": "./" + member.name.split("/", 1)[1],
                "fileTypes": ["SOURCE" if member.name.endswith(".js") else "BINARY"],
                "checksums": [digest("sha1", content), digest("sha256", content)],
                "licenseConcluded": NONE,
                "copyrightText": NONE,
            }


def main():
    bundle, materials = sys.argv[1:]
    name = bundle.rsplit("/", 1)[-1]
    version = name.removeprefix("zoom-").removesuffix(".tar.gz")
    with open(bundle, "rb") as file:
        content = file.read()
    sha256 = digest("sha256", content)
    with open(materials) as lines:
        date, *rows = [line.split() for line in lines]
    libraries = [package(*row) for row in rows]
    found = list(files(bundle))
    programs = [f["SPDXID"] for f in found if f["fileTypes"] == ["BINARY"]]
    pairs = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-zoom")]
    pairs += [("SPDXRef-DOCUMENT", "DESCRIBES", f["SPDXID"]) for f in found]
    pairs += [(p, "STATIC_LINK", lib["SPDXID"]) for p in programs for lib in libraries]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"urn:sha256:{sha256['checksumValue']}",
        "creationInfo": {
            # of the newest of the sources, so that the same input gives the same bytes
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(date[1]))),
            "creators": ["Tool: tools/sbom.py"],
        },
        "packages": [
            {
                "SPDXID": "SPDXRef-zoom",
                "name": "zoom",
                "versionInfo": version,
                "supplier": "Organization: the Zoom for Mattermost authors",
                "downloadLocation": NONE,
                "filesAnalyzed": False,
                "packageFileName": name,
                "primaryPackagePurpose": "APPLICATION",
                "checksums": [sha256],
                "licenseConcluded": NONE,
                "licenseDeclared": "Apache-2.0",
                "copyrightText": "Copyright 2026 the Zoom for Mattermost authors",
            },
            *libraries,
        ],
        "files": found,
        "relationships": [
            {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other} for one, how, other in pairs
        ],
    }
    json.dump(document, sys.stdout, indent=2)
    print()


main()
