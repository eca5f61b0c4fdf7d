"""What every platform sandbox is made of: state on disk, faults that can be switched on, a real socket.

A sandbox imitates a platform's published API. Only the command line's embedded mode and the tests start one.
"""

from tollway.sandboxes.faults import Fault, Faults
from tollway.sandboxes.server import Address, serve
from tollway.sandboxes.state import State

__all__ = ["Address", "Fault", "Faults", "State", "serve"]
