"""androguard's answers: QUESTIONS TRACKERS OUT APK... -> one line of JSON for each app.

The same questions as crates/handset/examples/apps.rs. Everything is asked of androguard's own analysis
(AnalyzeAPK: its parsers, its table of strings, its cross references); only the rule which string is a URL of
HTTP and which class is a tracker's is written out here, as androguard has none.
"""

import json
import os
import re
import sys

from androguard.util import set_log

set_log("ERROR")

from androguard.misc import AnalyzeAPK

URL = re.compile(r"(?<![A-Za-z0-9])https?://([^/?#\"'\\<> ,;)|]*)", re.I)
HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{4,}")
NAMESPACES = {
    "schemas.android.com", "www.w3.org", "xmlpull.org", "xml.org", "ns.adobe.com", "apache.org",
    "xml.apache.org", "schemas.xmlsoap.org",
}


def host(text):
    found = URL.search(text)
    if not found:
        return None
    name = re.sub(r":\d+$", "", found.group(1).rsplit("@", 1)[-1])
    if not HOST.fullmatch(name) or name in NAMESPACES or name.startswith(".") or not re.search("[.:]", name):
        return None
    return name.lower()


def dotted(descriptor):
    return descriptor[1:-1].replace("/", ".") if descriptor.startswith("L") else descriptor


def callers(analysis, rows):
    """The calls of methods by class and name, whatever their parameters."""
    wanted = {}
    for reads, methods in rows.items():
        for method in methods:
            owner, name = method.rsplit(".", 1)
            wanted["L" + owner.replace(".", "/") + ";", name] = reads
    found = set()
    for method in analysis.get_methods():
        reads = wanted.get((method.class_name, method.name))
        for caller, called_by, _ in method.get_xref_from() if reads else ():
            found.add((reads, dotted(caller.name) + "." + called_by.name))
    return sorted(found)


def answer(path, rows, trackers):
    app, _, analysis = AnalyzeAPK(path)
    classes = [dotted(one.name) for one in analysis.get_internal_classes()]
    return {
        "package": app.get_package(),
        "version_name": app.get_androidversion_name(),
        "version_code": app.get_androidversion_code(),
        "permissions": sorted(set(app.get_permissions())),
        "receivers": sorted(set(app.get_receivers())),
        "hosts": sorted({name for text in analysis.get_strings() if (name := host(text.get_value()))}),
        "callers": callers(analysis, rows),
        "trackers": sorted(name for name, sign in trackers if any(sign.search(one) for one in classes)),
    }


def main():
    questions, trackers, out, *apps = sys.argv[1:]
    with open(questions) as file:
        rows = json.load(file)["rows"]
    with open(trackers) as file:
        listed = json.load(file)["trackers"].values()
    signs = [(one["name"], re.compile(one["code_signature"])) for one in listed]
    with open(out, "w") as file:
        for path in apps:
            line = {"file": os.path.basename(path)}
            try:
                line.update(answer(path, rows, signs))
            except Exception as problem:  # An app that it cannot read is an answer, too.
                line["error"] = repr(problem)
            print(json.dumps(line), file=file)


main()
