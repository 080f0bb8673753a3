"""A disk that goes bad under the journal, on the real programs: said at the start, while the terminal already works."""
import sqlite3


def test_a_damaged_journal_is_named_in_the_log_and_the_terminal_still_answers(store):
    store.automatic()
    pos = store.pos()
    assert pos.sale(1000)["approval"] == "approved"
    store.kill()
    (path,) = store.folder.rglob("journal.sqlite")
    with sqlite3.connect(path) as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((root,), (size,)) = (journal.execute(text).fetchone() for text in (
            "SELECT rootpage FROM sqlite_master WHERE name = 'transactionsByOriginal'", "PRAGMA page_size"))
    journal.close()
    with open(path, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    store.start()
    store.until(lambda: "The journal is damaged" in store.get("/lab/log"), "the damage to be named")
    again = store.pos()
    assert again.ask(operation="LastTransaction")["approval"] == "approved"
