"""Writes packages/core/src/dicom/implicit-vr.generated.ts: the VR of each public tag of PS3.6, from Debian's
python3-pydicom, as it is needed to read implicit VR. Run from the root: /usr/bin/python3 packages/core/tools/implicit-vr.py
"""

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

tags_by_vr = {}
for tag, entry in DicomDictionary.items():
    tags_by_vr.setdefault(entry[0].split(" or ")[0], []).append(tag)
for mask, entry in RepeatersDictionary.items():
    # Repeating groups (50xx, 60xx) stand under their first group; repeating elements (0028,04x0) are not of use.
    if mask[2:4] == "xx" and "x" not in mask[4:]:
        tags_by_vr.setdefault(entry[0].split(" or ")[0], []).append(int(mask.replace("x", "0"), 16))


def base36(number):
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


lines = []
for vr, tags in sorted(tags_by_vr.items()):
    if len(vr) != 2:
        continue
    steps, previous = [], 0
    for tag in sorted(set(tags)):
        if tag >> 16 < 8 or tag >> 16 == 0xFFFE:
            continue
        steps.append(base36(tag - previous))
        previous = tag
    if steps:
        lines.append(f"  {vr}: '{' '.join(steps)}',")

with open("packages/core/src/dicom/implicit-vr.generated.ts", "w", encoding="utf-8") as file:
    file.write("/** VR of each public tag of PS3.6, written by tools/implicit-vr.py: ascending tags as base-36 steps, by VR. */\n")
    file.write("export const IMPLICIT_VR_STEPS: Readonly<Record<string, string>> = {\n")
    file.write("\n".join(lines))
    file.write("\n};\n")
