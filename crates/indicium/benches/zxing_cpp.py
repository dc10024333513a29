"""Reads the Data Matrix symbols of pictures with zxing-cpp: a path a line comes in, and goes out with the milliseconds of processor time taken and what was read, in hexadecimal."""

import sys
import time

import numpy
import zxingcpp
from PIL import Image

for line in sys.stdin:
    path = line.rstrip("\n")
    pixels = numpy.asarray(Image.open(path).convert("L"))
    start = time.process_time()
    found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.DataMatrix)
    milliseconds = 1000 * (time.process_time() - start)
    read = ",".join(symbol.bytes.hex() for symbol in found)
    print(f"{milliseconds:.3f}\t{read}", flush=True)
