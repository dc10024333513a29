#!/usr/bin/env python3
"""Checks this export with nothing but Python: run it in this folder. It says OK, or what is wrong, and ends with 0 or 5.

What it cannot check is who made the export. For that:
    openssl dgst -sha256 -verify audit-key.pem -signature manifest.json.sig manifest.json
and compare audit-key.pem with the key that the provider gave you another way.
"""
import csv
import hashlib
import json
import sys
from collections import defaultdict

wrong = []
csv.field_size_limit(1 << 30)
manifest = json.load(open("manifest.json", encoding="utf-8"))
whole = not any(manifest["filter"].values())


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def long(number):
    return number.to_bytes(8, "big", signed=True)


def text(value):
    raw = value.encode()
    return long(len(raw)) + raw


def rows(table):
    with open(f"tables/{table}.csv", newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


# 1. Every file is the one in the manifest.
columns = {}
for entry in manifest["files"]:
    with open(entry["file"], "rb") as file:
        if hashlib.sha256(file.read()).hexdigest() != entry["sha256"]:
            wrong.append(f"{entry['file']} is not the file of the manifest")
    if entry["file"].startswith("tables/"):
        columns[entry["file"][7:-4]] = entry.get("columns", {})

# 2. The seals: each is what it says of itself, and their numbers have no gap.
sealed, folds, counts = {}, defaultdict(lambda: bytes(32)), defaultdict(int)
for seal in rows("seals"):
    subject, number = seal["subject"], int(seal["sequence"])
    digest = sha256(b"timbre seal 1", text(subject), text(seal["entries"]))
    if digest.hex() != seal["digest"]:
        wrong.append(f"seal {number} of {subject} was altered")
    if number != counts[subject] + 1:
        wrong.append(f"seal {counts[subject] + 1} of {subject} is missing")
    counts[subject] = number
    folds[subject] = sha256(folds[subject], long(number), digest)
    for line in seal["entries"].splitlines():
        row_digest, table, name = line.split(" ", 2)
        sealed[table, name] = row_digest

# 3. The head is that of these seals.
head = open("head.txt", encoding="utf-8").read().splitlines(keepends=True)
root = hashlib.sha256("".join(head[:-2]).encode()).hexdigest()
if head[-2] != f"root {root}\n" or root != manifest["head"]:
    wrong.append("head.txt: the root is not that of its lines")
for line in head[2:-2]:
    count, fold, subject = line.rstrip("\n").split(" ", 2)
    # The books may have gone on between the head and the export: then there are more seals, never fewer.
    if subject in counts and counts[subject] == int(count) and folds[subject].hex() != fold:
        wrong.append(f"head.txt: the seals of {subject} are others")
    if whole and counts[subject] < int(count):
        wrong.append(f"head.txt: {subject} has {count} seals, here are {counts[subject]}")

# 4. Every row is what was sealed last.
KEYS = {entry["file"][7:-4]: entry["key"] for entry in manifest["files"] if "key" in entry}
found = set()
for table, key in KEYS.items():
    kinds = columns.get(table, {})
    for row in rows(table):
        name = "/".join(row[column] for column in key)
        found.add((table, name))
        parts = [b"T" + text(table)]
        for column in sorted(row):
            value = row[column]
            if value == "\\N":
                continue
            parts.append(b"N" + text(column))
            if kinds[column] == "integer":
                parts.append(b"i" + long(8) + long(int(value)))
            elif kinds[column] == "bytes":
                raw = bytes.fromhex(value)
                parts.append(b"b" + long(len(raw)) + raw)
            else:
                parts.append(b"t" + text(value))
        if sealed.get((table, name)) != sha256(b"timbre row 1", *parts).hex():
            if whole or (table, name) in sealed:
                wrong.append(f"{table} {name} is not what was sealed")
if whole:
    for table, name in sealed:
        if table in KEYS and (table, name) not in found:
            wrong.append(f"{table} {name} is missing")

# 5. The audit log: each line is chained to the one before it.
last = {}
for line in rows("audit"):
    subject, number = line["subject"], int(line["sequence"])
    before = last.get(subject)
    if before is None and number > 1:
        before = (number - 1, None)  # the export begins later
    expected, chain = before or (0, bytes(32))
    words = [text(line[column]) for column in ("subject", "who", "what", "detail")]
    computed = sha256(chain, long(number), long(int(line["at"])), *words) if chain is not None else None
    if number != expected + 1 or (computed is not None and computed.hex() != line["chain"]):
        wrong.append(f"audit line {number} of {subject} does not follow")
    last[subject] = (number, bytes.fromhex(line["chain"]))

# 6. The money: every transfer sums to zero, the trial balance is the sum of the postings.
transfers, balances = defaultdict(int), defaultdict(int)
for posting in rows("postings"):
    transfers[posting["customer"], posting["transfer"]] += int(posting["amount"])
    balances[posting["account"], posting["currency"]] += int(posting["amount"])
for (customer, transfer), total in transfers.items():
    if total:
        wrong.append(f"transfer {transfer} of {customer} sums to {total} mills")


def mills(decimal):
    whole_part, _, fraction = decimal.lstrip("-").partition(".")
    amount = int(whole_part) * 1000 + int((fraction + "000")[:3])
    return -amount if decimal.startswith("-") else amount


total = defaultdict(int)
with open("reports/trial-balance.csv", newline="", encoding="utf-8") as file:
    for line in csv.DictReader(file):
        account, currency = line["account"], line["currency"]
        moved = mills(line["gained"]) + mills(line["lost"])
        total[currency] += mills(line["closing"])
        if moved != balances[account, currency] or mills(line["opening"]) + moved != mills(line["closing"]):
            wrong.append(f"trial balance: {account} is not the sum of its postings")
for currency, sum_of_all in total.items():
    if sum_of_all:
        wrong.append(f"trial balance: {currency} sums to {sum_of_all} mills, not to zero")

# 7. The meters: what was issued is what was booked; what the records say was used is the register in the last of them.
issued, booked = defaultdict(int), defaultdict(int)
for refill in rows("refills"):
    issued[refill["meter"]] += int(refill["amount"])
kinds = {(row["customer"], row["id"]): row["kind"] for row in rows("transfers")}
for posting in rows("postings"):
    if posting["account"].startswith("meter:") and kinds[posting["customer"], posting["transfer"]] == "refill":
        booked[str(int(posting["account"].removeprefix("meter:TM")))] += int(posting["amount"])
for meter in set(issued) | set(booked):
    if issued[meter] != booked[meter]:
        wrong.append(f"meter {meter}: {issued[meter]} mills refilled, {booked[meter]} booked")
used, ends = defaultdict(int), {}
for record in rows("records"):
    used[record["meter"]] += int(record["amount"]) if record["kind"] == "debit" else 0
    ends[record["meter"]] = record
if not manifest["filter"]["from"]:
    for meter, record in ends.items():
        if used[meter] != int(record["ascending"]):
            wrong.append(f"meter {meter}: {used[meter]} mills used, the register is {record['ascending']}")

for problem in wrong:
    print(problem)
print("OK" if not wrong else f"{len(wrong)} things are wrong")
sys.exit(5 if wrong else 0)
