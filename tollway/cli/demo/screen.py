"""What the demo shows: the steps as they happen, and the closing table."""

import time

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tollway.cli.demo.story import Ending
from tollway.engine import ProcessEvent

COLOURS = {"step": "cyan", "finished": "green", "parked": "yellow"}


class Screen:
    """Prints to people; with `quiet` it says nothing, for a machine that reads the last line only."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._began = time.monotonic()

    def tell(self, said: str) -> None:
        """Something a person did or saw."""
        self._line(f"[bold]{escape(said)}[/]")

    def process(self, event: ProcessEvent) -> None:
        """Something a process did."""
        if event.happened == "started":
            return
        took, colour = f"{event.seconds * 1000:5.0f} ms", COLOURS[event.happened]
        said = event.detail if event.happened == "step" else event.happened
        self._line(f"  [{colour}]{took}  {event.process:20} {escape(said):28}[/] [dim]{escape(event.subject)}[/]")

    def fail(self, said: str) -> None:
        """Why the story did not come to its end."""
        self._console.print(f"[red]The story failed:[/] {escape(said)}", soft_wrap=True)

    def table(self, endings: list[Ending]) -> None:
        """The closing table."""
        table = Table("Deal", "Customer", "Project", "Invoice", "Amount", "Paid", "Seconds", title="Closed-won to cash")
        for column in table.columns:
            column.overflow = "fold"
        for column in table.columns[4:]:
            column.justify, column.no_wrap = "right", True
        for end in endings:
            amount, paid = (f"{money.amount:,} {money.currency}" for money in (end.amount, end.paid))
            table.add_row(end.deal, end.customer, end.project, end.invoice, amount, paid, f"{end.seconds:.1f}")
        if not self._quiet:
            self._console.print(table)

    def result(self, figures: msgspec.Struct, *, as_json: bool) -> None:
        """The figures; as JSON they are the last line."""
        if as_json:
            print(msgspec.json.encode(figures).decode())
        else:
            said = ", ".join(f"{value} {name}" for name, value in msgspec.structs.asdict(figures).items())
            self._console.print(said.replace("_", " "))

    def _line(self, markup: str) -> None:
        if not self._quiet:
            self._console.print(f"[dim]{time.monotonic() - self._began:6.1f} s[/] {markup}", soft_wrap=True)
