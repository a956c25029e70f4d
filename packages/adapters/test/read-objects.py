# Prints what pydicom reads of each file: SOP class, transfer syntax, patient, and the SHA-256 of the content inside.
import hashlib
import sys

import pydicom
from pydicom.encaps import defragment_data

for path in sys.argv[1:]:
    data = pydicom.dcmread(path)
    str(data)
    if "PixelData" in data:
        content = defragment_data(data.PixelData)
    elif "WaveformSequence" in data:
        content = data.WaveformSequence[0].WaveformData
    else:
        content = data.EncapsulatedDocument[: data.EncapsulatedDocumentLength]
    length = int(data.get("EncapsulatedDocumentLength", 0)) or len(content)
    digests = [hashlib.sha256(content[:end]).hexdigest() for end in (length, length - 1)]
    print(data.SOPClassUID, data.file_meta.TransferSyntaxUID, data.PatientName, *digests, sep="|")
