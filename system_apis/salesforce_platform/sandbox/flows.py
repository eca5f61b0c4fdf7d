"""What an org does by itself after records changed: a record-triggered Flow, as a function.

Source: Salesforce Help 'Record-Triggered Flows', 'HTTP Callout in Flow': the callout leaves after the commit.
"""

from collections.abc import Callable, Mapping
from typing import Any

Record = Mapping[str, Any]
Flow = Callable[[str, Record | None, Record], None]
"""Called with the sObject's name, the record before (None when new) and after, once per change, after the commit."""
