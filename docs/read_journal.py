#!/usr/bin/env python3
"""Reads and judges the journal of a postal security device without timbre: see JOURNAL.md.

usage: read_journal.py DIRECTORY [--slots]      exit status 0: sound, 1: not, with the place
"""
import hashlib, pathlib, struct, sys

KINDS = {1: "checkpoint", 2: "seal", 16: "initialised", 17: "installed", 32: "refill requested", 33: "refill applied",
         34: "refill cancelled", 48: "inspection requested", 49: "inspection applied", 50: "inspection cancelled",
         64: "debited", 65: "completed", 66: "reprinted", 80: "tampered", 96: "contacted",
         112: "withdrawal requested", 113: "withdrawn", 114: "withdrawal refused"}
STAMPED = {17, 33, 49, 64, 66, 113}  # transaction records: their payloads begin with time, registers and chain value
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF

def slots_of(path):
    data = path.read_bytes()
    for at in range(0, len(data) // 512 * 512, 512):
        yield at, data[at:at + 512]

def judge(directory, show):
    link, sequence, record, serial, registers, paid = bytes(32), 0, 0, None, None, 0
    segments = sorted(pathlib.Path(directory).glob("journal-*.segment"))
    for number, path in enumerate(segments, 1):
        assert path.name == f"journal-{number:08}.segment", f"{path}: segment {number} is missing"
        blank = None
        for at, slot in slots_of(path):
            place = f"{path.name} byte {at}"
            if not any(slot):
                blank = blank or place
                continue
            magic, version, kind, length, meter, segment, seq, rec = struct.unpack("<4sBBHIIQQ", slot[:32])
            assert magic == b"TPSD" and version == 1 and length <= 444, f"{place}: not a slot of version 1"
            assert crc32c(slot[:508]) == struct.unpack("<I", slot[508:])[0], f"{place}: the checksum does not match"
            assert blank is None or kind == 2, f"{place}: it follows the blank slot at {blank}"
            payload = slot[64:64 + length]
            link = hashlib.sha256(link + slot[:32] + payload).digest()
            assert link == slot[32:64], f"{place}: it does not follow the slot before it"
            assert (segment, seq) == (number, sequence + 1) and meter == (serial or meter), f"{place}: out of order"
            assert rec == record + (kind in STAMPED), f"{place}: record {rec} after {record}"
            sequence, record, serial = seq, rec, meter
            if kind in STAMPED:
                ascending, descending, pieces = struct.unpack("<qqQ", payload[12:36])
                amount = struct.unpack("<q", payload[69:77])[0] if kind == 64 else 0
                before = registers or (0, 0, 0)
                assert (ascending, pieces) == (before[0] + amount, before[2] + (kind == 64)), f"{place}: registers jump"
                if kind not in (33, 113):
                    assert ascending + descending == sum(before[:2]), f"{place}: the control sum changed"
                registers, paid = (ascending, descending, pieces), paid + amount
            if show:
                print(f"{number:8} {at:8} {seq:8} {rec:8} {KINDS.get(kind, kind)}")
    assert segments, f"{directory}: there is no journal"
    ascending, descending, pieces = registers or (0, 0, 0)
    assert ascending == paid, "the ascending register is not the sum of the debits"
    print(f"TM{serial:07}: sound; {sequence} slots in {len(segments)} segments, {record} records, {pieces} pieces, "
          f"ascending {ascending} mills, descending {descending} mills")

try:
    judge(sys.argv[1], "--slots" in sys.argv)
except AssertionError as wrong:
    sys.exit(f"not sound: {wrong}")
