"""Business events: written down in the transaction of what they tell of, put in order, and delivered to subscribers.

The parts stand in modules of their own, so that settings can be read without loading a database.
"""
