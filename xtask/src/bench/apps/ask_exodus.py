"""exodus-core's answers: QUESTIONS TRACKERS OUT APK... -> one line of JSON for each app.

Of the questions of crates/handset/examples/apps.rs those that it can answer: it lists classes with `dexdump`
and knows neither strings nor callers. Its list of trackers, which it would fetch, is the file.
"""

import json
import os
import sys
from collections import namedtuple

from exodus_core.analysis.static_analysis import StaticAnalysis


def answer(path, trackers):
    analysis = StaticAnalysis(path)
    analysis.signatures = trackers
    analysis._compile_signatures()
    return {
        "package": analysis.get_package(),
        "version_name": analysis.get_version(),
        "version_code": analysis.get_version_code(),
        "permissions": sorted(set(analysis.get_permissions())),
        "trackers": sorted({tracker.name for tracker in analysis.detect_trackers()}),
    }


def main():
    _, trackers, out, *apps = sys.argv[1:]
    with open(trackers) as file:
        listed = json.load(file)["trackers"].values()
    rows = [namedtuple("tracker", one.keys())(*one.values()) for one in listed]
    with open(out, "w") as file:
        for path in apps:
            line = {"file": os.path.basename(path)}
            try:
                line.update(answer(path, rows))
            except Exception as problem:  # An app that it cannot read is an answer, too.
                line["error"] = repr(problem)
            print(json.dumps(line), file=file)


main()
