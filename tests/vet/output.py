#!/usr/bin/env python3
"""output.py LIFOGUARD-VET: the SARIF and JSON of all fixtures have the structure that SARIF 2.1.0 requires.

The schema of SARIF cannot be had offline, so SCHEMA below holds the part of it that the checker uses: the required
properties, their types, the allowed values, and that nothing else is there. With SARIF_SCHEMA=FILE and the Python
module jsonschema, the output is validated against the whole schema too.
"""
import glob
import json
import os
import re
import subprocess
import sys

TEXT = {"text": str}
URI = re.compile(r"^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$")
LOCATION = {
    "physicalLocation": {
        "artifactLocation": {"uri": URI},
        "region": {"startLine": int, "startColumn": int},
    },
    "message?": TEXT,
}
RESULT = {
    "ruleId": str,
    "ruleIndex": int,
    "level": {"none", "note", "warning", "error"},
    "message": TEXT,
    "locations": [LOCATION],
    "partialFingerprints": {"lifoguardVet/v1": str},
    "codeFlows?": [{"threadFlows": [{"locations": [{"location": LOCATION}]}]}],
    "suppressions?": [{"kind": {"inSource", "external"}, "justification": str}],
}
SCHEMA = {
    "$schema": str,
    "version": {"2.1.0"},
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": str,
                    "rules": [{"id": str, "shortDescription": TEXT, "help": TEXT}],
                }
            },
            "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
            "results": [RESULT],
            "invocations": [{"executionSuccessful": bool}],
        }
    ],
}


def check(value, schema, path):
    if isinstance(schema, dict):
        assert isinstance(value, dict), f"{path}: not an object"
        allowed = {name.rstrip("?") for name in schema}
        assert set(value) <= allowed, f"{path}: {set(value) - allowed} is not allowed"
        for name, inner in schema.items():
            plain = name.rstrip("?")
            if plain in value:
                check(value[plain], inner, f"{path}.{plain}")
            else:
                assert name.endswith("?"), f"{path}: {plain} is missing"
    elif isinstance(schema, list):
        assert isinstance(value, list), f"{path}: not an array"
        for index, element in enumerate(value):
            check(element, schema[0], f"{path}[{index}]")
    elif isinstance(schema, set):
        assert value in schema, f"{path}: {value}"
    elif isinstance(schema, re.Pattern):
        assert schema.match(value), f"{path}: {value}"
    else:
        assert type(value) is schema, f"{path}: {value!r} is no {schema.__name__}"


def run(vet, files, *options):
    command = [vet, "--no-cache", "-q", "-j", "1", *options, *files]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode()


def check_meaning(sarif):
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    results = sarif["runs"][0]["results"]
    assert len({rule["id"] for rule in rules}) == len(rules), "a rule twice"
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert len(result["locations"]) == 1
        for location in result["locations"]:
            region = location["physicalLocation"]["region"]
            assert region["startLine"] > 0 and region["startColumn"] > 0
    prints = [
        (result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
         result["partialFingerprints"]["lifoguardVet/v1"])
        for result in results
    ]
    assert len(set(prints)) == len(prints), "two findings of a file with one fingerprint"


def check_whole(sarif):
    if "SARIF_SCHEMA" not in os.environ:
        return
    import jsonschema

    with open(os.environ["SARIF_SCHEMA"], encoding="utf-8") as file:
        jsonschema.validate(sarif, json.load(file))


def main():
    vet = os.path.realpath(sys.argv[1])
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    files = sorted(glob.glob("fixtures/*/*.c"))
    status, text = run(vet, files, "--format", "sarif")
    sarif = json.loads(text)
    assert status == 1
    check(sarif, SCHEMA, "sarif")
    check_meaning(sarif)
    check_whole(sarif)
    status, text = run(vet, files, "--format", "json")
    visible = [result for result in sarif["runs"][0]["results"] if "suppressions" not in result]
    found = json.loads(text)
    assert len(found) == len(visible), "JSON and SARIF differ"
    assert {finding["check"] for finding in found} <= {
        rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    status, text = run(vet, files + ["fixtures/none.c"], "--format", "sarif")
    assert status == 2
    assert not json.loads(text)["runs"][0]["invocations"][0]["executionSuccessful"]
    status, text = run(vet, ["fixtures/leak/right-accepted.c"], "--format", "sarif")
    assert status == 0 and json.loads(text)["runs"][0]["results"] == []


main()
