import hashlib, json, sys

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def verify(lines, checkpoint=None):
    header, *records, end = [json.loads(line) for line in lines]
    assert header["format"] == end["end"] == "alm-audit-export-1", "another format"
    seq, hash = header["from"] - 1, bytes.fromhex(header["before"])
    assert seq > 0 or hash == bytes(32), "record 1 follows nothing"
    seen = {hash.hex()}
    for record in records:
        seq += 1
        assert record["seq"] == seq, f"record {seq} is missing"
        content = sha256(b"alm-audit-content-1\0", record["body"].encode())
        hash = sha256(b"alm-audit-chain-1\0", seq.to_bytes(8, "big"), hash, content)
        assert record["hash"] == hash.hex(), f"record {seq} was altered"
        if personal := record.get("personal"):
            commitment = sha256(personal["salt"].encode(), b":", personal["text"].encode()).hex()
            assert json.loads(record["body"])["personal"] == commitment, f"the personal text of record {seq} was altered"
        seen.add(hash.hex())
    assert seq == header["to"] and len(records) == end["count"] and hash.hex() == end["hash"], "cut short"
    assert checkpoint is None or checkpoint in seen, "another chain than was checkpointed"
    return len(records)

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
        print(verify(file, *sys.argv[2:]), "records hold")
