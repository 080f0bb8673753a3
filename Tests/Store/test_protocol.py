"""Real traffic against the JSON Schemas of docs/protocol, by an independent validator."""
import json

import jsonschema
import pytest
from websockets.exceptions import ConnectionClosed

from conftest import ROOT, Store

SCHEMA = json.loads((ROOT / "docs/protocol/schema.json").read_text())
OPERATIONS = sorted(name.removesuffix(".request") for name in SCHEMA["$defs"] if name.endswith(".request"))


def strict(value):
    """Clients must ignore unknown fields; this test must see them."""
    if isinstance(value, dict):
        value = {name: strict(member) for name, member in value.items()}
        if value.get("type") == "object" and "properties" in value:
            value["additionalProperties"] = False
    elif isinstance(value, list):
        value = [strict(member) for member in value]
    return value


STRICT = strict(SCHEMA)


def check(message):
    operation = message["operation"]
    name = operation if operation in ("Status", "Event", "Error") else f"{operation}.response"
    jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": STRICT["$defs"]}).validate(message)


def example(operation):
    page = (ROOT / f"docs/protocol/operations/{operation}.md").read_text()
    return json.loads(page.split("```json\n", 1)[1].split("\n```", 1)[0])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    yield store
    store.close()


def test_the_schemas_are_schemas():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(OPERATIONS) == 21


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_example_of_every_page_is_a_request(operation):
    definition = {"$ref": f"#/$defs/{operation}.request", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(definition).validate(example(operation))


# Certificates and Restart change the store; a question waits for a cardholder, of whom the next test is.
ASKED = [name for name in OPERATIONS if name not in ("Restart", "ImportCertificate", "InstallTrustCertificate", "Display", "Input", "GetSignature")]


@pytest.mark.parametrize("operation", ASKED)
def test_the_answer_to_every_example_is_as_the_schema_says(store, operation):
    pos = store.pos()
    store.automatic("visa-credit")
    pos.send(**example(operation))
    while (answer := pos.receive())["operation"] == "Status":
        check(answer)
    check(answer)
    assert answer["operation"] == operation
    pos.close()


def test_a_bad_field_a_decline_and_garbage_are_as_the_schema_says(store):
    pos = store.pos()
    store.automatic("visa-credit")
    for message in (
        {"operation": "Transaction", "type": "SALE"},
        {"operation": "Nothing"},
        {"operation": "Transaction", "type": "SALE", "requestedAmount": "151"},
        {"operation": "GetTransactions"},
        {"operation": "SetParameter", "parameters": [{"key": "LANG", "value": "7"}]},
    ):
        answer = pos.ask(**message)
        for each in answer.pop("statuses") + [answer]:
            if each["operation"] != "Nothing":
                check(each)
    pos.socket.send("{")
    check(pos.receive())
    pos.close()


def test_a_press_answers_a_display_with_buttons(store):
    pos = store.pos()
    pos.send(operation="Display", text="Points?", buttons=["Yes", "No"])
    store.until(lambda: store.get("/lab/state")["display"]["prompt"] == "message", "the question on the display")
    store.post("/lab/display", {"press": "No"})
    answer = pos.receive()
    check(answer)
    assert (answer["result"], answer["button"]) == ("0", "No")
    pos.close()


def test_diagnose_says_what_is_wrong_while_a_sale_runs(store):
    """Devices with their firmware, the link with its last failure, and every reversal that is still due."""
    pos = store.pos()
    store.automatic("visa-credit")
    store.post("/lab/host", {"next": "garbage"})
    assert pos.sale(500)["result"] == "24"
    store.post("/lab/host", {"mode": "refuse"})
    store.post("/lab/device", {"device": "printer", "action": "unplug"})
    store.automatic(None)
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    pos.wait_for_status("Card")
    other = store.pos()
    answer = other.ask(operation="Diagnose")
    assert answer.pop("statuses") == [] and answer["result"] == "0"
    check(answer)
    found = answer["diagnosis"]
    chip = next(device for device in found["devices"] if "chip" in device["kinds"])
    assert chip["firmware"] and chip["findings"][0]["severity"] == "fine" and chip["driver"]
    assert {finding["check"] for finding in found["system"]} >= {"host", "certificate", "clock", "disk", "journal", "reversals"}
    assert found["host"]["state"] in ("connected", "connecting", "down") and int(found["host"]["connections"]) >= 1
    other.close()
    pos.ask(operation="Cancel")
    pos.close()
    store.post("/lab/host", {"mode": "approve"})
    store.post("/lab/device", {"device": "printer", "action": "plug"})
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")


def test_diagnose_lists_a_reversal_that_is_due(store):
    pos = store.pos()
    store.automatic("visa-credit")
    store.post("/lab/host", {"mode": "silent"})
    sale = pos.sale(500)
    assert sale["result"] == "23"
    found = pos.ask(operation="Diagnose")["diagnosis"]
    assert [due["transactionID"] for due in found["reversals"]] == [sale["transactionID"]] and found["severity"] != "fine"
    store.post("/lab/host", {"mode": "approve"})
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert pos.ask(operation="Diagnose")["diagnosis"]["reversals"] == []
    pos.close()


ASYNC = json.loads((ROOT / "docs/protocol/asyncapi.json").read_text())


def resolved(reference):
    """What a reference of the AsyncAPI file names, in it or in schema.json."""
    file, pointer = reference.split("#", 1)
    assert file in ("", "schema.json")
    found = SCHEMA if file else ASYNC
    for part in pointer.strip("/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return resolved(found["$ref"]) if set(found) == {"$ref"} else found


def references(value):
    if isinstance(value, dict):
        yield from (each for name, member in value.items() for each in ([member] if name == "$ref" else references(member)))
    elif isinstance(value, list):
        yield from (each for member in value for each in references(member))


def test_every_reference_of_the_asyncapi_file_leads_somewhere():
    found = list(references(ASYNC))
    assert len(found) > 100 and all(resolved(reference) for reference in found)
    assert set(OPERATIONS) <= set(ASYNC["operations"])


@pytest.mark.parametrize("operation", ["Transaction", "GetInformation", "LastTransaction", "Subscribe"])
def test_the_conversation_is_the_one_of_the_asyncapi_file(store, operation):
    """What the terminal sends to a request is one of the messages that the file says it replies with."""
    described = ASYNC["operations"][operation]
    replies = [resolved(message["$ref"])["payload"]["$ref"].rsplit("/", 1)[1] for message in described["reply"]["messages"]]
    pos = store.pos()
    store.automatic("visa-credit")
    # Tests before this one have paid the example's reference; a second SALE of it is refused before any Status.
    pos.send(**(example(operation) | ({"reference": "000000000077"} if operation == "Transaction" else {})))
    seen = []
    while not seen or seen[-1] == "Status":
        message = pos.receive()
        seen.append("Status" if message["operation"] == "Status" else f"{message['operation']}.response")
        assert seen[-1] in replies
        jsonschema.Draft202012Validator({"$ref": f"#/$defs/{seen[-1]}", "$defs": STRICT["$defs"]}).validate(message)
    assert ("Status" in seen) == (operation == "Transaction")
    pos.close()


def test_restart_is_answered_then_the_terminal_goes_and_comes_back(store):
    pos = store.pos()
    answer = pos.ask(operation="Restart", when="now")
    check({name: value for name, value in answer.items() if name != "statuses"})
    assert answer["result"] == "0"
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            pos.receive()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "terminal restart")

    def back():
        try:
            again = store.pos()
        except OSError:
            return False
        with_answer = again.ask(operation="GetInformation")["result"]
        again.close()
        return with_answer == "0"
    store.until(back, "the terminal to come back")
