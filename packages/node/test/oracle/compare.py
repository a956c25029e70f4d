"""Compares data sets before and after a coercion as pydicom reads them. Reads one JSON line a pair from standard input:
{"name", "before", "after", "changed": [tags], "patientName"}, without "after" where the file was refused; writes one JSON
line a pair: {"name", "problems": [...], "readable"}, whether pydicom reads the file as it came, without being forced to.
"""

import json
import sys
import warnings

import pydicom

warnings.simplefilter("ignore")
ORIGINAL_ATTRIBUTES = 0x04000561


def raw(dataset):
    """Elements by tag as they were read, before any conversion; group lengths left out, as edits drop them."""
    dataset._character_set  # pylint: disable=pointless-statement
    return {int(tag): dataset.get_item(tag) for tag in dataset.keys() if int(tag) & 0xFFFF}


def value_of(element):
    return element.value if isinstance(element, pydicom.dataelem.RawDataElement) else repr(element)


def problems_of(pair):
    before, after = pydicom.dcmread(pair["before"], force=True), pydicom.dcmread(pair["after"])
    old, new = raw(before), raw(after)
    changed = {int(tag, 16) for tag in pair["changed"]}
    problems = [
        f"{tag:08X} differs"
        for tag in sorted((set(old) | set(new)) - changed)
        if tag not in old or tag not in new or value_of(old[tag]) != value_of(new[tag]) or old[tag].VR != new[tag].VR
    ]
    if str(after.PatientName) != pair["patientName"]:
        problems.append("patient name")
    originals = after[ORIGINAL_ATTRIBUTES].value
    modified = originals[-1].ModifiedAttributesSequence
    if len(modified) != 1:
        problems.append(f"{len(modified)} items of modified attributes")
    if "PatientName" in before and str(modified[0].get("PatientName", "")) != str(before.PatientName):
        problems.append("previous name")
    if "PatientID" in before and modified[0].get("PatientID") != before.PatientID:
        problems.append("previous ID")
    if "PatientID" in modified[0] and "IssuerOfPatientID" not in modified[0]:
        problems.append("ID without issuer")
    tags = [int(tag) for tag in after.keys()]
    if tags != sorted(tags):
        problems.append("order")
    return problems


def is_readable(path):
    try:
        for _ in pydicom.dcmread(path).iterall():
            pass
        return True
    except Exception:  # pylint: disable=broad-except
        return False


for line in sys.stdin:
    pair = json.loads(line)
    try:
        found = problems_of(pair) if "after" in pair else []
    except Exception as error:  # pylint: disable=broad-except
        found = [f"{type(error).__name__}: {error}"]
    print(json.dumps({"name": pair["name"], "problems": found, "readable": is_readable(pair["before"])}))
