"""The cardholder display page that the terminal serves on loopback, in headless Chromium, with a real terminal behind it."""
import json
import pathlib
import socket
import urllib.error
import urllib.request

import axe_core_python
import pytest
from chromium import Browser
from conftest import Store

AXE = (pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def store(tmp_path):
    port = free_port()
    store = Store(tmp_path, "--display-port", str(port))
    store.page = f"http://127.0.0.1:{port}/"
    yield store
    store.close()


@pytest.fixture
def display(store, tmp_path, request):
    browser = Browser(tmp_path / "chromium", store.page, size=(1024, 768))
    browser.until_text("#head", "Welcome")
    yield browser
    browser.screenshot(f"display-{request.node.name.removeprefix('test_')}")
    complaints = browser.complaints
    browser.close()
    assert complaints == []


def prompt(display, wanted):
    display.until(lambda: display.run("document.getElementById('screen').dataset.prompt") == wanted, wanted)


def test_a_sale_from_welcome_to_remove_card(store, display, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="1250")
    display.until_text("#head", "USD 12.50")
    assert "insert" in display.text("#text")
    display.screenshot("display-insert")
    store.insert()
    display.until_text("#head", "Approved")
    display.screenshot("display-approved")
    assert "remove your card" in display.text("#text")
    store.remove()
    display.until_text("#head", "Welcome")


def test_the_application_is_chosen_on_the_page(store, display, pos):
    pos.send(operation="Transaction", type="SALE", requestedAmount="500")
    display.until_text("#head", "USD 5.00")
    store.insert("two-apps")
    prompt(display, "chooseApplication")
    choices = display.run("[...document.querySelectorAll('#buttons button')].map((button) => button.textContent)")
    assert len(choices) == 3 and choices[-1] == "Cancel"
    display.screenshot("display-choose")
    display.click("#buttons button:nth-child(2)")
    answer = None
    while answer is None or answer["operation"] == "Status":
        answer = pos.receive()
    assert answer["approval"] == "approved" and choices[1].upper() in (answer.get("preferredName") or answer["customerReceipt"]).upper()


def test_a_decline_is_red_and_says_so(store, display, pos):
    store.automatic()
    assert pos.sale(501)["result"] == "19"
    display.until(lambda: display.run("document.getElementById('screen').dataset.prompt") in ("declined", "welcome"), "the outcome")


def test_a_terminal_that_has_no_power_is_waited_for(store, display):
    store.kill()
    display.until_text("#away", "One moment")
    store.start()
    display.until(lambda: display.run("document.getElementById('away').hidden"), "the page to come back")
    display.complaints.clear()  # the browser's own lines about the refused connections


SHOWN = {
    "items": {"prompt": "lineItems", "text": "Vos achats", "buttons": [], "language": "fr", "screen": 4, "items": {
        "lines": [{"description": "Café crème", "quantity": "2", "unitPrice": "3.50", "amount": "7.00"}, {"description": "Tarte aux pommes", "quantity": "1", "amount": "5.50"}],
        "subtotal": "USD 12.50", "tax": "USD 1.00", "total": "USD 13.50"}},
    "tip": {"prompt": "tip", "text": "USD 20.00\n¿Añadir propina?", "buttons": ["15 %", "18 %", "20 %", "Sin propina", "Otro importe"], "language": "es", "screen": 5},
    "pin": {"prompt": "enterPIN", "text": "USD 20.00\nPlease enter your PIN", "buttons": [], "language": "en", "screen": 6},
    "entry": {"prompt": "entry", "text": "Your phone number", "buttons": ["Cancel"], "language": "en", "screen": 7, "entry": {"keyboard": "digits", "minimumLength": 3, "maximumLength": 12}},
    "email": {"prompt": "entry", "text": "Your e-mail address", "buttons": ["Cancel"], "language": "en", "screen": 9, "entry": {"keyboard": "email", "minimumLength": 3, "maximumLength": 40}},
    "signature": {"prompt": "signature", "text": "Please sign", "buttons": ["Cancel"], "language": "en", "screen": 8, "signature": True},
}


@pytest.fixture
def stage(display):
    """Any message, as the terminal would send it; what the page answers is kept in `window.answered`."""
    display.run("""(() => {
        window.answered = [];
        window.realFetch = window.fetch;
        window.fetch = (path, options) => { window.answered.push(JSON.parse(options.body)); return Promise.resolve(new Response(null, { status: 204 })); };
    })()""")

    def show(name):
        display.run(f"window.terminalSays({json.dumps(SHOWN[name])})")
        return display
    return show


def answered(display):
    return display.until(lambda: display.run("window.answered"), "an answer")[0]


def test_line_items_stand_with_their_sums(stage):
    display = stage("items")
    assert "Café crème2 × 3.507.00" in display.text("#items tbody")
    assert display.text("#items .total") == "TotalUSD 13.50" and "Sous-total" in display.text("#items tfoot")


def test_a_tip_is_one_press(stage):
    display = stage("tip")
    display.click("#buttons button:nth-child(3)")
    assert answered(display) == {"screen": 5, "pressed": "20 %"}
    assert display.run("[...document.querySelectorAll('#buttons button')].every((button) => button.disabled)"), "a second press is none"


def test_the_pin_is_hinted_at_and_never_asked_for_here(stage):
    display = stage("pin")
    assert "keypad" in display.text("#hint")
    assert display.run("document.getElementById('entry').hidden") and not display.has("input[type=password]")


def test_a_number_is_typed_on_the_screen_or_on_keys(stage):
    display = stage("entry")
    for key in "5551":
        display.click(f"#keyboard button[data-key='{key}']")
    display.click("#keyboard button[data-key='⌫']")
    display.run("document.getElementById('typed').focus()")
    for key in "x2":
        display.key(key)
    assert display.run("document.getElementById('typed').value") == "5552", "letters are no digits"
    display.key("Enter")
    assert answered(display) == {"screen": 7, "entered": "5552"}


def test_an_address_has_its_letters(stage):
    display = stage("email")
    assert display.run("document.getElementById('enter').disabled"), "too short"
    for key in "a@b.c":
        display.click(f"#keyboard button[data-key='{key}']")
    display.click("#enter")
    assert answered(display) == {"screen": 9, "entered": "a@b.c"}


def test_a_signature_is_strokes_within_its_field(stage):
    display = stage("signature")
    box = display.run("(() => { const box = document.getElementById('paper').getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })()")
    assert display.run("document.getElementById('done').disabled")
    for kind, dx, dy in [("mousePressed", .2, .5), ("mouseMoved", .5, .2), ("mouseMoved", 2, .9), ("mouseReleased", .8, .9)]:
        display.call("Input.dispatchMouseEvent", type=kind, x=box[0] + box[2] * dx, y=box[1] + box[3] * dy, button="left", buttons=1, clickCount=1)
    display.click("#done")
    signed = answered(display)["signed"]
    assert (signed["width"], signed["height"], len(signed["strokes"])) == (900, 300, 1)
    xs, ys = signed["strokes"][0][0::2], signed["strokes"][0][1::2]
    assert len(xs) == len(ys) >= 3 and all(0 <= x < 900 for x in xs) and all(0 <= y < 300 for y in ys)


@pytest.mark.parametrize("name", list(SHOWN))
def test_every_screen_is_accessible(stage, name):
    display = stage(name)
    display.run("window.fetch = window.realFetch")
    display.run(AXE + "; 0")
    found = json.loads(display.run("axe.run().then((all) => JSON.stringify(all.violations.map((one) => [one.help, one.nodes.map((node) => node.html)])))"))
    assert found == []


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
@pytest.mark.parametrize("path", ["", "events", "answer"])
def test_no_other_page_sees_or_answers(store, headers, path):
    data = b'{"pressed":"Cancel"}' if path == "answer" else None
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(store.page + path, data=data, headers=headers))
    assert refused.value.code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"pressed":7}', b'{"signed":{"width":1,"height":1,"strokes":[[1]]}}', b"\xff" * 2000])
def test_what_is_no_answer_is_refused(store, body):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(store.page + "answer", data=body))
    assert refused.value.code == 400
