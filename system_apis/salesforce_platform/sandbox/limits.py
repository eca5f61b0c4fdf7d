"""What the org allows in a day.

Source: 'Salesforce Developer Limits: API Request Limits and Allocations': an Enterprise org has 100,000 calls and 1,000
for each Salesforce licence. The sandbox counts days of the calendar, where the platform counts the last 24 hours.
"""

DAILY_REQUESTS = 100_000 + 1_000 * 900
"""An org with 900 licences."""
