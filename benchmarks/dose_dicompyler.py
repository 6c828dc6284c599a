"""Run by another interpreter, one with dicompyler-core: DVHs of two files as JSON.

    python dose_dicompyler.py RTSTRUCT RTDOSE

Imports nothing of this project: dicompyler-core 0.5.6 needs pydicom < 3.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")

from dicompylercore import dicomparser, dvhcalc  # noqa: E402


def main() -> None:
    """Print process time after imports and the cumulative curves."""
    structures, dose = sys.argv[1:3]
    start = time.process_time()
    regions = dicomparser.DicomParser(structures).GetStructures()
    curves = {}
    for number, region in regions.items():
        if region["empty"]:
            continue
        try:
            found = dvhcalc.get_dvh(structures, dose, number)
        except Exception as error:  # noqa: BLE001 - the failure is the result
            curves[number] = {"error": type(error).__name__}
            continue
        curve = found.cumulative
        curves[number] = {"dose": curve.bins.tolist(), "volume": curve.counts.tolist()}
    print(json.dumps({"seconds": time.process_time() - start, "curves": curves}))


main()
