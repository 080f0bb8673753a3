"""The lab's console, used as a person would in headless Chromium: mouse, keyboard, and what the page then shows. Screenshots go to `artifacts/`."""
import json
import pathlib
import urllib.error
import urllib.request

import axe_core_python
import pytest
from chromium import Browser

AXE = (pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
RESULT = "#conversation [data-operation=%s]:not([data-result=''])"
OPERATIONS = {
    "Transaction", "Cancel", "GetInformation", "GetParameter", "SetParameter", "LastTransaction", "GetTransactions", "GetTransaction", "Display",
    "LineItems", "Input", "GetSignature", "ReadCard", "PrintText", "PrintLastReceipt", "Restart", "GenerateCsr", "ImportCertificate",
    "InstallTrustCertificate", "Diagnose", "Subscribe"}


@pytest.fixture
def console(store, tmp_path, request):
    browser = Browser(tmp_path / "chromium", store.ready["console"])
    browser.until(lambda: browser.run("document.documentElement.dataset.ready"), "its scripts to run")
    browser.until_text("#text-pos", "POS connected")
    yield browser
    browser.screenshot(f"console-{request.node.name.removeprefix('test_')}")
    complaints = browser.complaints
    browser.close()
    assert complaints == []


def answers(console, operation="Transaction"):
    """`result approval` of every answer to the operation that the conversation shows."""
    return console.run(f"[...document.querySelectorAll({json.dumps(RESULT % operation)})].map((entry) => entry.querySelector('.badge').textContent)")


def until_answers(console, wanted, operation="Transaction"):
    return console.until(lambda: answers(console, operation) == wanted, f"answers {wanted} to {operation}; now {answers(console, operation)}")


def outcome(console, rehearsal):
    console.click(f"[data-rehearsal={rehearsal}]")
    console.until(lambda: console.run("document.getElementById('lesson').dataset.result ?? ''"), f"the end of {rehearsal}")
    return console.text("#lesson")


def test_a_sale_by_hand(store, console):
    console.click("#send")
    console.until_text("#screen-text", "Please tap, insert or swipe")
    assert "USD 12.50" in console.text("#screen-text")
    console.click("#insert")
    until_answers(console, ["0 approved"])
    console.until_text("#screen-text", "remove your card")
    assert console.text("#slot-card") == "visa-credit"
    console.click("#remove")
    console.until_text("#screen-text", "Welcome")
    console.until_text("#transactions tr[data-state=approved]", "12.50")
    assert store.net() == 1250
    console.click("#conversation .receipts summary")
    console.until(lambda: console.run("document.querySelector('#conversation .receipts').open"), "the receipt")
    assert "APPROVED" in console.text("#conversation .receipt")


def test_a_sale_by_keyboard_alone(store, console):
    console.run("document.getElementById('message').focus()")
    console.key("Enter", modifiers=2)
    console.until_text("#screen-text", "Please tap, insert or swipe")
    console.run("document.getElementById('conversation').focus()")
    console.key("i")
    until_answers(console, ["0 approved"])
    console.until_text("#slot-card", "visa-credit")
    console.key("p")
    console.until_text("#slot-card", "empty")
    console.key("?")
    console.until(lambda: console.run("document.getElementById('help').open"), "the list of keys")
    console.key("Escape")
    console.key("h")
    until_answers(console, ["0 completed"], "GetInformation")
    for _ in range(40):
        console.key("Tab")
        if console.run("document.activeElement.name") == "card":
            break
    assert console.run("document.activeElement.name") == "card", "the wallet is reached by Tab"
    console.key("ArrowDown")
    assert console.text("#about").startswith("mc-credit")


def test_a_decline_by_the_cents_of_the_amount(store, console):
    console.click("details summary")
    console.click("#amounts button")
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#insert")
    until_answers(console, ["19 declined by the host"])
    assert "Not charged" in console.text("#conversation .advice")
    assert store.net() == 0


def test_a_cancel(store, console):
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#cancel")
    until_answers(console, ["12 cancelled by the POS"])
    assert answers(console, "Cancel") == ["0 completed"]
    assert store.saw("1200") == []


def test_a_card_pulled_while_the_host_is_asked(store, console):
    store.post("/lab/host", {"latencyMs": 2000})
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#insert")
    console.until(lambda: console.run("[...document.querySelectorAll('.say')].some((part) => part.textContent.startsWith('Communication'))"), "Communication")
    console.click("#remove")
    until_answers(console, ["9 card removed too early"])
    store.until(lambda: store.saw("1430"), "the reversal")
    console.until_text("#transactions tr", "reversed")
    assert store.net() == 0


def test_a_reconnect_with_last_transaction(store, console):
    store.post("/lab/host", {"latencyMs": 2000})
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#insert")
    store.until(lambda: store.saw("1200"), "the 1200 at the host")
    console.click("#cut")
    assert console.text("#text-pos") == "POS not connected"
    console.click("#connect")
    console.until_text("#text-pos", "POS connected")
    console.click("#last")
    until_answers(console, ["0 approved"], "LastTransaction")
    assert answers(console) == [], "the answer to the sale went to a connection that was cut"
    assert store.net() == 1250


def test_power_cut_and_power_on_by_hand(store, console):
    console.choose("#point", "afterSend")
    console.until_text("#armed", "afterSend")
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#insert")
    console.until_text("#text-terminal", "no power")
    console.until_text("#text-pos", "POS not connected")
    console.click("#power-on")
    console.until_text("#text-pos", "POS connected")
    console.click("#last")
    until_answers(console, ["23 no answer"], "LastTransaction")
    store.until(store.no_reversal_pending, "the reversal's acknowledgement")
    assert store.net() == 0


# What the POS sees of each failure (POS protocol, sections 3 and 5), and what is left on the host's books.
@pytest.mark.parametrize("rehearsal,operation,result,net", [
    ("approved", "Transaction", "0", 1250), ("declined", "Transaction", "19", 0), ("cancelled", "Transaction", "12", 0),
    ("card-pulled", "Transaction", "9", 0), ("reader-unplugged", "Transaction", "202", 0), ("host-disconnects", "Transaction", "23", 0),
    ("wrong-answer", "Transaction", "24", 0), ("host-down", "Transaction", "21", 0), ("pos-cut", "LastTransaction", "0", 1250),
    ("pos-gone", "LastTransaction", "204", 0), ("power-cut", "LastTransaction", "23", 0), ("host-silent", "Transaction", "23", 0)])
def test_each_rehearsal_shows_what_the_pos_sees(store, console, rehearsal, operation, result, net):
    assert f"{operation} {result}," in outcome(console, rehearsal)
    store.until(store.no_reversal_pending, "no reversal to be due")
    assert store.net() == net


# Every fault button of every device, pressed while the terminal waits for a card, then the card is given; (result, net) or what may be either.
DEVICE_FAULTS = {
    "chip cable": {("202", 0)}, "chip stall": {("0", 1250)}, "chip garble": {("0", 1250)}, "chip slow": {("0", 1250)},
    "stripe cable": {("0", 1250)}, "stripe stall": {("0", 1250)}, "stripe garble": {("0", 1250)}, "stripe slow": {("0", 1250)},
    "contactless cable": {("0", 1250)}, "contactless stall": {("0", 1250)}, "contactless garble": {("0", 1250)}, "contactless slow": {("0", 1250)},
    "printer cable": {("0", 1250)}, "printer stall": {("0", 1250)}, "printer garble": {("0", 1250)}, "printer slow": {("0", 1250)},
}


def test_the_list_of_fault_buttons_is_the_pages(store, console):
    shown = console.run("[...document.querySelectorAll('#devices [data-fault]')].map((button) => button.dataset.fault)")
    # The pad lies under the counter: it can only be plugged in.
    assert set(shown) == set(DEVICE_FAULTS) | {"pinpad cable"}


def test_a_card_is_typed_at_the_pad_from_under_the_counter_by_buttons(store, console):
    assert console.run("document.getElementById('key').disabled") is True
    console.click("[data-fault='pinpad cable']")
    console.until(lambda: console.run("document.getElementById('key').disabled") is False, "the button to key a card in")
    pos = store.pos()
    store.until(lambda: sum(device["kind"] == "pinpad" for device in pos.ask(operation="GetInformation")["information"]["devices"]) == 2,
                "the terminal to see the pad")
    pos.close()
    console.run("""document.getElementById('message').value = JSON.stringify(
        {operation: "Transaction", type: "SALE", requestedAmount: "1250", entryModes: ["manual"]})""")
    console.click("#send")
    console.until_text("#screen-text", "Please enter the card number")
    console.click("#key")
    assert console.until(lambda: answers(console), "what the POS sees")[0].split()[0] == "0"
    assert store.net() == 1250


@pytest.mark.parametrize("fault", DEVICE_FAULTS)
def test_each_fault_button_of_a_device_shows_what_the_pos_sees(store, console, fault):
    """The card goes into the chip reader: a fault of another device, and one that is only slow, costs nothing."""
    console.click("#send")
    console.until_text("#screen-text", "Please tap, insert or swipe")
    console.click(f"[data-fault='{fault}']")
    console.until(lambda: console.run("document.body.ariaBusy") == "false", "the fault being in force")
    if fault.endswith("cable"):
        console.until_text(f"[data-fault='{fault}']", "Plug in")
    if fault != "chip cable":
        store.insert()
    seen = console.until(lambda: answers(console), "what the POS sees")
    assert len(seen) == 1
    result = seen[0].split()[0]
    store.until(store.no_reversal_pending, "no reversal to be due")
    assert (result, store.net()) in DEVICE_FAULTS[fault]


# Every mode of the host, as chosen in the page's list, and the result that the POS sees.
HOST_MODES = {"approve": "0", "decline": "19", "silent": "23", "late": "23", "garbage": "24", "disconnect": "23", "refuse": "21", "badMAC": "24", "duplicate": "0"}


@pytest.mark.parametrize("mode", HOST_MODES)
def test_each_mode_of_the_host_shows_what_the_pos_sees(store, console, mode):
    assert set(console.run("[...document.getElementById('mode').options].map((option) => option.value)")) == set(HOST_MODES)
    pos = store.pos()
    assert pos.ask(operation="SetParameter", parameters=[{"key": "HOSTTIMEOUT", "value": "5"}])["result"] == "0"
    pos.close()
    console.choose("#mode", mode)
    store.until(lambda: store.get("/lab/state")["host"]["mode"] == mode, f"the host to {mode}")
    console.click("#send")
    console.until_text("#screen-text", "Please tap, insert or swipe")
    console.click("#insert")
    seen = console.until(lambda: answers(console), "what the POS sees")
    assert seen[0].split()[0] == HOST_MODES[mode]
    console.choose("#mode", "approve")
    store.until(store.no_reversal_pending, "no reversal to be due")
    assert store.net() == (1250 if HOST_MODES[mode] == "0" else 0)


def test_power_is_cut_and_comes_back_by_its_buttons(store, console):
    console.click("#send")
    console.until_text("#screen-text", "insert")
    console.click("#power-off")
    console.until_text("#text-terminal", "no power")
    console.until_text("#text-pos", "POS not connected")
    console.click("#power-on")
    console.until_text("#text-pos", "POS connected")
    console.click("#last")
    # Cut before anything was committed there is no sale; else it was aborted before the host was asked.
    assert console.until(lambda: answers(console, "LastTransaction"), "what the POS sees")[0].split()[0] in ("1", "97")
    assert store.saw("1200") == [] and store.net() == 0


def test_rehearsals_leave_nothing_behind_for_the_next(store, console):
    assert "Transaction 21," in outcome(console, "host-down")
    assert "Transaction 202," in outcome(console, "reader-unplugged")
    assert "Transaction 0, approved" in outcome(console, "approved")


def test_a_refusal_of_the_lab_is_shown(store, console):
    console.click("[data-fault='chip cable']")
    console.until_text("#slot-card", "unplugged")
    assert console.run("document.getElementById('insert').disabled")
    console.click("#devices button")
    console.until_text("#slot-card", "empty")
    store.insert("expired")
    console.until_text("#slot-card", "expired")
    console.run("document.getElementById('insert').disabled = false")
    console.click("#insert")
    console.until_text("#toast", "There is a card in the reader already")
    console.until(lambda: console.complaints, "the browser's line about the refusal")
    assert all("400" in complaint for complaint in console.complaints)
    console.complaints.clear()


def test_every_operation_has_an_example_that_is_answered(store, console):
    examples = [example for group in json.loads(store.get_bytes("/operations.json")) for example in group["operations"]]
    assert {example["message"]["operation"] for example in examples if "message" in example} >= OPERATIONS
    harmless = [number for number, example in enumerate(examples)
                if example.get("message", {}).get("operation") not in {"Transaction", "Restart", "Display", "Input", "GetSignature", "ReadCard"}]
    for number in harmless:
        console.click("#clear")
        console.choose("#operation", str(number))
        console.click("#send")
        console.until(lambda: console.has("#conversation .in"), f"an answer to {examples[number]['name']}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(store, console, scheme):
    console.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    outcome(console, "declined")
    console.run(AXE + "; 0")
    found = json.loads(console.run("axe.run().then((all) => JSON.stringify(all.violations.map((one) => [one.help, one.nodes.map((node) => node.html)])))"))
    assert found == []


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_a_page_of_another_origin_cannot_steer_the_lab(store, headers):
    request = urllib.request.Request(store.ready["console"] + "lab/state", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403


def test_the_page_may_load_and_connect_to_nothing_outside(store):
    with urllib.request.urlopen(store.ready["console"]) as answer:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert set(policy["connect-src"].split()) == {"'self'", store.ready["pos"], store.ready["posTLS"]}
