"""A short reign of chaos, in a process of its own: what `make chaos` does at length."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_nothing_is_lost_and_nothing_doubled_while_workers_are_killed():
    """Deals that are won while workers are killed end with one customer, project and set of invoices each."""
    command = [sys.executable, str(HERE), "--deals", "8", "--kills", "2", "--seed", "7", "--pause", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as chaos:
        try:
            said, _ = chaos.communicate(timeout=400)
        except subprocess.TimeoutExpired:
            chaos.terminate()  # upon which it stops every server it started
            said, _ = chaos.communicate(timeout=120)
    assert chaos.returncode == 0, said[-6000:]
    figures = json.loads(said.splitlines()[-1])
    assert {"deals": 8, "kills": 2, "lost": 0, "doubled": 0, "wrong": 0, "seed": 7}.items() <= figures.items()
    assert figures["done"] + figures["open_cases"] + figures["in_flight"] >= figures["deals"]
