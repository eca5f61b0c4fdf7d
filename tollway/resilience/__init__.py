"""What keeps a process well while something else is not: breakers of circuits, and its own load."""
