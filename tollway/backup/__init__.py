"""Backup of all that Tollway keeps, business data and engine together, and its restore.

What took effect at the platforms after a backup is not in it. So a restore is itself recorded, and until a
reconciliation has caught up nothing that the records do not know counts as not done.
"""
