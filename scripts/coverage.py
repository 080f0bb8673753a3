#!/usr/bin/env python3
"""Line coverage of one folder from what `swift test --enable-code-coverage` writes: coverage.py FOLDER LEAST REPORT.json"""
import json
import pathlib
import sys

folder, least, report = pathlib.Path(sys.argv[1]).resolve(), float(sys.argv[2]), sys.argv[3]
files = [
    (pathlib.Path(file["filename"]), file["summary"]["lines"]["covered"], file["summary"]["lines"]["count"])
    for file in json.load(open(report))["data"][0]["files"]]
files = sorted((path.relative_to(folder), covered, count) for path, covered, count in files if path.is_relative_to(folder))
covered, count = sum(file[1] for file in files), sum(file[2] for file in files)
if not count:
    sys.exit(f"nothing of {folder} is in {report}")
for path, of_file, in_file in files:
    print(f"{of_file / max(in_file, 1):7.1%}  {of_file:4} of {in_file:4}  {path}")
print(f"{covered / count:7.1%}  {covered} of {count}  {folder.name}")
sys.exit(f"below {least} %" if covered * 100 < least * count else 0)
