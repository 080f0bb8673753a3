"""The campaigns as `make test` runs them. Their own programs run longer: `countertop-lab campaign`, `make campaign`, `make torture`."""
import os
import subprocess

import pytest
from torture import BIN, torture

RUNS = int(os.environ.get("CAMPAIGN_RUNS", 100_000))
DISK_RUNS = int(os.environ.get("CAMPAIGN_DISK_RUNS", 1_000))
KILLS = int(os.environ.get("TORTURE_RUNS", 60))
MUTANTS = ["pending-after-send", "pending-deleted-at-answer", "reply-before-decision", "repeated-financial", "unanswered-void-refused",
           "left-behind-tip-forgotten", "key-before-stored"]
DISK_MUTANTS = ["synchronous-off", "synchronous-normal", "log-not-synced-at-start"]


def campaign(*arguments):
    return subprocess.run([BIN / "countertop-lab", "campaign", *map(str, arguments)], capture_output=True, text=True, timeout=1800)


def test_no_schedule_of_faults_makes_the_books_differ():
    result = campaign("--seed", 1, "--runs", RUNS)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_campaign_keeps_nothing_of_its_runs():
    """A million of them fit into a machine's memory: ten thousand more cost no more than the heap's own unevenness."""
    def peak(runs):
        process = subprocess.Popen([BIN / "countertop-lab", "campaign", "--seed", "1", "--runs", str(runs)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss / 1024
    few, many = peak(1_000), peak(11_000)
    assert many - few < 10, f"{few:.0f} MB after 1,000 runs, {many:.0f} MB after 11,000"


def test_no_schedule_of_faults_of_the_disk_makes_the_books_differ():
    """SQLite's own files under the journal: writes and syncs fail, writes are torn, the disk is full, the power takes what was not synced."""
    result = campaign("--disk", "--seed", 1, "--runs", DISK_RUNS)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_fault_of_the_program_is_found_within_ten_thousand_runs(mutant):
    result = campaign("--seed", 1, "--runs", 10_000, "--mutant", mutant)
    assert result.returncode == 1 and "FAILED: seed" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize("mutant", DISK_MUTANTS)
def test_a_journal_that_does_not_sync_is_found_on_the_disk(mutant):
    result = campaign("--disk", "--seed", 1, "--runs", 10_000, "--mutant", mutant)
    assert result.returncode == 1 and "FAILED: seed" in result.stdout, result.stdout + result.stderr


def test_a_failing_seed_on_the_disk_fails_again_the_same_way():
    first = campaign("--disk", "--seed", 1, "--runs", 10_000, "--mutant", "log-not-synced-at-start")
    seed = first.stdout.split("FAILED: seed ")[1].split()[0]
    again = campaign("--disk", "--seed", seed, "--runs", 1, "--mutant", "log-not-synced-at-start")
    report = lambda text: text.split("FAILED")[1]
    assert "told completed" in first.stdout and report(first.stdout) == report(again.stdout)


def test_a_failing_seed_fails_again_the_same_way():
    first = campaign("--seed", 1, "--runs", 10_000, "--mutant", "pending-deleted-at-answer")
    seed = first.stdout.split("FAILED: seed ")[1].split()[0]
    again = campaign("--seed", seed, "--runs", 1, "--mutant", "pending-deleted-at-answer")
    report = lambda text: text.split("FAILED")[1]
    assert report(first.stdout) == report(again.stdout)


def test_killed_at_every_point_and_at_random_times_the_books_agree():
    failure, count = torture(KILLS, stores=2, seed=1)
    assert failure is None, failure
    assert count == KILLS
