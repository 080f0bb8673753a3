"""Messages that PyPI `pyiso8583` builds from our dialect files, for `PeerVectorTests` in Tests/ISO8583: every field of both dialects, shortest and
longest, alone and all together, in ASCII, EBCDIC (code page 037) and BCD.

    python Tests/Conformance/vectors.py    writes Tests/Conformance/pyiso8583.json again; test_iso8583.py checks that it is what this makes."""
import json
import pathlib

import iso8583
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "Tests/Conformance/pyiso8583.json"
DIALECTS = ("iso8583-1993", "iso8583-1987")
LENGTH_DIGITS = {None: 0, "l": 1, "ll": 2, "lll": 3, "llll": 4}
CHARACTERS = {"n": "9876543210", "a": "AbYz", "an": "A1b2Z9", "anp": "A1 b2Z", "ans": "A~1 !z", "z": "1234567=890"}


def fields(dialect):
    return yaml.safe_load((ROOT / f"Sources/ISO8583/Dialects/{dialect}.yaml").read_text())["fields"]


def specification(table, variant):
    text = {"ascii": "ascii", "ebcdic": "cp037", "bcd": "ascii"}[variant]
    lengths = {"ascii": "ascii", "ebcdic": "cp037", "bcd": "bcd"}[variant]
    spec = {
        "h": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "desc": "header"},
        "t": {"data_enc": "b" if variant == "bcd" else text, "len_enc": "ascii", "len_type": 0, "max_len": 2 if variant == "bcd" else 4,
              "desc": "type"},
        "p": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "bitmap"},
        "1": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "bitmap"},
    }
    for number, field in table.items():
        packed = variant == "bcd" and field["format"] in ("n", "z")
        digits = LENGTH_DIGITS[field.get("length")]
        spec[str(number)] = {
            "data_enc": "b" if packed or field["format"] == "b" else text, "len_enc": lengths,
            # Packed digits of a fixed field take half as many bytes; a variable length counts digits ("nibbles"), in whole bytes of its own.
            "len_type": (digits + 1) // 2 if variant == "bcd" else digits,
            "max_len": (field["max"] + 1) // 2 if packed and not digits else field["max"] + (field["format"] == "x+n"), "desc": field["name"],
        }
        if packed and digits:
            spec[str(number)]["len_count"] = "nibbles"
        if packed:
            spec[str(number)] |= {"right_pad": "F"} if field["format"] == "z" else {"left_pad": "0"}
    return spec


def value(field, count):
    """What the field's users see; `count` characters or bytes."""
    if field["format"] == "b":
        return bytes((7 * index + 1) & 0xFF for index in range(count)).hex().upper()
    if field["format"] == "x+n":
        return "D" + (CHARACTERS["n"] * 10)[:count]
    text = (CHARACTERS[field["format"]] * 200)[:count]
    # The spaces at the end of a fixed field are the wire's, not the value's.
    return text[:-1] + "Z" if text.endswith(" ") else text


def on_the_wire(field, text, variant):
    if variant == "bcd" and field["format"] == "z":
        return text.replace("=", "D")
    return text


def message(table, spec, variant, values):
    wire = {str(number): on_the_wire(table[number], text, variant) for number, text in values.items()}
    if variant == "bcd":
        # pyiso8583 takes a fixed packed field with its padding.
        for number in values:
            if table[number]["format"] == "n" and not table[number].get("length") and table[number]["max"] % 2:
                wire[str(number)] = "0" + wire[str(number)]
    encoded, _ = iso8583.encode({"t": "1200"} | wire, spec)
    return {"bytes": bytes(encoded).hex().upper(), "fields": {str(number): text for number, text in sorted(values.items())}}


def make():
    result = {}
    for dialect in DIALECTS:
        table = fields(dialect)
        for variant in ("ascii", "ebcdic", "bcd"):
            spec = specification(table, variant)
            # A sign in front of packed digits is nothing that pyiso8583 knows.
            known = [number for number in table if not (variant == "bcd" and table[number]["format"] == "x+n")]
            messages, longest = [], {}
            for number in known:
                field = table[number]
                for count in [field["max"]] if not field.get("length") else (1, field["max"]):
                    if number == 64 or number == 128:
                        continue
                    messages.append(message(table, spec, variant, {number: value(field, count)}))
                longest[number] = value(field, field["max"])
            del longest[64]
            messages.append(message(table, spec, variant, longest))
            messages.append(message(table, spec, variant, {number: text for number, text in longest.items() if number <= 64} | {64: longest[128]}))
            result[f"{dialect} {variant}"] = messages
    return result


def text(vectors):
    """One message a line."""
    parts = (f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(message, sort_keys=True) for message in messages) + "]"
             for name, messages in vectors.items())
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    FILE.write_text(text(make()))
