"""Cards and issuer of the laboratory against implementations that share nothing with them: cryptograms, session keys, ARPC and script MACs against
PyPI `pyemv`, certificates and signed static data against OpenSSL's RSA."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from pyemv import ac, kd, sm, tlv

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("COUNTERTOP_BIN", ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/Store"))
from conftest import Store  # noqa: E402

# The laboratory's published issuer keys; they protect nothing.
ISSUER_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
SCRIPT_KEY = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
ORDER = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    yield store
    store.close()


def field55(message):
    return tlv.decode(bytes.fromhex(message["fields"]["55"]))


@pytest.mark.parametrize("card", ["visa-credit", "visa-debit", "mc-credit", "amex", "discover"])
def test_cryptogram_session_key_and_arpc_of_a_sale_are_pyemvs(store, card):
    known = {entry["name"]: entry for entry in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}[card]
    store.automatic(card)
    pos = store.pos()
    assert pos.sale(4321)["approval"] == "approved"
    pos.close()
    request, answer = store.saw("1200")[-1], store.saw("1210")[-1]
    objects, issuer = field55(request), field55(answer)
    sequence = request["fields"].get("23", "0").lstrip("0").rjust(2, "0")
    master = kd.derive_icc_mk_a(ISSUER_KEY, known["pan"], sequence)
    session = kd.derive_common_sk(master, objects["9F36"] + bytes(6))
    data = b"".join(objects[tag] for tag in ORDER) + objects["9F10"]
    assert objects["9F27"] == b"\x80"
    assert objects["9F26"] == ac.generate_ac(session, data, ac.PaddingType.EMV), "CVN 18: the whole 9F10, padding 80"
    # 91: ARPC and the code that the card sees in 8A.
    code = issuer["91"][8:]
    assert code == b"00" and issuer["91"][:8] == ac.generate_arpc_1(session, objects["9F26"], code)
    # Nothing that was covered could be another.
    changed = data[:5] + bytes([data[5] ^ 1]) + data[6:]
    assert objects["9F26"] != ac.generate_ac(session, changed, ac.PaddingType.EMV)


def test_the_cards_final_cryptogram_is_pyemvs(store):
    """A card that declines after the host's approval: its AAC is in the reversal."""
    store.automatic("declines-after-approval")
    known = {entry["name"]: entry for entry in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}
    pos = store.pos()
    assert pos.sale(4322)["result"] == "17"
    pos.close()
    store.until(lambda: store.saw("1420"), "the reversal")
    request, final = field55(store.saw("1200")[-1]), field55(store.saw("1420")[-1])
    master = kd.derive_icc_mk_a(ISSUER_KEY, known["declines-after-approval"]["pan"], "01")
    session = kd.derive_common_sk(master, request["9F36"] + bytes(6))
    values = request | {"95": final["95"]}
    assert final["9F27"] == b"\x00" and final["9F26"] != request["9F26"]
    assert final["9F26"] == ac.generate_ac(session, b"".join(values[tag] for tag in ORDER) + final["9F10"], ac.PaddingType.EMV)


def test_an_issuer_scripts_mac_is_pyemvs(store):
    store.automatic("visa-credit")
    pos = store.pos()
    assert pos.sale(1221)["approval"] == "approved"
    pos.close()
    request, answer = field55(store.saw("1200")[-1]), field55(store.saw("1210")[-1])
    script = tlv.decode(bytes.fromhex(store.saw("1210")[-1]["fields"]["55"]))
    assert script["91"] == answer["91"]
    command = script["72"]["86"]
    known = {entry["name"]: entry for entry in json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "list", "--json"]))}
    master = kd.derive_icc_mk_a(SCRIPT_KEY, known["visa-credit"]["pan"], "01")
    session = kd.derive_common_sk(master, request["9F26"])
    header, mac = command[:-8], command[-8:]
    # Header, ATC, ARQC and the command's data, padded.
    assert mac == sm.generate_command_mac(session, header[:5] + request["9F36"] + request["9F26"] + header[5:])


# MARK: Certificates

class Authority:
    """A public key as OpenSSL uses it: raw RSA, no padding of its own."""

    def __init__(self, folder, name, modulus, exponent):
        self.size, self.file = len(modulus), folder / f"{name}.pem"
        key = RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
        self.file.write_bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def opens(self, signed):
        assert len(signed) == self.size
        return subprocess.run(
            ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", self.file, "-pkeyopt", "rsa_padding_mode:none"], input=signed,
            capture_output=True, check=True).stdout


def opened(authority, signed, *hashed_too):
    """EMV 4.4 Book 2, A2.1: 6A, body, SHA-1, BC. The body."""
    recovered = authority.opens(signed)
    assert recovered[0] == 0x6A and recovered[-1] == 0xBC
    body, digest = recovered[1:-21], recovered[-21:-1]
    return body, hashlib.sha1(body + b"".join(hashed_too)).digest() == digest


@pytest.mark.parametrize("name,index,issuer_fits,card_fits", [
    ("visa-credit", "C1", True, True), ("mc-credit", "C2", True, True), ("sda-old", "C1", True, True), ("wrong-sda", "C1", True, True),
    ("forged-cert", "C1", False, None)])
def test_a_cards_certificates_open_with_openssl(tmp_path, name, index, issuer_fits, card_fits):
    profile = ROOT / f"Sources/Lab/Cards/Profiles/{name}.yaml"
    issued = json.loads(subprocess.check_output([BIN / "countertop-lab", "cards", "issue", profile]))
    application = issued["applications"][0]
    objects, signed_records = {}, b""
    locator = bytes.fromhex(application["fileLocator"])
    signed = {(locator[i] >> 3, locator[i + 1] + n) for i in range(0, len(locator), 4) for n in range(locator[i + 3])}
    for record in application["records"]:
        data = bytes.fromhex(record["data"])
        content = tlv.decode(data)["70"]
        objects |= content
        if (record["file"], record["record"]) in signed:
            # Files 1 to 10: without the template's tag and length.
            signed_records += data[3:] if data[1] == 0x81 else data[2:]
    authority = next(a for a in issued["authorities"] if a["index"] == index)
    assert objects["8F"].hex().upper() == index
    ca = Authority(tmp_path, "ca", bytes.fromhex(authority["modulus"]), bytes.fromhex(authority["exponent"]))
    if not issuer_fits:
        recovered = ca.opens(objects["90"])
        assert not (recovered[0] == 0x6A and recovered[-1] == 0xBC), "signed by nobody the authority knows"
        return
    body, fits = opened(ca, objects["90"], objects.get("92", b""), objects["9F32"])
    assert fits and body[0] == 0x02 and body[10:12] == b"\x01\x01"
    length = body[12]
    modulus = (body[14:] + objects.get("92", b""))[:length] if length > len(body) - 14 else body[14:14 + length]
    issuer = Authority(tmp_path, "issuer", modulus, objects["9F32"])
    static = signed_records + (bytes.fromhex(application["interchangeProfile"]) if "9F4A" in objects else b"")
    if "93" in objects:
        body, fits = opened(issuer, objects["93"], static)
        assert body[0] == 0x03 and fits == (name != "wrong-sda"), "signed static data over records and AIP"
    if "9F46" in objects:
        body, fits = opened(issuer, objects["9F46"], objects.get("9F48", b""), objects["9F47"], static)
        assert fits == card_fits and body[0] == 0x04
        assert body[1:11].hex().upper().rstrip("F") == objects["5A"].hex().upper().rstrip("F")
        assert body[18] == len((body[20:].rstrip(b"\xbb") if not objects.get("9F48") else body[20:]) + objects.get("9F48", b""))
