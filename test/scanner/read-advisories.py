"""A second reading of OSV data, by other means than Berth's: prints what is wrong with packages as JSON.

read-advisories.py deb ZIP ROOT          packages of ROOT/var/lib/dpkg/status, compared by dpkg itself
read-advisories.py golang ZIP PROGRAM... modules that `go version -m` lists
read-advisories.py pypi ZIP FOLDER       FOLDER/*.dist-info/METADATA, compared by python3-packaging

Each row: [package, version, vulnerability, [advisory, ...]].
"""

import functools
import glob
import json
import re
import subprocess
import sys
import zipfile


def records(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            if "withdrawn" not in record:
                yield record


def vulnerabilities(record):
    named = [record["id"]] + record.get("aliases", []) + record.get("upstream", [])
    cves = sorted({name for name in named if name.startswith("CVE-")})
    if cves:
        return cves
    return [next((name for name in named if name.startswith("GHSA-")), record["id"])]


@functools.cache
def dpkg_less(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "lt", b]).returncode == 0


def semver(text):
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?(?:\+.*)?", text)
    if match is None:
        raise ValueError(text)
    pre = [
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in (match[4] or "").split(".")
        if part
    ]
    return ([int(match[i]) for i in (1, 2, 3)], not pre, pre)


@functools.cache
def pep440(text):
    from packaging.version import Version

    return Version(text)


LESS = {
    "deb": dpkg_less,
    "golang": lambda a, b: semver(a) < semver(b),
    "pypi": lambda a, b: pep440(a) < pep440(b),
}


def is_affected(entry, version, less):
    if version in entry.get("versions", []):
        return True
    for span in entry.get("ranges", []):
        if span["type"] == "GIT":
            continue
        points = [(kind, at) for event in span["events"] for kind, at in event.items()]

        def before(a, b):
            if a[1] == b[1]:
                return (a[0] != "introduced") - (b[0] != "introduced")
            if "0" in (a[1], b[1]):
                return -1 if a[1] == "0" else 1
            return -1 if less(a[1], b[1]) else 1

        state = False
        for kind, at in sorted(points, key=functools.cmp_to_key(before)):
            reached = at == "0" or not less(version, at)
            if kind == "introduced" and reached:
                state = True
            elif kind == "fixed" and reached:
                state = False
            elif kind == "last_affected" and less(at, version):
                state = False
        if state:
            return True
    return False


def debs(root):
    with open(f"{root}/var/lib/dpkg/status", encoding="utf-8") as status:
        for stanza in status.read().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.M))
            if fields.get("Status") != "install ok installed":
                continue
            source, _, bracket = fields.get("Source", fields["Package"]).partition(" ")
            version = bracket.strip("()") or fields["Version"]
            yield fields["Package"], fields["Version"], source, version


def modules(programs):
    for program in programs:
        listed = subprocess.run(
            ["go", "version", "-m", program], capture_output=True, text=True, check=True
        ).stdout
        toolchain = re.search(r": go(\d+\.\d+(?:\.\d+)?)", listed)
        number = toolchain[1] if toolchain[1].count(".") == 2 else toolchain[1] + ".0"
        yield "stdlib", number, "stdlib", number
        rows = [line.strip().split("\t") for line in listed.splitlines()]
        for index, row in enumerate(rows):
            if row[0] not in ("dep", "mod", "=>") or (len(row) > 2 and row[2] == "(devel)"):
                continue
            if index + 1 < len(rows) and rows[index + 1][0] == "=>":
                continue
            yield row[1], row[2], row[1], row[2]


def wheels(folder):
    for path in glob.glob(f"{folder}/*.dist-info/METADATA"):
        with open(path, encoding="utf-8") as metadata:
            fields = dict(re.findall(r"^(Name|Version): (.*)$", metadata.read(), re.M))
        name = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
        yield name, fields["Version"], name, fields["Version"]


def main(kind, path, *places):
    less = LESS[kind]
    ecosystem = {"deb": "Debian:11", "golang": "Go", "pypi": "PyPI"}[kind]
    packages = {
        "deb": lambda: debs(places[0]),
        "golang": lambda: modules(places),
        "pypi": lambda: wheels(places[0]),
    }[kind]()
    by_name = {}
    for package in set(packages):
        by_name.setdefault(package[2], []).append(package)
    found = {}
    for record in records(path):
        for entry in record["affected"]:
            if entry["package"]["ecosystem"] != ecosystem:
                continue
            name = entry["package"]["name"]
            if kind == "pypi":
                name = re.sub(r"[-_.]+", "-", name).lower()
            for package, installed, _, version in by_name.get(name, []):
                try:
                    if not is_affected(entry, version, less):
                        continue
                except ValueError:
                    # A version that cannot be ordered: the package may be affected, and Berth says so.
                    pass
                for vulnerability in vulnerabilities(record):
                    key = (package, installed, vulnerability)
                    found.setdefault(key, set()).add(record["id"])
    json.dump([[*key, sorted(ids)] for key, ids in sorted(found.items())], sys.stdout)


main(*sys.argv[1:])
